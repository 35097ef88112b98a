"""One row of the table evaluated: the backend that its recipe names, its answers' folder, its run.json."""

import dataclasses
import hashlib
import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

from lighteval.tasks.requests import Doc

from luth.checkpoints.models import model_fingerprint
from luth.core.console import say
from luth.core.files import sha256
from luth.core.run_record import Run, open_run, recipe_hash
from luth.evaluation import inference
from luth.evaluation.backends.answer_store import AnswerStore
from luth.evaluation.backends.served_model import EndpointModel
from luth.evaluation.backends.transformers_model import LocalModel, ask, display_name, load_model
from luth.evaluation.items.loading import sources
from luth.evaluation.lighteval_pipeline import evaluate
from luth.evaluation.recipe import EvalRecipe, Row

# The last model loaded, by name and revision: its other modes and runs come right after it.
Loaded = dict[tuple[str, str | None], LocalModel]


def row_name(row: Row) -> str:
    """Return the name under which a row's results are filed."""
    return display_name(row.model) + row.suffix


def evaluate_row(
    row: Row, recipe: EvalRecipe, items: dict[str, list[Doc]], loaded: Loaded, scratch: Path, output: Path
) -> None:
    """Evaluate one row, unless it was with these very weights, settings and items; run.json says what made it.

    `loaded` keeps the model for the rows that follow.

    Raises:
        UserError: the model's template has no such mode, or an endpoint did not answer everything.
    """
    name = row_name(row)
    weights = _weights(row, recipe)
    run = _open(name, weights, row, recipe, items, output)
    if run.finished and recipe.endpoint is None:
        say(f"{name}: already evaluated with these very weights and settings.")
        return
    answers = AnswerStore(answers_folder(row, recipe, weights, output))
    model: Any
    if recipe.endpoint:
        if any(answers.folder.glob("*.jsonl")):
            say(f"An unfinished run's answers are taken up; if the server has new weights, delete {answers.folder}")
        model = EndpointModel(row.model, recipe.endpoint, recipe.system_prompt, answers, str(scratch / "cache"))
        model.thinking, model.generation, model.seed, model.tags = (
            row.thinking,
            row.generation,
            row.seed,
            recipe.reasoning_tags,
        )
        model.check()
    else:
        model = local_model(row.model, row.revision, recipe, loaded, scratch)
        model.answers = answers
        ask(model, row.model, row.thinking, row.generation, row.seed, recipe.reasoning_tags)
    results = evaluate(model, name, items, scratch, output)
    if results is not None:
        run.finish(results=results.name)


def evaluate_weights(
    model: LocalModel,
    weights: str,
    row: Row,
    recipe: EvalRecipe,
    items: dict[str, list[Doc]],
    scratch: Path,
    output: Path,
    answers: Path,
) -> None:
    """Evaluate the weights that a loaded model holds at the moment, as `evaluate_row` does one that it loads.

    Args:
        model: a model whose parameters may have been replaced since it was loaded.
        weights: their fingerprint.
        row: the mode to ask in; its model is the name under which these weights' results are filed.
        recipe: how to ask.
        items: by task.
        scratch: a folder for LightEval's own files.
        output: where results and details go.
        answers: where answers are kept, for all evaluations of weights with this fingerprint.
    """
    name = row_name(row)
    run = _open(name, weights, row, recipe, items, output)
    if run.finished:
        return
    model.answers = AnswerStore(answers / _answering(weights, recipe))
    ask(model, name, row.thinking, row.generation, row.seed, recipe.reasoning_tags)
    results = evaluate(model, name, items, scratch, output)
    if results is not None:
        run.finish(results=results.name)


def is_evaluated(row: Row, recipe: EvalRecipe, items: dict[str, list[Doc]], output: Path) -> bool:
    """Tell whether a row's results are there, from these settings, tasks and items, whatever its weights were."""
    try:
        record = json.loads((output / "results" / row_name(row) / "run.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    if record["status"] != "finished" or record["recipe_hash"] != recipe_hash(_settings(row, recipe)):
        return False
    return record["inputs"] == _inputs(record["inputs"]["model"], items)


def _open(name: str, weights: str, row: Row, recipe: EvalRecipe, items: dict[str, list[Doc]], output: Path) -> Run:
    folder = output / "results" / name
    settings = _settings(row, recipe)
    return open_run(folder, "evaluate", settings, _inputs(weights, items), row.seed, replace_other=True)


def answers_folder(row: Row, recipe: EvalRecipe, weights: str, output: Path) -> Path:
    """Return where a row's answers are kept."""
    return output / "answers" / f"{row_name(row)}-{_answering(weights, recipe)}"


def forget_served(table: list[Row], recipe: EvalRecipe, output: Path) -> None:
    """Delete what servers answered, once all of it is scored: nobody can tell later which weights they had."""
    if recipe.endpoint:
        for row in table:
            shutil.rmtree(answers_folder(row, recipe, _weights(row, recipe), output), ignore_errors=True)


def local_model(name: str, revision: str | None, recipe: EvalRecipe, loaded: Loaded, scratch: Path) -> LocalModel:
    """Return a model on the transformers backend; one at a time is kept in `loaded`."""
    wanted = (name, revision)
    if wanted not in loaded:
        loaded.clear()
        nothing = AnswerStore(scratch / "no-answers")
        loaded[wanted] = load_model(
            name,
            recipe.dtype,
            recipe.batch_size,
            recipe.batch_tokens,
            nothing,
            str(scratch / "cache"),
            recipe.system_prompt,
            revision,
        )
    return loaded[wanted]


def _weights(row: Row, recipe: EvalRecipe) -> str:
    if recipe.endpoint:
        return f"served at {recipe.endpoint.base_url}"
    return model_fingerprint(row.model, row.revision)


def _settings(row: Row, recipe: EvalRecipe) -> dict[str, Any]:
    """Return all that a row's result depends on; batches are left out, since results do not depend on them."""
    settings = dataclasses.asdict(recipe)
    for key in ("models", "output_dir", "thinking_generation_parameters", "num_runs", "batch_size", "batch_tokens"):
        del settings[key]
    own = {
        "model": row.model,
        "revision": row.revision,
        "thinking": row.thinking,
        "tasks": row.tasks,
        "seed": row.seed,
    }
    return {**settings, **own, "generation_parameters": row.generation.given()}


def _inputs(weights: str, items: dict[str, list[Doc]]) -> dict[str, str]:
    return {"model": weights, **asked(items)}


def asked(items: dict[str, list[Doc]]) -> dict[str, str]:
    """Return fingerprints of the tasks' code and of the items that are asked."""
    digest = hashlib.sha256()
    for docs in items.values():
        for doc in docs:
            digest.update(repr((doc.task_name, doc.id, doc.query, doc.choices, doc.gold_index, doc.specific)).encode())
    return {"tasks": sha256(*sources()), "items": digest.hexdigest()}


def _answering(weights: str, recipe: EvalRecipe) -> str:
    """Return a short fingerprint of what answers depend on beside the question: weights, dtype, the code that asks."""
    code = sha256(
        *sorted(Path(inference.__file__).parent.glob("*.py")),
        Path(__file__).with_name("backends") / "transformers_model.py",
    )
    versions = [importlib.metadata.version(package) for package in ("torch", "transformers")]
    said = repr((weights, recipe.dtype, code, versions))
    return hashlib.sha256(said.encode()).hexdigest()[:16]

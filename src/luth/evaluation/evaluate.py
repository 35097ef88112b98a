"""Evaluating the rows of a table: the backend that the recipe names, the kept answers, the results and run.json."""

import dataclasses
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luth.checkpoints.models import model_fingerprint
from luth.core.console import say
from luth.core.endpoints import Client, Endpoint
from luth.core.errors import UserError, explain
from luth.core.run_record import Run, open_run, recipe_hash
from luth.evaluation.backends.answer_store import AnswerStore
from luth.evaluation.backends.served_likelihoods import find_out
from luth.evaluation.backends.served_model import EndpointModel
from luth.evaluation.backends.transformers_model import LocalModel, display_name, load_model, shown_name
from luth.evaluation.inference import ANSWERS_VERSION
from luth.evaluation.items.loading import Items, task_fingerprints
from luth.evaluation.lighteval_pipeline import move_results, run_pipeline
from luth.evaluation.lighteval_seams import require_known_lighteval
from luth.evaluation.recipe import EvalRecipe, Row, rows
from luth.evaluation.tasks import TaskTable

# Of the recipe, what a row says itself, and what is for speed and memory: in bfloat16 another batch may round
# otherwise, and kept answers stand. The user's task files are known by their bytes.
NOT_IN_RESULTS = (
    "models",
    "output_dir",
    "custom_tasks",
    "thinking_generation_parameters",
    "num_runs",
    "batch_size",
    "batch_tokens",
)

# They load and run a model on this machine, which an endpoint's results have nothing to do with.
LOCAL_PACKAGES = ("torch", "accelerate")


def row_name(row: Row) -> str:
    """Return the name under which a row's results are filed."""
    return display_name(row.model) + row.suffix


def row_label(row: Row) -> str:
    """Return the name by which messages and tables call a row."""
    return shown_name(row.model) + row.suffix


def plan(recipe: EvalRecipe, table: TaskTable, report: Callable[[str], None]) -> list[Row]:
    """Return the rows that a recipe stands for; tell through `report` what is left out of them.

    Raises:
        UserError: there is no such task, or none is left that the recipe's endpoint can answer.
    """
    tasks = table.expand(recipe.tasks, recipe.max_samples)
    log_likelihood = [task for task in tasks if not table.is_generative(task)]
    planned = rows(recipe, tasks, log_likelihood)
    if recipe.endpoint and log_likelihood:
        planned = _with_scorings(recipe, recipe.endpoint, planned, log_likelihood, report)
    if not planned:
        raise UserError(
            "bad-argument", "no task is left to evaluate: use the transformers backend for log-likelihood tasks"
        )
    greedy = list(dict.fromkeys(row.model + row.suffix for row in planned if row.run is None))
    if recipe.num_runs > 1 and greedy:
        names = ", ".join(greedy)
        report(f"num_runs is {recipe.num_runs}, but greedy answers are always the same: one run of {names}.")
    return planned


def _with_scorings(
    recipe: EvalRecipe,
    endpoint: Endpoint,
    planned: list[Row],
    log_likelihood: list[str],
    report: Callable[[str], None],
) -> list[Row]:
    """Return rows with the way in which the server gives log-likelihoods; where it gives none, without the tasks."""
    client, with_scorings = Client(endpoint), []
    scorings = {entry.model_name: find_out(client, entry, recipe) for entry in recipe.entries()}
    for reason in dict.fromkeys(reason for scoring, reason in scorings.values() if scoring is None):
        report(f"{endpoint.base_url}: {reason}: left out are {', '.join(log_likelihood)}.")
    for row in planned:
        scoring, _ = scorings[row.model]
        tasks = [task for task in row.tasks if scoring is not None or task not in log_likelihood]
        if tasks:
            with_scorings.append(dataclasses.replace(row, tasks=tasks, scoring=scoring))
    return with_scorings


@dataclass
class Evaluator:
    """Evaluates rows of one recipe; the model loaded last is kept for the rows that follow.

    Parameters:
        recipe: how models are evaluated.
        table: the tasks that there are.
        scratch: a folder of this process for LightEval's own files.
        loaded: the model in memory, by name, revision and the model whose tokenizer it has.
    """

    recipe: EvalRecipe
    table: TaskTable
    scratch: Path
    loaded: dict[tuple[str, str | None, str | None], LocalModel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check LightEval before anything is loaded."""
        require_known_lighteval()

    def evaluate_rows(
        self, table_rows: list[Row], items: Items, output: Path, done: Callable[[Row], None]
    ) -> dict[str, UserError]:
        """Evaluate rows one after another; return the errors of those that failed, by the row's label.

        `done` is called after each row whose results are there.
        """
        failures: dict[str, UserError] = {}
        for number, row in enumerate(table_rows, 1):
            name = row_label(row)
            say(f"{name} ({number} of {len(table_rows)}): {', '.join(row.tasks)}.")
            try:
                self.evaluate(row, items, output)
                done(row)
            except Exception as error:
                known = explain(error)
                if known is None:
                    raise
                # Without its traceback, whose frames would keep the model and what it computed in memory.
                failures[name] = UserError(known.code, str(known))
                say(f"{name} is skipped: {known}")
        return failures

    def evaluate(self, row: Row, items: Items, output: Path) -> None:
        """Evaluate one row, unless its results for these weights, settings and items are there.

        Args:
            row: a model in one mode, with its tasks.
            items: by task; others than the row's are not looked at.
            output: results, details, answers and run.json go into folders there.

        Raises:
            UserError: the model's template has no such mode, or an endpoint did not answer everything.
        """
        weights = self._weights(row)
        run = self._open(weights, row, items, output)
        if run.finished and self.recipe.endpoint is None:
            say(f"{row_label(row)}: already evaluated with these weights and settings.")
            return
        answers = AnswerStore(self._answers_folder(row, output))
        model: LocalModel | EndpointModel
        if self.recipe.endpoint:
            model = self._served(row, answers)
        else:
            model = self.load(row.model, row.revision, row.tokenizer)
            model.set_mode(row, answers)
        self._finish(run, model, row, items, output)

    def evaluate_weights(self, weights: str, row: Row, items: Items, output: Path, answers: Path) -> None:
        """Evaluate the weights that the loaded model holds at the moment, which may have been replaced since.

        Args:
            weights: their fingerprint.
            row: the mode; its model is the name under which these weights' results are filed.
            items: by task.
            output: where results and details go.
            answers: where answers are kept, for all evaluations of weights with this fingerprint.
        """
        run = self._open(weights, row, items, output)
        if run.finished:
            return
        (model,) = self.loaded.values()
        model.set_mode(row, AnswerStore(answers / self._answers_key(weights)))
        self._finish(run, model, row, items, output)

    def is_evaluated(self, row: Row, items: Items, output: Path) -> bool:
        """Tell whether a row's results are there, from these settings, tasks and items, whatever its weights were."""
        try:
            record = json.loads((output / "results" / row_name(row) / "run.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        if record["status"] != "finished" or record["recipe_hash"] != recipe_hash(self._settings(row)):
            return False
        return record["inputs"] == self._inputs(record["inputs"]["model"], row, items)

    def load(self, name: str, revision: str | None = None, tokenizer: str | None = None) -> LocalModel:
        """Return a model on the transformers backend; the one loaded before it is let go."""
        key = (name, revision, tokenizer)
        if key not in self.loaded:
            self.loaded.clear()
            self.loaded[key] = load_model(name, revision, self.recipe, self.scratch / "cache", tokenizer)
        return self.loaded[key]

    def forget_served(self, table_rows: list[Row], output: Path) -> None:
        """Delete what servers answered, once all of it is scored: nobody can tell later which weights they had."""
        if self.recipe.endpoint:
            for row in table_rows:
                shutil.rmtree(self._answers_folder(row, output), ignore_errors=True)

    def _served(self, row: Row, answers: AnswerStore) -> EndpointModel:
        assert self.recipe.endpoint is not None
        if any(answers.folder.glob("*.jsonl")):
            say(f"An unfinished run's answers are taken up; if the server has new weights, delete {answers.folder}")
        model = EndpointModel(row, self.recipe, self.recipe.endpoint, answers, str(self.scratch / "cache"))
        model.check()
        return model

    def _finish(self, run: Run, model: LocalModel | EndpointModel, row: Row, items: Items, output: Path) -> None:
        written = self.scratch / "out"
        shutil.rmtree(written, ignore_errors=True)
        model.config.model_name = row_name(row)
        if run_pipeline(model, _of(row, items), self.table, written):
            served = {"server": model.record()} if isinstance(model, EndpointModel) else {}
            notes = model.notes if isinstance(model, EndpointModel) else model.prompts.notes
            run.finish(results=move_results(written, output).name, notes=notes, **served)

    def _open(self, weights: str, row: Row, items: Items, output: Path) -> Run:
        inputs = self._inputs(weights, row, items)
        folder = output / "results" / row_name(row)
        run = open_run(folder, "evaluate", self._settings(row), inputs, row.seed, replace_other=True)
        if self.recipe.endpoint:
            # What computes is the server, of which `server` says what it says of itself.
            run.record.pop("hardware", None)
            run.record["packages"] = {k: v for k, v in run.record["packages"].items() if k not in LOCAL_PACKAGES}
        return run

    def _weights(self, row: Row) -> str:
        if self.recipe.endpoint:
            return f"served at {self.recipe.endpoint.base_url}"
        weights = model_fingerprint(row.model, row.revision)
        return weights if row.tokenizer is None else f"{weights}, tokenizer {model_fingerprint(row.tokenizer)}"

    def _settings(self, row: Row) -> dict[str, Any]:
        """Return all settings that a row's results depend on."""
        settings = {key: value for key, value in dataclasses.asdict(self.recipe).items() if key not in NOT_IN_RESULTS}
        if self.recipe.endpoint:
            del settings["dtype"]
        own = ("model", "revision", "thinking", "tasks", "seed")
        settings["date"] = self.recipe.date.isoformat()
        return {**settings, **{key: getattr(row, key) for key in own}, "generation_parameters": row.generation.given()}

    def _inputs(self, weights: str, row: Row, items: Items) -> dict[str, str]:
        return {"model": weights, **task_fingerprints(_of(row, items), self.table)}

    def _answers_folder(self, row: Row, output: Path) -> Path:
        return output / "answers" / f"{row_name(row)}-{self._answers_key(self._weights(row))}"

    def _answers_key(self, weights: str) -> str:
        """Return a short fingerprint of what answers depend on beside the question: weights, dtype, versions."""
        local = [importlib.metadata.version(package) for package in ("torch", "transformers")] + [self.recipe.dtype]
        parts = repr((weights, ANSWERS_VERSION, [] if self.recipe.endpoint else local))
        return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _of(row: Row, items: Items) -> Items:
    return {task: items[task] for task in row.tasks}

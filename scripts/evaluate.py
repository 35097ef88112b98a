"""Evaluate models with LightEval on the tasks of src/luth/tasks.py.

    python scripts/evaluate.py recipes/eval/luth-fr.yaml [--model MODEL ...] [--limit N] [--base_url URL]
    accelerate launch --num_processes 8 scripts/evaluate.py recipes/eval/luth-all.yaml

--model replaces the recipe's list, --limit its max_samples; --base_url asks a server (http://HOST:PORT/v1) instead of
loading the model. A model whose weights, settings and tasks have not changed is not evaluated again, and after a kill
no item is asked for twice.
"""

import argparse
import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from luth.core.console import quiet_libraries, say
from luth.core.errors import UserError, explain, run_script


def main(arguments: list[str]) -> None:
    quiet_libraries()
    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a .yaml file, such as recipes/eval/luth-fr.yaml")
    parser.add_argument("--model", nargs="+", action="extend", help="evaluate these instead of the recipe's models")
    parser.add_argument("--limit", type=int, metavar="N", help="items of every task, for the recipe's max_samples")
    parser.add_argument("--base_url", help="ask this OpenAI-compatible server for the models")
    parser.add_argument("--output_dir", help="instead of the recipe's")
    parser.add_argument("--write_items", type=Path, metavar="DIR", help="write the tasks' items there, and stop")
    args = parser.parse_args(arguments)

    from luth import steps
    from luth.checkpoints.models import require_chat_template, require_model
    from luth.core.memory import keep_freed_memory
    from luth.core.recipes import build
    from luth.evaluation.launch import one_evaluation
    from luth.evaluation.recipe import EvalRecipe

    given = steps.read(args.recipe, "evaluate")
    if args.model:
        # A model that the recipe lists keeps the settings that it has there.
        listed = {entry.get("model_name"): entry for entry in given.get("models") or [] if isinstance(entry, dict)}
        args.model = [listed.get(name, name) for name in args.model]
    changes = {"models": args.model, "max_samples": args.limit, "output_dir": args.output_dir}
    given.update({key: value for key, value in changes.items() if value is not None})
    if args.base_url:
        given["endpoint"] = {**(given.get("endpoint") or {}), "base_url": args.base_url}
    recipe = build(args.recipe, given, EvalRecipe)
    recipe.check()
    if args.write_items:
        write_items(recipe, args.write_items)
        return
    accelerator = one_evaluation()
    if recipe.endpoint and accelerator.num_processes > 1:
        raise UserError(
            "bad-argument", "an endpoint is asked by one process: start with python, without accelerate launch"
        )
    for model in recipe.entries() if recipe.endpoint is None else []:
        require_model(model.model_name)
        require_chat_template(model.model_name, model.revision)

    say("Loading LightEval.")
    from luth.evaluation.items.loading import expand, is_generative, read_items
    from luth.evaluation.recipe import rows

    tasks = expand(recipe.tasks, recipe.max_samples)
    scored = [task for task in tasks if not is_generative(task)]
    if recipe.endpoint and scored:
        say(f"An endpoint gives no log-probabilities of prompts: left out are {', '.join(scored)}.")
        tasks, scored = [task for task in tasks if task not in scored], []
    table = rows(recipe, tasks, scored)
    if not table:
        raise UserError(
            "bad-argument", "no task is left to evaluate: use the transformers backend for log-likelihood tasks"
        )
    greedy = list(dict.fromkeys(row.model + row.suffix for row in table if row.run is None))
    if recipe.num_runs > 1 and greedy:
        say(f"num_runs is {recipe.num_runs}, but greedy answers are always the same: one run of {', '.join(greedy)}.")
    items = read_items(recipe, list(dict.fromkeys(task for row in table for task in row.tasks)), say)
    keep_freed_memory()
    evaluate_rows(recipe, table, items)


def write_items(recipe: Any, folder: Path) -> None:
    """Write every item of the recipe's tasks, without its sample: what training data is cleaned of."""
    from luth.core.files import write_text
    from luth.evaluation.items.loading import expand, read_items

    say("Loading LightEval.")
    every = dataclasses.replace(recipe, max_samples=None)
    for task, docs in read_items(every, expand(recipe.tasks), say).items():
        rows = [{"task": task, "id": doc.id, "text": doc.query, "choices": doc.choices} for doc in docs]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(folder / f"{task.replace(':', '-')}.jsonl", lines)
    say(f"Items: {folder}")


def evaluate_rows(recipe: Any, table: list[Any], items: dict[str, list[Any]]) -> None:
    """Evaluate every row of the table, then write scores.md, scores.csv and scores.json."""
    from accelerate import PartialState

    from luth.evaluation.evaluate import evaluate_row, forget_served, row_name
    from luth.reporting.scores import ScoredRow, write_scores

    output = Path(recipe.output_dir)
    failures: dict[str, UserError] = {}
    loaded: Any = {}
    with tempfile.TemporaryDirectory(prefix="luth-eval-") as scratch:
        for number, row in enumerate(table, 1):
            name = row_name(row)
            say(f"{name} ({number} of {len(table)}): {', '.join(row.tasks)}.")
            try:
                evaluate_row(row, recipe, {task: items[task] for task in row.tasks}, loaded, Path(scratch), output)
            except Exception as error:
                known = explain(error)
                if known is None:
                    raise
                failures[name] = known
                say(f"{name} is skipped: {known}")
    done = [row for row in table if row_name(row) not in failures]
    if done and PartialState().is_main_process:
        scored = [ScoredRow(row_name(dataclasses.replace(row, run=None)), row_name(row), row.tasks) for row in done]
        print(write_scores(output, scored))
        say(f"Results: {output / 'scores.md'}, and by item under {output}")
        if not failures:
            forget_served(table, recipe, output)
    if failures:
        first = next(iter(failures.values()))
        raise UserError(first.code, "; ".join(f"{name}: {error}" for name, error in failures.items()))


if __name__ == "__main__":
    run_script(main)

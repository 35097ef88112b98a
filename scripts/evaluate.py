"""Evaluate models with LightEval: the package's benchmarks, and tasks of your own that the recipe names.

    python scripts/evaluate.py recipes/eval/luth-fr.yaml [--model MODEL ...] [--limit N] [--base_url URL]
    python scripts/evaluate.py recipes/eval/luth-fr.yaml --tasks mmlu_fr ifeval_fr --thinking both --max_samples 100
    accelerate launch --num_processes 8 scripts/evaluate.py recipes/eval/luth-all.yaml

Any key of the recipe may follow it and wins: --generation_parameters.max_new_tokens 8192. --model stands for models,
--limit for max_samples, --base_url (http://HOST:PORT/v1) for endpoint.base_url: a server is asked instead of loading
the model. A model whose weights, settings and tasks have not changed is not evaluated again. Killed, the same command
goes on where it was.
"""

import argparse
import dataclasses
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luth.core.command_line import recipe_parser, split_keys
from luth.core.console import loading, quiet_libraries, say
from luth.core.errors import UserError, run_script

if TYPE_CHECKING:
    from luth.evaluation.recipe import EvalRecipe


OPTIONS = ("--model", "--limit", "--base_url", "--write_items")


def make_parser() -> argparse.ArgumentParser:
    parser = recipe_parser(__doc__)
    parser.add_argument("--model", nargs="+", action="extend", help="evaluate these instead of the recipe's models")
    parser.add_argument("--limit", type=int, metavar="N", help="items of every task, for the recipe's max_samples")
    parser.add_argument("--base_url", help="ask this OpenAI-compatible server for the models")
    parser.add_argument("--write_items", type=Path, metavar="DIR", help="write the tasks' items there, and stop")
    return parser


def main(arguments: list[str]) -> None:
    parser = make_parser()
    own, keys = split_keys(arguments, parser)
    args = parser.parse_args(own)
    quiet_libraries()
    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
    recipe = read_recipe(args, keys)
    if not args.write_items:
        require_models(recipe)

    with loading("LightEval"):
        from luth.core.memory import keep_freed_memory
        from luth.evaluation.evaluate import plan
        from luth.evaluation.items.loading import read_items, write_items
        from luth.evaluation.tasks import task_table

    table = task_table(recipe.custom_tasks)
    if args.write_items:
        write_items(recipe, table, args.write_items, say)
        say(f"Items: {args.write_items}")
        return
    rows = plan(recipe, table, say)
    items = read_items(recipe, table, dict.fromkeys(task for row in rows for task in row.tasks), say)
    keep_freed_memory()
    evaluate(recipe, table, rows, items)


def read_recipe(args: argparse.Namespace, keys: list[str]) -> "EvalRecipe":
    """Return the recipe with what the command line says in place of its own values."""
    from luth import steps
    from luth.core.overrides import build_overridden, override
    from luth.evaluation.recipe import EvalRecipe

    recipe = steps.read(args.recipe, "evaluate")
    # A model that the recipe lists keeps the settings that it has there.
    listed = {entry.get("model_name"): entry for entry in recipe.get("models") or [] if isinstance(entry, dict)}
    short = {"models": args.model, "max_samples": args.limit, "endpoint.base_url": args.base_url}
    names = {"models": "--model", "max_samples": "--limit", "endpoint.base_url": "--base_url"}
    for key, value in short.items():
        if value is not None:
            if any(word.split("=")[0] == f"--{key}" for word in keys):
                raise UserError("bad-argument", f"--{key} is given twice, once as {names[key]}: keep one of them")
            keys += [f"--{key}", *(value if isinstance(value, list) else [str(value)])]
    recipe, changed = override(recipe, keys, EvalRecipe, OPTIONS)
    if "models" in changed:
        recipe["models"] = [listed.get(name, name) if isinstance(name, str) else name for name in recipe["models"]]
    return build_overridden(args.recipe, recipe, changed, EvalRecipe)


def require_models(recipe: "EvalRecipe") -> None:
    """Check, before LightEval is loaded, that the models are there and the processes are one evaluation."""
    from luth.checkpoints.models import require_chat_template, require_model
    from luth.evaluation.launch import one_evaluation

    accelerator = one_evaluation()
    if recipe.endpoint and accelerator.num_processes > 1:
        raise UserError(
            "launch-mismatch", "an endpoint is asked by one process: start with python, without accelerate launch"
        )
    for model in recipe.entries() if recipe.endpoint is None else []:
        require_model(model.model_name)
        require_chat_template(model.tokenizer or model.model_name, None if model.tokenizer else model.revision)


def evaluate(recipe: "EvalRecipe", table: Any, rows: list[Any], items: dict[str, list[Any]]) -> None:
    """Evaluate every row of the table; scores.md, scores.csv and scores.json grow with each."""
    from accelerate import PartialState

    from luth.evaluation.evaluate import Evaluator, row_label, row_name
    from luth.reporting.scores import ScoredRow, write_scores, written_table

    output = Path(recipe.output_dir)
    scored: list[ScoredRow] = []

    def write_row(row: Any) -> None:
        label = row_label(dataclasses.replace(row, run=None))
        scored.append(ScoredRow(label, row_name(row), row.tasks))
        if PartialState().is_main_process:
            write_scores(output, [each for each in scored if each.label == label])

    with tempfile.TemporaryDirectory(prefix="luth-eval-") as scratch:
        evaluator = Evaluator(recipe, table, Path(scratch))
        failures = evaluator.evaluate_rows(rows, items, output, write_row)
    if scored and PartialState().is_main_process:
        print(written_table(output, scored))
        say(f"Results: {output / 'scores.md'}, and by item under {output}")
        if not failures:
            evaluator.forget_served(rows, output)
    if failures:
        first = next(iter(failures.values()))
        raise UserError(first.code, "; ".join(f"{name}: {error}" for name, error in failures.items()))


if __name__ == "__main__":
    run_script(main)

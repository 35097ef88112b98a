"""Evaluate models with LightEval on the tasks of src/luth/tasks.py.

    python scripts/evaluate.py recipes/demo/eval.yaml [--model PATH ...] [--output_dir DIR]

--model replaces the recipe's list. A model whose weights, settings and tasks have not changed is not evaluated again.
"""

import argparse
import dataclasses
import os
from pathlib import Path

from luth.errors import run_script
from luth.quiet import quiet_libraries, say


def main(arguments: list[str]) -> None:
    quiet_libraries()
    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--model", nargs="+", action="extend", help="evaluate these instead of the recipe's models")
    parser.add_argument("--output_dir")
    args = parser.parse_args(arguments)

    from luth.evaluation.recipe import EvalRecipe
    from luth.files import sha256
    from luth.memory import keep_freed_memory
    from luth.models import model_fingerprint, require_chat_template, require_model
    from luth.recipe import build, read_recipe
    from luth.run_record import open_run

    given = read_recipe(args.recipe)
    if args.model:
        given["models"] = args.model
    if args.output_dir:
        given["output_dir"] = args.output_dir
    recipe = build(args.recipe, given, EvalRecipe)
    for model in recipe.models:
        require_model(model)
        require_chat_template(model)

    say("Loading LightEval.")
    from luth.evaluation.model import display_name
    from luth.evaluation.run import check_tasks, evaluate, task_sources

    check_tasks(recipe.tasks, recipe.max_samples)
    keep_freed_memory()
    output = Path(recipe.output_dir)
    settings = {key: value for key, value in dataclasses.asdict(recipe).items() if key not in ("models", "output_dir")}
    sources = sha256(*task_sources())
    for number, model in enumerate(recipe.models, 1):
        folder = output / "results" / display_name(model)
        inputs = {"model": model_fingerprint(model), "tasks": sources}
        run = open_run(folder, "evaluate", {**settings, "model": model}, inputs, replace_other=True)
        if run.finished:
            say(f"{model}: already evaluated with these very weights and settings.")
            continue
        sample = "a fixed sample of each" if recipe.max_samples else "all items"
        say(f"Evaluating {model} ({number} of {len(recipe.models)}): {len(recipe.tasks)} tasks, {sample}.")
        results = evaluate(model, recipe, output)
        run.finish(results=results.name)
    say(f"Results: {os.path.relpath(output / 'results')}")


if __name__ == "__main__":
    run_script(main)

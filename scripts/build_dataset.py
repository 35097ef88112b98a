"""Build an instruction dataset in one language from public ones: read, select, translate, answer, judge, filter.

    python scripts/build_dataset.py recipes/demo/data.yaml [--executor local|slurm|ray] [--only STEP]

Killed, the same command goes on: what was done or answered is kept. OUTPUT_DIR/dataset is a Hub dataset's folder with
its card; OUTPUT_DIR/funnel.md says what became of every row.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from luth.errors import UserError, run_script
from luth.quiet import quiet_libraries, say


def main(arguments: list[str]) -> None:
    quiet_libraries()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a .yaml file, such as recipes/demo/data.yaml")
    parser.add_argument("--executor", choices=("local", "slurm", "ray"), default="local", help="where tasks run")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="tasks at a time")
    parser.add_argument("--only", metavar="STEP", help="take this step alone, such as judge")
    parser.add_argument("--output_dir", help="instead of the recipe's")
    args = parser.parse_args(arguments)

    from luth.data.recipe import COMMON_STEPS, PART_STEPS, DataRecipe, check_order
    from luth.recipe import build, nearest, read_recipe
    from luth.run_record import open_run

    steps = (*PART_STEPS, *COMMON_STEPS)
    if args.only and args.only not in steps:
        raise UserError(f"--only: there is no step {args.only!r}{nearest(args.only, steps)}: {', '.join(steps)}")
    given = read_recipe(args.recipe)
    check_order(given)
    recipe = build(args.recipe, {**given, "output_dir": args.output_dir or given.get("output_dir")}, DataRecipe)
    recipe.check()

    from luth.data.build import Build, check_sources
    from luth.data.executors import Executor

    inputs = check_sources(recipe)
    folder = Path(recipe.output_dir)
    # Neither the place, nor how it is built, changes the dataset.
    settings = {key: value for key, value in given.items() if key not in ("output_dir", "slurm")}
    run = open_run(folder, "build_dataset", settings, inputs)
    if run.finished and args.only is None:
        say(f"{folder} already holds this very dataset: nothing to do.")
        return
    run.save(executor=args.executor)
    dataset = Build(recipe, folder, Executor(args.executor, args.workers, recipe.slurm), say)
    dataset.run(args.only)
    if args.only is None:
        report(recipe, dataset, run)


def report(recipe: Any, dataset: Any, run: Any) -> None:
    """Write the card and the funnel, and push where the recipe says so."""
    from luth.data.card import card, examples, split_rows
    from luth.files import write_text
    from luth.reporting.funnel import write_funnel

    counts, rows = dataset.counts(), split_rows(dataset.dataset)
    write_text(dataset.dataset / "README.md", card(recipe, counts, examples(dataset.dataset), rows))
    write_funnel(run.folder, counts, list(recipe.parts), dataset.seconds())
    print((run.folder / "funnel.md").read_text("utf-8").split("## Rejected")[0])
    say(f"The dataset: {dataset.dataset}, with its card; what was rejected: {run.folder / 'funnel.md'}")
    if recipe.steps.push:
        push(recipe, dataset.dataset)
    run.finish(rows=rows)


def push(recipe: Any, folder: Path) -> None:
    """Upload the dataset's folder to the Hub."""
    from huggingface_hub import HfApi

    target = recipe.steps.push
    say(f"Pushing to {target.repo_id}.")
    api = HfApi()
    api.create_repo(target.repo_id, repo_type="dataset", private=target.private, exist_ok=True)
    api.upload_folder(repo_id=target.repo_id, repo_type="dataset", folder_path=folder)


if __name__ == "__main__":
    run_script(main)

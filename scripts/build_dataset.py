"""Build an instruction dataset in one language from public ones: read, select, translate, answer, judge, filter.

    python scripts/build_dataset.py recipes/demo/data.yaml [--executor local|slurm|ray] [--only STEP] [--redo]

Killed, the same command goes on: what was done or answered is kept. OUTPUT_DIR/dataset is a Hub dataset's folder with
its card; OUTPUT_DIR/funnel.md says what became of every row.
"""

import argparse
import importlib.util
import os
from pathlib import Path
from typing import Any

from luth.core.console import quiet_libraries, say
from luth.core.errors import UserError, about, run_script


def main(arguments: list[str]) -> None:
    quiet_libraries()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a .yaml file, such as recipes/demo/data.yaml")
    parser.add_argument("--executor", choices=("local", "slurm", "ray"), default="local", help="where tasks run")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="tasks at a time")
    parser.add_argument("--only", metavar="STEP", help="take this step alone, such as judge")
    parser.add_argument(
        "--redo", action="store_true", help="after a change: take anew what it touches, and keep the rest"
    )
    parser.add_argument("--output_dir", help="instead of the recipe's")
    args = parser.parse_args(arguments)

    if importlib.util.find_spec("datatrove") is None:
        raise UserError("bad-argument", 'datatrove is not installed: pip install -c constraints.txt -e ".[data]"')
    from luth import steps
    from luth.core.recipes import build, nearest
    from luth.data.plan import plan, step_of
    from luth.data.recipe import COMMON_STEPS, PART_STEPS, DataRecipe
    from luth.data.recipe_checks import check, check_order

    order = (*PART_STEPS, *COMMON_STEPS)
    if args.only and args.only not in order:
        raise UserError(
            "bad-argument", f"--only: there is no step {args.only!r}{nearest(args.only, order)}: {', '.join(order)}"
        )
    if args.workers < 1:
        raise UserError("bad-argument", f"--workers: {args.workers} is not 1 or more")
    given = steps.read(args.recipe, "build_dataset")
    with about(args.recipe):
        check_order(given)
        recipe = build(args.recipe, given | ({"output_dir": args.output_dir} if args.output_dir else {}), DataRecipe)
        check(recipe)
    own = {*map(step_of, plan(recipe)), "write", *(["push"] if recipe.steps.push else [])}
    taken = [step for step in order if step in own]
    if args.only and args.only not in taken:
        raise UserError("bad-argument", f"--only: {args.recipe} takes no step {args.only!r}: {', '.join(taken)}")
    take(args, given, recipe)


def take(args: argparse.Namespace, given: dict[str, Any], recipe: Any) -> None:
    """Take the recipe's steps, or what is left of them, in its folder."""
    from luth.core.locks import try_lock
    from luth.core.run_record import open_run, recorded
    from luth.data.build import Build, check_sources
    from luth.data.executors import Executor
    from luth.data.plan import step_of
    from luth.data.recipe_checks import require_keys

    folder = Path(recipe.output_dir)
    begun = recorded(folder)
    with about(args.recipe):
        inputs = check_sources(recipe, (begun or {}).get("inputs", {}))
    dataset = Build(recipe, folder, Executor(args.executor, args.workers, recipe.slurm), inputs, say)
    stale = dataset.stale()
    if stale and not args.redo:
        again = dataset.asked_anew(stale)
        asked = f", asking the model again for {', '.join(again)}," if again else ""
        raise UserError(
            "bad-argument",
            f"{folder} was made by another recipe, or from other files, as to {', '.join(stale)}: "
            f"--redo takes that anew{asked} and keeps the rest; or choose another --output_dir",
        )
    with about(args.recipe):
        require_keys(recipe, [name for name in dataset.missing(stale) if args.only in (None, step_of(name))])
    # Neither the place, nor how it is built, changes the dataset.
    settings = {key: value for key, value in given.items() if key not in ("output_dir", "slurm")}
    run = open_run(folder, "build_dataset", settings, inputs, replace_other=begun is not None)
    if run.finished and not stale and args.only is None:
        say(f"{folder} already holds this very dataset: nothing to do.")
        return
    with try_lock(folder / ".lock") as alone:
        if not alone or recorded(folder) != begun or dataset.stale() != stale:
            raise UserError(
                "bad-argument",
                f"{folder}: another start of this command is at work there: wait for its end, or stop it",
            )
        if stale:
            # The same recipe with its keys in another order, or a folder that was tampered with, was finished before.
            run.record.update(status="running", rows=None)
        run.save(executor=args.executor)
        dataset.forget(stale)
        dataset.run(args.only)
        if args.only in (None, "write"):
            run.save(rows=report(recipe, dataset, folder))
        if args.only in (None, "push") and recipe.steps.push:
            if run.record.get("rows") is None:
                raise UserError(
                    "bad-argument", f"push comes after write: {folder} does not hold this recipe's dataset yet"
                )
            push(recipe, dataset.dataset)
    if args.only is None:
        run.finish()
    elif args.only not in ("write", "push"):
        say(f"Rows and rejected rows lie in {folder / 'steps'}.")


def report(recipe: Any, dataset: Any, folder: Path) -> dict[str, int]:
    """Write the card and the funnel; return the rows of each split."""
    from luth.core.files import write_text
    from luth.data.output.card import card, examples, split_rows
    from luth.data.output.mixing import schema
    from luth.reporting.funnel import write_funnel

    counts, rows, columns = dataset.counts(), split_rows(dataset.dataset), schema(recipe).names
    write_text(dataset.dataset / "README.md", card(recipe, counts, examples(dataset.dataset), rows, columns))
    write_funnel(folder, counts, list(recipe.parts), dataset.seconds())
    print((folder / "funnel.md").read_text("utf-8").split("## Rejected")[0])
    say(f"The dataset, with its card: {dataset.dataset}")
    say(f"What became of every row: {folder / 'funnel.md'}; all rejected ones: {folder / 'steps'}/*/rejected")
    return rows


def push(recipe: Any, folder: Path) -> None:
    """Upload the dataset's folder to the Hub."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    target = recipe.steps.push
    say(f"Pushing to {target.repo_id}.")
    api = HfApi()
    # Shards of another number that were pushed before would be read with these.
    patterns = {"ignore_patterns": ".*", "delete_patterns": ["data/train-*.parquet", "data/test-*.parquet"]}
    try:
        api.create_repo(target.repo_id, repo_type="dataset", private=target.private, exist_ok=True)
        api.upload_folder(repo_id=target.repo_id, repo_type="dataset", folder_path=folder, **patterns)
    except HfHubHTTPError as error:
        advice = "is HF_TOKEN set, and may it write there? --only push tries again"
        raise UserError("bad-argument", f"push: {target.repo_id}: {error}: {advice}") from None


if __name__ == "__main__":
    run_script(main)

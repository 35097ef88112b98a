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

from luth.core.command_line import script_parser
from luth.core.console import quiet_libraries, say
from luth.core.errors import UserError, about, run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("recipe", help="a .yaml file, such as recipes/demo/data.yaml")
    parser.add_argument("--executor", choices=("local", "slurm", "ray"), default="local", help="where tasks run")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="tasks at a time")
    parser.add_argument("--only", metavar="STEP", help="take this step alone, such as judge")
    parser.add_argument(
        "--redo", action="store_true", help="after a change: rebuild the steps it touches, keep the rest"
    )
    parser.add_argument("--output_dir", help="instead of the recipe's")
    return parser


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    quiet_libraries()
    if args.workers < 1:
        raise UserError("bad-argument", f"--workers: {args.workers} is not 1 or more")
    if importlib.util.find_spec("datatrove") is None:
        raise UserError("package-missing", 'datatrove is not installed: pip install -c constraints.txt -e ".[data]"')
    from luth import steps
    from luth.core.recipes import build
    from luth.data.plan import check_order, require_step
    from luth.data.recipe import DataRecipe

    settings = steps.read(args.recipe, "build_dataset")
    with about(args.recipe):
        check_order(settings)
        changes = {"output_dir": args.output_dir} if args.output_dir else {}
        recipe = build(args.recipe, settings | changes, DataRecipe)
        if args.only:
            require_step(recipe, args.only)
    build_dataset(args, settings, recipe)


def build_dataset(args: argparse.Namespace, settings: dict[str, Any], recipe: Any) -> None:
    """Take the recipe's steps, or what is left of them, in its folder."""
    from luth.core.locks import try_lock
    from luth.core.run_record import open_run, recorded
    from luth.data.build import Build
    from luth.data.executors import Executor
    from luth.data.inputs import check_inputs, require_keys
    from luth.data.kept_steps import KeptSteps
    from luth.data.output.push import push
    from luth.data.plan import step_of

    folder = Path(recipe.output_dir)
    record = recorded(folder)
    with about(args.recipe):
        inputs = check_inputs(recipe, (record or {}).get("inputs", {}))
    kept = KeptSteps(recipe, folder, inputs)
    executor = Executor(args.executor, args.workers, recipe.slurm)
    if not args.redo:
        kept.require_unchanged()
    changed = kept.changed()
    with about(args.recipe):
        require_keys(recipe, [name for name in kept.missing(changed) if args.only in (None, step_of(name))])
    # Neither of these changes the dataset.
    settings = {key: value for key, value in settings.items() if key not in ("output_dir", "slurm")}
    run = open_run(folder, "build_dataset", settings, inputs, replace_other=record is not None)
    if run.finished and not changed and args.only is None:
        say(f"{folder} already holds this dataset: nothing to do.")
        return
    with try_lock(folder / ".lock") as alone:
        if not alone or recorded(folder) != record or kept.changed() != changed:
            raise UserError("folder-busy", f"{folder}: this command is at work there already: wait for its end")
        if changed:
            # run.json may say finished: the same recipe with its keys in another order, or a folder that was edited.
            run.record.update(status="running", rows=None)
        run.save(executor=args.executor)
        kept.forget(changed)
        dataset = Build(recipe, folder, executor, kept, say)
        dataset.run(args.only)
        if args.only in (None, "write"):
            run.save(**report(recipe, kept, dataset.folder))
        if args.only in (None, "push") and recipe.steps.push:
            if run.record.get("rows") is None:
                line = f"push comes after write: {folder} does not hold this recipe's dataset yet"
                raise UserError("step-order", line)
            say(f"Pushing to {recipe.steps.push.repo_id}.")
            push(recipe.steps.push, dataset.folder)
    if args.only is None:
        run.finish()
    elif args.only not in ("write", "push"):
        say(f"Rows and rejected rows: {folder / 'steps'}.")


def report(recipe: Any, kept: Any, dataset: Path) -> dict[str, Any]:
    """Write the card and the funnel; return what run.json says: the rows of each split, and which servers answered."""
    from luth.data.output.card import split_rows, write_card
    from luth.data.requests.inference import servers
    from luth.reporting.funnel import write_funnel

    counts, folder = kept.counts(), Path(recipe.output_dir)
    write_card(recipe, counts, dataset)
    write_funnel(folder, counts, list(recipe.parts), kept.seconds())
    print((folder / "funnel.md").read_text("utf-8").split("## Rejected")[0])
    say(f"The dataset, with its card: {dataset}")
    say(f"What became of every row: {folder / 'funnel.md'}; all rejected ones: {folder / 'steps'}/*/rejected")
    return {"rows": split_rows(dataset), "servers": servers(kept.folder)}


if __name__ == "__main__":
    run_script(main)

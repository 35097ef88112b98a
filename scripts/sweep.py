"""Find the best merge of a model with its base: try a grid, keep what may win, prove the winner on other items.

    python scripts/sweep.py recipes/demo/sweep.yaml [--output_dir DIR]

Killed, the same command goes on, and no merge is evaluated twice. Started twice, by hand or on a cluster, both share
the work; on several GPUs, give each its own by CUDA_VISIBLE_DEVICES.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from luth.core.console import quiet_libraries, say
from luth.core.errors import UserError, run_script


def main(arguments: list[str]) -> None:
    quiet_libraries()
    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a .yaml file, such as recipes/demo/sweep.yaml")
    parser.add_argument("--output_dir", help="instead of the recipe's")
    args = parser.parse_args(arguments)

    from luth import steps
    from luth.checkpoints.models import model_fingerprint, require_chat_template
    from luth.core.memory import keep_freed_memory
    from luth.core.recipes import build
    from luth.core.run_record import open_run
    from luth.merging.check import check_parents
    from luth.sweep.recipe import SweepRecipe

    given = steps.read(args.recipe, "sweep")
    recipe = build(args.recipe, {**given, "output_dir": args.output_dir or given.get("output_dir")}, SweepRecipe)
    recipe.check()
    check_parents([recipe.base_model, recipe.model])
    require_chat_template(recipe.base_model)

    say("Loading LightEval.")
    from luth.evaluation.evaluate import Evaluator
    from luth.evaluation.items.loading import task_fingerprints
    from luth.evaluation.launch import one_evaluation
    from luth.sweep.runner import Sweep
    from luth.sweep.selection import require_one_unit
    from luth.sweep.task_splits import evaluation_recipe, expand_groups, read_apart, tasks_of

    table = tasks_of(recipe.evaluation)
    recipe.development = expand_groups(recipe.development, table)
    recipe.test = expand_groups(recipe.test, table)
    for groups in (recipe.development, recipe.test):
        require_one_unit(groups, list(recipe.criterion.weights()), recipe.criterion.keep, table.in_nats)
    asking = evaluation_recipe(recipe.base_model, recipe.development, recipe.test, recipe.evaluation)
    if one_evaluation().num_processes > 1:
        raise UserError(
            "bad-merge", "a sweep is shared by starting it several times, each with python and without a launcher"
        )
    development, test = read_apart(asking, table, recipe.development, recipe.test, say)
    folder = Path(recipe.output_dir)
    settings = {key: value for key, value in given.items() if key != "output_dir"}
    inputs = {name: model_fingerprint(name) for name in (recipe.base_model, recipe.model)}
    run = open_run(folder, "sweep", settings, inputs)
    items = task_fingerprints({**development, **test}, table)
    if run.finished and run.record["asked"] == items:
        say(f"{folder} already holds this very sweep: nothing to do.")
        return
    run.save(asked=items, status="running")
    keep_freed_memory()
    with tempfile.TemporaryDirectory(prefix="luth-sweep-") as scratch:
        evaluator = Evaluator(asking, table, Path(scratch))
        sweep = Sweep(recipe, evaluator, development, test, folder)
        with sweep.joined():
            find_best(sweep, run)


def find_best(sweep: Any, run: Any) -> None:
    """Take a sweep through its steps, from wherever it was left, and write what it found."""
    from luth.core.files import write_json, write_text
    from luth.sweep import report as reporting
    from luth.sweep import selection
    from luth.sweep.task_splits import first_items

    recipe, criterion, folder = sweep.recipe, sweep.recipe.criterion, sweep.folder
    wanted = selection.standard(recipe.development, criterion.weights(), criterion.keep, criterion.margin)
    sweep.verify()
    sweep.evaluate_parents()
    parents = {name: sweep.scores("full", name) for name in sweep.parents}
    base = parents[recipe.base_model]

    left, first, reasons, failed = list(sweep.cells), {}, {}, {}
    if recipe.first_pass:
        few = first_items(sweep.development, recipe.first_pass.max_samples)
        failed = sweep.try_merges("first", left, few)
        first = {name: sweep.scores("first", f"./{name}") for name in left if name not in failed}
        reasons = selection.out_of_the_race(
            first, base, wanted, recipe.first_pass.confidence, recipe.first_pass.finalists
        )
        left = [name for name in first if name not in reasons]
        say(f"{len(left)} of {len(sweep.cells)} merges go on to the full pass: {', '.join(left)}.")
    failed |= sweep.try_merges("full", left, sweep.development)
    full = {name: sweep.scores("full", f"./{name}") for name in left if name not in failed}

    tried = reporting.tried(sweep.cells, first, full, reasons, failed, recipe.development)
    levels = {name: reporting.group_estimates(scores, recipe.development) for name, scores in parents.items()}
    winner = selection.best(full, base, wanted)
    maximised, floor = next(iter(criterion.weights())), -criterion.margin
    if criterion.keep:
        floor += levels[recipe.base_model][criterion.keep].value
    figures = reporting.write_cells(folder, tried, levels, winner, maximised, criterion.keep, floor)
    if winner is None:
        sweep.clear()
        raise UserError(
            "bad-merge", f"{reporting.no_winner(full, base, wanted)}: all scores are in {folder / 'cells.md'}"
        )

    made = sweep.make_winner(winner)
    sweep.clear()
    sweep.evaluate_on_test(made)
    models = [*sweep.parents, str(made)]
    tested = {name: sweep.scores("test", name) for name in models}
    proof = selection.standard(recipe.test, criterion.weights(), criterion.keep, criterion.margin)
    shown = reporting.evidence(tested, models, recipe.test, proof)
    summary = reporting.summary(winner, len(tried), shown, str(criterion))
    write_text(folder / "sweep.md", reporting.page(summary, tried, levels, figures))
    write_json(
        folder / "sweep.json", {"recipe": run.record["recipe"], **reporting.as_json(tried, levels, winner, shown)}
    )
    print(f"\n{summary}\n")
    print(f"All of it: {folder / 'sweep.md'}\nThe winner: {made}, made by {folder / 'winner.yaml'}")
    if failed:
        name, reason = next(iter(failed.items()))
        raise UserError("bad-merge", f"{len(failed)} merges failed ({name}: {reason}): start again to try them again")
    run.finish(winner=winner, verdict=shown.verdict)


if __name__ == "__main__":
    run_script(main)

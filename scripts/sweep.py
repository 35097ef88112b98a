"""Find the best merge of a model with its base: try a grid, keep what may win, prove the winner on other items.

    python scripts/sweep.py recipes/demo/sweep.yaml [--coefficients 0.3 0.5 0.7] [--evaluation.max_samples 100]

Any key of the recipe may follow it and wins. Killed, the same command goes on, and no merge is evaluated twice.
Started several times, by hand or on a cluster, the processes share the work; on several GPUs, give each its own by
CUDA_VISIBLE_DEVICES.
"""

import argparse
import os
import tempfile
from pathlib import Path

from luth.core.command_line import recipe_parser, split_keys
from luth.core.console import loading, quiet_libraries, say
from luth.core.errors import UserError, run_script


def make_parser() -> argparse.ArgumentParser:
    return recipe_parser(__doc__)


def main(arguments: list[str]) -> None:
    parser = make_parser()
    own, words = split_keys(arguments, parser)
    args = parser.parse_args(own)
    quiet_libraries()
    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

    from luth import steps
    from luth.checkpoints.models import model_fingerprint
    from luth.core.memory import keep_freed_memory
    from luth.core.overrides import build_overridden, override
    from luth.core.run_record import open_run
    from luth.sweep.fitted import alike, needed_fits
    from luth.sweep.recipe import SweepRecipe

    keys, changed = override(steps.read(args.recipe, "sweep"), words, SweepRecipe)
    recipe = build_overridden(args.recipe, keys, changed, SweepRecipe)
    needed = needed_fits(recipe)

    with loading("LightEval"):
        from luth.evaluation.evaluate import Evaluator
        from luth.evaluation.items.loading import task_fingerprints
        from luth.evaluation.launch import one_evaluation
        from luth.sweep.search import find_best
        from luth.sweep.sharing import joined
        from luth.sweep.state import Sweep
        from luth.sweep.task_splits import prepare, read_splits

    recipe, evaluation, table = prepare(recipe)
    if one_evaluation().num_processes > 1:
        raise UserError("launch-mismatch", "a sweep takes no launcher: start python scripts/sweep.py several times")
    items = read_splits(recipe, evaluation, table, say)
    settings = {key: value for key, value in keys.items() if key != "output_dir"}
    inputs = {name: model_fingerprint(name) for name in (recipe.base_model, recipe.model)}
    run = open_run(Path(recipe.output_dir), "sweep", settings, inputs)
    fingerprints = task_fingerprints({**items.development, **items.test}, table)
    if run.finished and run.record.get("asked") == fingerprints:
        say(f"{run.folder} already holds this sweep: nothing to do.")
        return
    run.save(asked=fingerprints, status="running")
    keep_freed_memory()
    with tempfile.TemporaryDirectory(prefix="luth-sweep-") as scratch, joined(run.folder):
        recipe = alike(recipe, needed)
        evaluator = Evaluator(evaluation, table, Path(scratch))
        find_best(Sweep(recipe, evaluator, items, run.folder), run)


if __name__ == "__main__":
    run_script(main)

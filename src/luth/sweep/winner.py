"""The best merge, made by mergekit-yaml and checked to be what was evaluated."""

import shutil
from pathlib import Path

import yaml

from luth.checkpoints.models import checkpoint_tensors, model_fingerprint, model_folder, replace_weights
from luth.core.console import say
from luth.core.errors import UserError
from luth.core.files import write_text, written_beside
from luth.core.run_record import open_run
from luth.merging.check import check_result
from luth.merging.interpolation import require_equal
from luth.merging.mergekit import name_card, run_mergekit
from luth.sweep.merges import open_pair
from luth.sweep.passes import evaluated_weights, pass_rows, results_folder
from luth.sweep.recipe import Cell
from luth.sweep.sharing import read_json, share
from luth.sweep.state import Sweep
from luth.sweep.verification import is_in_memory


def make_winner(sweep: Sweep, name: str) -> Path:
    """Make the winner's checkpoint with mergekit-yaml from winner.yaml, and check it; return its folder.

    Raises:
        UserError: it is not what was evaluated, or not a sound model.
    """
    cell, folder, path = sweep.cells[name], sweep.folder / "winner", sweep.folder / "winner.yaml"
    recipe = sweep.recipe.mergekit_recipe(cell)

    def is_made(_: str) -> bool:
        record = read_json(folder / "run.json")
        return record.get("status") == "finished" and record["recipe"] == recipe

    def make(_: str) -> None:
        say(f"Making the winner, {name}, with mergekit-yaml.")
        # An earlier start of this sweep may have had another winner, before failed merges were tried again.
        shutil.rmtree(folder, ignore_errors=True)
        for row in pass_rows(sweep, "test", str(folder)):
            (results_folder(sweep, "test", row) / "run.json").unlink(missing_ok=True)
        header = f"# {name}, found by scripts/sweep.py.\n#   mergekit-yaml {path} OUT\n"
        write_text(path, header + yaml.safe_dump(recipe, sort_keys=False))
        run = open_run(folder, "merge", recipe, {parent: model_fingerprint(parent) for parent in sweep.parents})
        with written_beside(folder) as run.folder:
            run_mergekit(recipe, run.folder)
            name_card(run.folder, folder.name)
            say(_require_evaluated(sweep, cell, run.folder))
            # The check loads the winner: free the memory of the loaded model first.
            sweep.evaluator.loaded.clear()
            run.finish(answers=check_result(run.folder, model_folder(sweep.recipe.base_model), recipe))

    share(sweep.folder, "winner", ["winner"], is_made, make)
    return folder


def _require_evaluated(sweep: Sweep, cell: Cell, checkpoint: Path) -> str:
    """Say how near a checkpoint is to the merge that was evaluated; raise `UserError` where it is another one."""
    model = sweep.evaluator.load(sweep.recipe.base_model)
    if replace_weights(model.model, checkpoint_tensors(checkpoint)) == evaluated_weights(sweep, cell):
        return "Its weights are those that were evaluated, bit for bit."
    if not is_in_memory(sweep, cell):
        raise UserError(
            "bad-merge", f"mergekit-yaml made {cell.name} twice, with different weights: choose another method"
        )
    largest = require_equal(open_pair(sweep, cell), cell.coefficient, checkpoint)
    return f"Its weights are those that were evaluated, to the last rounding (at most {largest:.1e} apart)."

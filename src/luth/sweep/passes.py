"""The evaluations of a sweep: `first` on few development items, `full` on all of them, `test` on the test items."""

import dataclasses
from pathlib import Path
from typing import Literal

from luth.checkpoints.models import checkpoint_tensors, replace_weights
from luth.core.console import say
from luth.core.errors import disk_is_full
from luth.evaluation.evaluate import row_name
from luth.evaluation.items.loading import Items
from luth.evaluation.recipe import Row, rows
from luth.reporting.results import item_scores
from luth.sweep.merges import made_by_mergekit, open_pair
from luth.sweep.recipe import Cell
from luth.sweep.selection import Scores
from luth.sweep.sharing import failures, note_failure, read_json, share
from luth.sweep.state import Sweep
from luth.sweep.task_splits import first_items
from luth.sweep.verification import is_in_memory

Pass = Literal["first", "full", "test"]


def evaluate_models(sweep: Sweep, which: Pass, models: list[str]) -> None:
    """Evaluate models that lie in folders or on the Hub, the last one first.

    The base comes first in `models`, and so stays loaded: merges are put into it.
    """
    pieces = {f"model-{number}": model for number, model in enumerate(models, 1)}
    items = pass_items(sweep, which)

    def evaluate(piece: str) -> None:
        say(f"{pieces[piece]}, {'test' if which == 'test' else 'development'} items.")
        for row in pass_rows(sweep, which, pieces[piece]):
            sweep.evaluator.evaluate(row, items, sweep.folder / which)

    share(
        sweep.folder, which, list(reversed(pieces)), lambda piece: _is_evaluated(sweep, which, pieces[piece]), evaluate
    )


def evaluate_merges(sweep: Sweep, which: Pass, names: list[str]) -> dict[str, str]:
    """Evaluate merges of the grid; return why some failed, by name."""
    numbers = {name: number for number, name in enumerate(sweep.cells, 1)}

    def evaluate(name: str) -> None:
        say(f"{name} ({numbers[name]} of {len(numbers)}), {which} pass.")
        try:
            _evaluate_cell(sweep, which, sweep.cells[name])
        except Exception as error:
            if disk_is_full(error):
                raise
            say(f"{name} failed, the others go on: {note_failure(sweep.folder, name, error)}")

    def is_done(name: str) -> bool:
        return bool(failures(sweep.folder, [name])) or _is_evaluated(sweep, which, merge_model(name))

    share(sweep.folder, which, names, is_done, evaluate)
    return failures(sweep.folder, names)


def _evaluate_cell(sweep: Sweep, which: Pass, cell: Cell) -> None:
    """Put a merge's weights into the loaded base, and evaluate it."""
    model = sweep.evaluator.load(sweep.recipe.base_model)
    if is_in_memory(sweep, cell):
        weights = replace_weights(model.model, open_pair(sweep, cell).merged(cell.coefficient))
    else:
        with made_by_mergekit(sweep, cell) as checkpoint:
            weights = replace_weights(model.model, checkpoint_tensors(checkpoint))
    output, answers = sweep.folder / which, sweep.folder / "answers"
    for row in pass_rows(sweep, which, merge_model(cell.name)):
        sweep.evaluator.evaluate_weights(weights, row, pass_items(sweep, which), output, answers)


def merge_model(name: str) -> str:
    """Return the model name under which a merge's results are filed."""
    return f"./{name}"


def scores(sweep: Sweep, which: Pass, model: str) -> Scores:
    """Read a model's scores from a pass, by task and item."""
    by_task: Scores = {}
    for row in pass_rows(sweep, which, model):
        by_task.update(item_scores(sweep.folder / which, row_name(row))[0])
    return by_task


def results_folder(sweep: Sweep, which: Pass, row: Row) -> Path:
    """Return the folder of a row's results."""
    return sweep.folder / which / "results" / row_name(row)


def evaluated_weights(sweep: Sweep, cell: Cell) -> str:
    """Return the fingerprint of the weights that a merge had in the full pass."""
    row = pass_rows(sweep, "full", merge_model(cell.name))[0]
    return read_json(results_folder(sweep, "full", row) / "run.json")["inputs"]["model"]


def pass_items(sweep: Sweep, which: Pass) -> Items:
    """Return the items of a pass."""
    if which == "first" and sweep.recipe.first_pass:
        return first_items(sweep.items.development, sweep.recipe.first_pass.max_samples)
    return sweep.items.test if which == "test" else sweep.items.development


def pass_rows(sweep: Sweep, which: Pass, model: str) -> list[Row]:
    """Return the evaluations of one model in a pass: with thinking, tasks by likelihood have a row of their own."""
    tasks = list(pass_items(sweep, which))
    recipe = dataclasses.replace(sweep.evaluator.recipe, models=[model], tasks=tasks)
    return rows(recipe, tasks, [task for task in tasks if not sweep.evaluator.table.is_generative(task)])


def _is_evaluated(sweep: Sweep, which: Pass, model: str) -> bool:
    items = pass_items(sweep, which)
    return all(
        sweep.evaluator.is_evaluated(row, items, sweep.folder / which) for row in pass_rows(sweep, which, model)
    )

"""Merges computed in memory against those of mergekit-yaml, one for each method, before anything rests on them."""

from pathlib import Path
from typing import Any

from luth.core.console import say
from luth.core.errors import UserError
from luth.core.files import write_json
from luth.merging.interpolation import require_equal
from luth.sweep.merges import forget_pair, made_by_mergekit, merge_path, open_pair
from luth.sweep.recipe import Cell
from luth.sweep.sharing import read_json, share
from luth.sweep.state import Sweep


def verify_methods(sweep: Sweep) -> None:
    """Decide for each method whether its merges are computed in memory or made by mergekit-yaml one by one.

    The merge in the middle of the method's grid is made both ways. They differ where MergeKit rounds a task vector to
    bfloat16, for example.
    """
    methods: dict[str, list[Cell]] = {}
    for cell in sweep.cells.values():
        methods.setdefault(cell.method, []).append(cell)

    def verify(method: str) -> None:
        cell = methods[method][len(methods[method]) // 2]
        write_json(_record(sweep, method), {"merge": cell.name, **_compare(sweep, cell)})

    share(sweep.folder, "verify", list(methods), lambda method: _record(sweep, method).exists(), verify)


def is_in_memory(sweep: Sweep, cell: Cell) -> bool:
    """Tell whether `verify_methods` found that the merges of the cell's method can be computed in memory."""
    return read_json(_record(sweep, cell.method))["in_memory"]


def _compare(sweep: Sweep, cell: Cell) -> dict[str, Any]:
    if merge_path(cell) is None:
        return {"in_memory": False, "reason": f"all merges of {cell.merge_method} are made by mergekit-yaml"}
    say(f"Comparing {cell.name} computed in memory with mergekit-yaml's.")
    try:
        with made_by_mergekit(sweep, cell) as checkpoint:
            largest = require_equal(open_pair(sweep, cell), cell.coefficient, checkpoint)
    except UserError as error:
        say(f"The merges of {cell.method} are made by mergekit-yaml one by one: {error}.")
        forget_pair(sweep, cell)
        return {"in_memory": False, "reason": str(error)}
    return {"in_memory": True, "largest_difference": largest}


def _record(sweep: Sweep, method: str) -> Path:
    return sweep.folder / "verified" / f"{method}.json"

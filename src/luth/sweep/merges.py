"""How a sweep makes the merges of its grid: by mergekit-yaml, or in memory between two checkpoints."""

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch

from luth.checkpoints.models import model_folder
from luth.core.console import say
from luth.core.locks import temporary_folder
from luth.merging.interpolation import Pair
from luth.merging.mergekit import run_mergekit
from luth.merging.methods import MergePath, sweepable
from luth.sweep.recipe import Cell
from luth.sweep.sharing import share
from luth.sweep.state import Sweep


def merge_path(cell: Cell) -> MergePath:
    """Return how the merges of a cell's method lie to one another."""
    return sweepable()[cell.merge_method].path


@contextlib.contextmanager
def made_by_mergekit(sweep: Sweep, cell: Cell, dtype: str | None = None) -> Iterator[Path]:
    """Make a merge with mergekit-yaml and give its folder, which is removed at the end.

    Args:
        sweep: the sweep.
        cell: the merge.
        dtype: in place of the recipe's.
    """
    recipe = sweep.recipe.mergekit_recipe(cell) | ({"dtype": dtype} if dtype else {})
    with temporary_folder(sweep.folder / "work") as work:
        run_mergekit(recipe, work / "out")
        yield work / "out"


def open_pair(sweep: Sweep, cell: Cell) -> Pair:
    """Return the two checkpoints between which the merges of the cell's method lie; `sweep.pairs` keeps them."""
    if cell.method not in sweep.pairs:
        base, tuned = (model_folder(name) for name in sweep.parents)
        dtype, path = getattr(torch, sweep.recipe.dtype), merge_path(cell)
        if path == "task-vector":
            pair = Pair(base, _end_of_line(sweep, cell), torch.float32, dtype, spherical=False)
        else:
            pair = Pair(base, tuned, dtype, dtype, spherical=path == "arc")
        sweep.pairs[cell.method] = pair
    return sweep.pairs[cell.method]


def _end_of_line(sweep: Sweep, cell: Cell) -> Path:
    """Return MergeKit's merge at coefficient 1, made if it is missing; in float32, to keep small task vectors."""
    end = _lines(sweep) / cell.method

    def make(_: str) -> None:
        say(f"Making {cell.method} at coefficient 1 with mergekit-yaml: the other merges lie between it and the base.")
        with made_by_mergekit(sweep, dataclasses.replace(cell, coefficient=1), "float32") as checkpoint:
            end.parent.mkdir(exist_ok=True)
            os.replace(checkpoint, end)

    share(sweep.folder, "lines", [cell.method], lambda _: end.is_dir(), make)
    return end


def forget_pair(sweep: Sweep, cell: Cell) -> None:
    """Delete what was made for `open_pair`."""
    sweep.pairs.pop(cell.method, None)
    shutil.rmtree(_lines(sweep) / cell.method, ignore_errors=True)


def delete_ends(sweep: Sweep) -> None:
    """Delete the merges at coefficient 1 of all methods, once all merges have been tried."""
    shutil.rmtree(_lines(sweep), ignore_errors=True)


def _lines(sweep: Sweep) -> Path:
    return sweep.folder / "lines"

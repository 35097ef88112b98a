"""One process's part in a sweep: what all steps read, and what the process keeps in memory between them."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from luth.evaluation.evaluate import Evaluator
from luth.merging.interpolation import Pair
from luth.sweep.recipe import Cell, SweepRecipe
from luth.sweep.task_splits import TaskSplits


@dataclass
class Sweep:
    """One process's part in a sweep. What is done is on disk, in `folder`.

    Parameters:
        recipe: the sweep's, its groups expanded.
        evaluator: evaluates models; it keeps the model that it loaded last.
        items: of the development and test tasks.
        folder: the sweep's, shared by all processes.
        pairs: the checkpoints between which a method's merges lie, by method.
    """

    recipe: SweepRecipe
    evaluator: Evaluator
    items: TaskSplits
    folder: Path
    pairs: dict[str, Pair] = field(default_factory=dict)

    @property
    def parents(self) -> list[str]:
        """The base and the fine-tuned model."""
        return [self.recipe.base_model, self.recipe.model]

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """The merges of the grid, by name."""
        return {cell.name: cell for cell in self.recipe.cells()}

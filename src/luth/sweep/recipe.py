"""The keys of a sweep's recipe, and the grid of merges that it stands for."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from luth.core.recipes import Folder, is_local, nearest
from luth.merging.methods import Sweepable, mergekit_recipe, sweepable
from luth.merging.recipe import local_name, unread_names

Groups = dict[str, list[str]]


@dataclass
class GridMethod:
    """One of MergeKit's methods, with its own settings.

    Parameters:
        merge_method: slerp, linear, task_arithmetic, ties, breadcrumbs or nearswap.
        parameters: what the method takes beside the coefficient; ties and breadcrumbs need their density.
        coefficients: in place of the recipe's.
    """

    merge_method: str
    parameters: dict[str, float] = field(default_factory=dict)
    coefficients: list[float] | None = None


@dataclass
class FirstPass:
    """A pass over few items of every task, after which only merges that may still win go on.

    Parameters:
        max_samples: items of every development task, 2 or more.
        confidence: of the intervals that decide which merges may still win, between 0 and 1.
        finalists: the number of merges that go on at most, the best ones; null for all that may still win.
    """

    max_samples: Annotated[int, Field(ge=2)]
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    finalists: PositiveInt | None = None


@dataclass
class Criterion:
    """What makes a merge the best one. Names are groups of tasks; a group's score is the mean over its tasks.

    Parameters:
        maximise: the group that should gain: its score is to be the highest. Or several groups with their weights.
        keep: the group that should be kept: its score may not fall below the base's by more than `margin`; null for no
            such condition.
        margin: as a share of 1: 0.02 is two points.
    """

    maximise: str | dict[str, float]
    keep: str | None
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.02

    def weights(self) -> dict[str, float]:
        """Return the groups that should gain, with their weights."""
        return {self.maximise: 1.0} if isinstance(self.maximise, str) else self.maximise

    def __str__(self) -> str:
        """Say it in words."""
        weights = self.weights()
        groups = " and ".join(f"{name} (weight {weight:g})" for name, weight in weights.items())
        highest = f"the highest mean of {next(iter(weights)) if len(weights) == 1 else groups}"
        if self.keep is None:
            return highest
        return f"{highest} among merges whose {self.keep} is at most {100 * self.margin:g} points below the base's"


@dataclass
class SweepRecipe:
    """Which merges are tried, what decides, and what is reported.

    Parameters:
        base_model: the model that was fine-tuned; tokenizer, chat template and generation settings are its own.
        model: the fine-tuned model.
        dtype: MergeKit's dtype, of the merge and its result.
        merge_methods: MergeKit's methods, each with its settings.
        coefficients: 0 is the base. SLERP's t, the fine-tuned model's weight in a linear merge (the base has the
            rest), the lambda of task_arithmetic, ties and breadcrumbs, the t of nearswap.
        development: groups of tasks, each with a name; these decide.
        test: groups of tasks that are reported for the parents and the winner alone: those of `development` under the
            same names, and others.
        criterion: what makes a merge the best one.
        output_dir: the folder of all that the sweep writes.
        first_pass: null for all items of all merges at once.
        evaluation: keys of an evaluation's recipe: dtype, batch_size, max_samples, thinking, ...
    """

    base_model: str
    model: str
    dtype: Literal["float32", "bfloat16", "float16"]
    merge_methods: list[GridMethod]
    coefficients: list[float]
    development: Groups
    test: Groups
    criterion: Criterion
    output_dir: Folder
    first_pass: FirstPass | None = None
    evaluation: dict[str, Any] = field(default_factory=dict)

    def conflicts(self) -> list[str]:
        """List what is wrong with the models, the grid, the groups and the criterion."""
        lines = [
            f"{key}: the list is empty: name at least one"
            for key in ("merge_methods", "development", "test")
            if not getattr(self, key)
        ]
        same = self.base_model == self.model
        if same or (is_local(self.model) and Path(self.base_model).resolve() == Path(self.model).resolve()):
            lines.append(f"model: {self.model} is the base_model: name the fine-tuned model")
        lines += unread_names([self.base_model, self.model])
        return lines + self._grid_conflicts() + self._group_conflicts() + self._criterion_conflicts()

    def _grid_conflicts(self) -> list[str]:
        lines, methods = [], sweepable()
        for entry in self.merge_methods:
            name = entry.merge_method
            if name not in methods:
                close = nearest(name, methods)
                lines.append(f"merge_methods: {name!r}{close} cannot be swept: {', '.join(methods)} can")
                continue
            lines += _setting_conflicts(name, entry.parameters, methods[name])
            coefficients = self._coefficients(entry)
            if not coefficients:
                lines.append(f"coefficients: the list of {name} is empty: name at least one, such as 0.5")
            outside = [value for value in coefficients if not 0 <= value <= methods[name].highest]
            lines += [f"coefficients: {value} is outside 0 to {methods[name].highest} ({name})" for value in outside]
        names = Counter(cell.name for cell in self.cells())
        return lines + [f"the merge {name} is in the grid twice: leave one out" for name in names if names[name] > 1]

    def _group_conflicts(self) -> list[str]:
        lines = [
            f"test: the group {name!r} of development is missing{nearest(name, self.test)}"
            for name in self.development
            if name not in self.test
        ]
        for key, groups in (("development", self.development), ("test", self.test)):
            lines += [
                f"{key}: the group {name!r} must name its tasks, each once"
                for name, tasks in groups.items()
                if not tasks or len(set(tasks)) < len(tasks)
            ]
        return lines

    def _criterion_conflicts(self) -> list[str]:
        weights, keep = self.criterion.weights(), self.criterion.keep
        lines = [
            f"criterion: {name!r} is no group of development{nearest(name, self.development)}"
            for name in [*weights, *([] if keep is None else [keep])]
            if name not in self.development
        ]
        if not weights or min(weights.values()) <= 0:
            lines.append("criterion: maximise must name a group, or groups with weights above 0")
        return lines

    def _coefficients(self, entry: GridMethod) -> list[float]:
        return self.coefficients if entry.coefficients is None else entry.coefficients

    def cells(self) -> list["Cell"]:
        """Return the grid's merges, method by method, coefficients rising."""
        return [
            Cell(entry.merge_method, dict(entry.parameters), coefficient)
            for entry in self.merge_methods
            for coefficient in sorted(self._coefficients(entry))
        ]

    def mergekit_recipe(self, cell: "Cell") -> dict[str, Any]:
        """Return the MergeKit recipe of one merge of the grid."""
        base, tuned = local_name(self.base_model), local_name(self.model)
        return mergekit_recipe(cell.merge_method, base, tuned, cell.coefficient, cell.parameters, self.dtype)


def _setting_conflicts(name: str, parameters: dict[str, float], method: Sweepable) -> list[str]:
    """List what is wrong with a method's parameters beside its coefficient."""
    lines, known = [], (*method.required, *method.optional)
    for key, value in parameters.items():
        where = f"merge_methods: {name}: {key}"
        if key == method.coefficient:
            lines.append(f"{where} is the coefficient: set it under coefficients")
        elif key not in known:
            lines.append(f"{where}: unknown parameter{nearest(key, known)}: {name} takes {', '.join(known) or 'none'}")
        elif not 0 < value <= 1:
            lines.append(f"{where}: {value} is not above 0 and at most 1")
    # MergeKit's default for density is 1, which trims nothing.
    missing = [key for key in method.required if key not in parameters]
    return lines + [f"merge_methods: {name}: parameters must set {key}, such as 0.5" for key in missing]


@dataclass(frozen=True)
class Cell:
    """One merge of the grid.

    Parameters:
        merge_method: MergeKit's name of the method.
        parameters: those beside the coefficient.
        coefficient: 0 is the base.
    """

    merge_method: str
    parameters: dict[str, float]
    coefficient: float

    @property
    def method(self) -> str:
        """Return the method with its parameters, as in files and tables: ties-density-0.5."""
        return "-".join([self.merge_method, *(f"{key}-{value:g}" for key, value in sorted(self.parameters.items()))])

    @property
    def name(self) -> str:
        """Return the merge's name, as in files and tables: ties-density-0.5-0.3."""
        return f"{self.method}-{self.coefficient:g}"

"""The keys of a sweep's recipe, and the grid of merges that it stands for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from luth.core.errors import UserError
from luth.core.recipes import is_local, nearest
from luth.merging.recipe import local_name

# What the coefficient is called in MergeKit, and how far it goes.
COEFFICIENTS = {"slerp": ("t", 1), "linear": ("weight", 1), "task_arithmetic": ("lambda", 3), "ties": ("lambda", 3)}
# A method's other parameters, by MergeKit's names.
PARAMETERS = {"slerp": (), "linear": (), "task_arithmetic": (), "ties": ("density",)}


@dataclass
class Method:
    """One of MergeKit's methods, with its own settings.

    Parameters:
        merge_method: slerp, linear, task_arithmetic or ties.
        parameters: what the method takes beside the coefficient; ties needs its density.
        coefficients: in place of the recipe's.
    """

    merge_method: str
    parameters: dict[str, float] = field(default_factory=dict)
    coefficients: list[float] | None = None


@dataclass
class FirstPass:
    """A look at few items, after which only those go on that may still win.

    Parameters:
        max_samples: items of every development task.
        confidence: of the intervals that decide who is still in the race.
        finalists: at most so many go on, those that look best; null for all that are still in the race.
    """

    max_samples: int
    confidence: float = 0.95
    finalists: int | None = None


@dataclass
class Criterion:
    """What the best merge is. Names are groups of tasks; a group's score is the mean over its tasks.

    Parameters:
        maximise: the group whose score is to be highest, or groups with their weights.
        keep: the group whose score may not fall below the base's by more than `margin`; null for no such condition.
        margin: as a share of 1: 0.02 is two points.
    """

    maximise: str | dict[str, float] = "French"
    keep: str | None = "English"
    margin: float = 0.02

    def weights(self) -> dict[str, float]:
        """Return the groups whose mean is maximised, with their weights."""
        return {self.maximise: 1.0} if isinstance(self.maximise, str) else self.maximise

    def __str__(self) -> str:
        """Say it in words."""
        weights = self.weights()
        means = " and ".join(f"{name} (weight {weight:g})" for name, weight in weights.items())
        said = f"the highest mean of {next(iter(weights)) if len(weights) == 1 else means}"
        if self.keep is None:
            return said
        return f"{said} among merges whose {self.keep} is at most {100 * self.margin:g} points below the base's"


@dataclass
class SweepRecipe:
    """Which merges are tried, what decides, and what is reported.

    Parameters:
        base_model: the model that was fine-tuned; tokenizer, chat template and generation settings are its own.
        model: the fine-tuned model.
        dtype: MergeKit's dtype, of the merge and its result.
        merge_methods: MergeKit's methods.
        coefficients: the fine-tuned model's share, where 0 is the base: SLERP's t, the weight of a linear merge (the
            base has the rest), the lambda of task_arithmetic and ties.
        development: groups of tasks, each with a name; these decide.
        test: groups of tasks that are reported for the parents and the winner alone: those of `development` under the
            same names, and others.
        output_dir: where everything goes.
        criterion: what the best merge is.
        first_pass: null for all items of all merges at once.
        evaluation: keys of an evaluation's recipe: dtype, batch_size, max_samples, thinking, ...
    """

    base_model: str
    model: str
    dtype: Literal["float32", "bfloat16", "float16"]
    merge_methods: list[Method]
    coefficients: list[float]
    development: dict[str, list[str]]
    test: dict[str, list[str]]
    output_dir: str
    criterion: Criterion = field(default_factory=Criterion)
    first_pass: FirstPass | None = None
    evaluation: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise `UserError` for a grid, a criterion or groups that cannot be."""
        if not self.merge_methods or not self.development or not self.test:
            raise UserError("bad-recipe-value", "merge_methods, development and test must each name something")
        same = self.base_model == self.model
        if same or (is_local(self.model) and Path(self.base_model).resolve() == Path(self.model).resolve()):
            raise UserError("bad-recipe-value", f"model: {self.model} is the base_model: name the fine-tuned one")
        for method in self.merge_methods:
            _check_method(method)
            values = self.coefficients if method.coefficients is None else method.coefficients
            if not values:
                raise UserError(
                    "bad-recipe-value",
                    f"coefficients: {method.merge_method}'s list is empty: name at least one, such as 0.5",
                )
            for value in values:
                _, most = COEFFICIENTS[method.merge_method]
                if not 0 <= value <= most:
                    raise UserError(
                        "bad-recipe-value",
                        f"coefficients: {value} is outside {method.merge_method}'s range, 0 to {most}",
                    )
        names = [cell.name for cell in self.cells()]
        for name in names:
            if names.count(name) > 1:
                raise UserError("bad-recipe-value", f"the merge {name} is in the grid twice: leave one out")
        self._check_passes()
        self._check_groups()

    def _check_passes(self) -> None:
        first = self.first_pass
        if first is None:
            return
        if first.max_samples < 2 or (first.finalists is not None and first.finalists < 1):
            raise UserError("bad-recipe-value", "first_pass: max_samples must be 2 or more, finalists 1 or more")
        if not 0 < first.confidence < 1:
            raise UserError("bad-recipe-value", f"first_pass: confidence: {first.confidence} is not between 0 and 1")

    def _check_groups(self) -> None:
        for name in self.development:
            if name not in self.test:
                raise UserError(
                    "bad-recipe-value", f"test: the group {name!r} is in development only{nearest(name, self.test)}"
                )
        for name, tasks in [*self.development.items(), *self.test.items()]:
            if not tasks or len(set(tasks)) < len(tasks):
                raise UserError("bad-recipe-value", f"the group {name!r} must name its tasks, each once")
        criterion = self.criterion
        for name in [*criterion.weights(), *([criterion.keep] if criterion.keep is not None else [])]:
            if name not in self.development:
                close = nearest(name, self.development)
                raise UserError(
                    "bad-recipe-value",
                    f"criterion: {name!r} is no group of development{close}, and so is not evaluated",
                )
        if not criterion.weights() or min(criterion.weights().values()) <= 0:
            raise UserError(
                "bad-recipe-value", "criterion: maximise must name a group, or groups with weights above 0"
            )
        if not 0 <= criterion.margin < 1:
            raise UserError(
                "bad-recipe-value", f"criterion: margin: {criterion.margin} is not a share of 1: 0.02 is two points"
            )

    def cells(self) -> list["Cell"]:
        """Return the grid's merges, method by method, coefficients rising."""
        return [
            Cell(method.merge_method, dict(method.parameters), value)
            for method in self.merge_methods
            for value in sorted(self.coefficients if method.coefficients is None else method.coefficients)
        ]


def _check_method(method: Method) -> None:
    name = method.merge_method
    if name not in COEFFICIENTS:
        close = nearest(name, COEFFICIENTS)
        raise UserError(
            "bad-recipe-value",
            f"merge_methods: there is no method {name!r}{close}: {', '.join(COEFFICIENTS)} can be swept",
        )
    own, known = COEFFICIENTS[name][0], PARAMETERS[name]
    for key, value in method.parameters.items():
        if key == own:
            raise UserError(
                "bad-recipe-value", f"merge_methods: {name}: {key} is the coefficient: it stands under coefficients"
            )
        if key not in known:
            takes = f": it takes {', '.join(known)}" if known else ": it takes none"
            raise UserError(
                "bad-recipe-value", f"merge_methods: {name} takes no {key!r} here{nearest(key, known)}{takes}"
            )
        if key == "density" and not 0 < value <= 1:
            raise UserError(
                "bad-recipe-value", f"merge_methods: {name}: density: {value} is not above 0 and at most 1"
            )
    if name == "ties" and "density" not in method.parameters:
        raise UserError(
            "bad-recipe-value",
            "merge_methods: ties: its density is not said, and MergeKit's own, 1, trims nothing: set it",
        )


@dataclass(frozen=True)
class Cell:
    """One merge of the grid."""

    merge_method: str
    parameters: dict[str, float]
    coefficient: float

    @property
    def method(self) -> str:
        """Return what files and tables call its method with its parameters, such as ties-density-0.5."""
        return "-".join([self.merge_method, *(f"{key}-{value:g}" for key, value in sorted(self.parameters.items()))])

    @property
    def name(self) -> str:
        """Return what files and tables call it, such as ties-density-0.5-0.3."""
        return f"{self.method}-{self.coefficient:g}"

    def recipe(self, sweep: SweepRecipe) -> dict[str, Any]:
        """Return the MergeKit recipe that makes it."""
        base, tuned = local_name(sweep.base_model), local_name(sweep.model)
        recipe: dict[str, Any] = {"merge_method": self.merge_method, "base_model": base}
        if self.merge_method == "linear":
            shares = ((base, round(1 - self.coefficient, 12)), (tuned, self.coefficient))
            recipe["models"] = [{"model": model, "parameters": {"weight": share}} for model, share in shares]
        elif self.merge_method == "slerp":
            recipe.update(models=[{"model": tuned}], parameters={"t": self.coefficient})
        else:
            # One fine-tuned model: its weight is divided by itself where MergeKit normalises, and lambda is not.
            recipe["models"] = [{"model": tuned, "parameters": {"weight": 1.0, **self.parameters}}]
            recipe["parameters"] = {"lambda": self.coefficient}
        return {**recipe, "dtype": sweep.dtype}

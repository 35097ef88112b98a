"""The steps that a recipe can be for. To add one: an entry in STEPS and its script."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luth.core.console import say
from luth.core.errors import UserError
from luth.core.recipes import nearest, problems, read_recipe


@dataclass(frozen=True)
class Step:
    """A step: the script that takes its recipes, and a function that imports the dataclasses of their keys."""

    script: str
    schemas: Callable[[], tuple[type, ...]]


def _import_gguf() -> tuple[type, ...]:
    from luth.checkpoints.gguf import ImportRecipe

    return (ImportRecipe,)


def _build_dataset() -> tuple[type, ...]:
    from luth.data.recipe import DataRecipe

    return (DataRecipe,)


def _sft() -> tuple[type, ...]:
    from luth.training.sft_keys import SFT

    return SFT.schemas


def _sweep() -> tuple[type, ...]:
    from luth.sweep.recipe import SweepRecipe

    return (SweepRecipe,)


def _evaluate() -> tuple[type, ...]:
    from luth.evaluation.recipe import EvalRecipe

    return (EvalRecipe,)


def _report() -> tuple[type, ...]:
    from luth.reporting.recipe import ReportRecipe

    return (ReportRecipe,)


STEPS = {
    "import_gguf": Step("import_gguf.py", _import_gguf),
    "build_dataset": Step("build_dataset.py", _build_dataset),
    "sft": Step("sft.py", _sft),
    "sweep": Step("sweep.py", _sweep),
    "evaluate": Step("evaluate.py", _evaluate),
    "report": Step("report.py", _report),
}
# MergeKit's files have MergeKit's keys alone: no `step`.
MERGE_SCRIPT = "merge.py"


def read(path: str | Path, step: str) -> dict[str, Any]:
    """Read a recipe for one step; return its keys without `step`.

    A recipe that does not say its step is taken where its keys fit one step alone, and a line says what to add.

    Raises:
        UserError: the file is no recipe, is one of another step, or its step cannot be told.
    """
    recipe = read_recipe(path)
    found, certain = step_of(path, recipe, step)
    if found != step:
        script = MERGE_SCRIPT if found == "merge" else STEPS[found].script
        kind = "MergeKit's recipe" if found == "merge" else f"a recipe of the step {found}"
        raise UserError("wrong-step", f"{path} is {kind}: scripts/{script} takes it")
    if not certain:
        say(f"{path} does not say its step, and its keys fit {step} alone: add the line step: {step}")
    return {key: value for key, value in recipe.items() if key != "step"}


def step_of(path: str | Path, recipe: dict[str, Any], expected: str | None = None) -> tuple[str, bool]:
    """Return which step a recipe is for ("merge" for MergeKit's files), and whether it says so itself.

    Raises:
        UserError: it names no step that there is, or names none and fits none or several.
    """
    if "step" in recipe:
        step = recipe["step"]
        if step not in STEPS:
            names = ", ".join(STEPS)
            raise UserError("bad-recipe-value", f"{path}: step: {step!r}{nearest(step, STEPS)} is none of {names}")
        return step, True
    if "merge_method" in recipe:
        return "merge", True
    fitting = [name for name, step in STEPS.items() if _fits(recipe, step)]
    if len(fitting) == 1:
        return fitting[0], False
    if fitting:
        lines = " or ".join(f"step: {name}" for name in fitting)
        raise UserError("step-unclear", f"{path}: its keys fit {' and '.join(fitting)}: add the line {lines}")
    if expected is None:
        raise UserError("step-unclear", f"{path}: its keys fit no step: add the line step: one of {', '.join(STEPS)}")
    found = problems(recipe, *STEPS[expected].schemas())
    raise UserError("step-unclear", f"{path}: is it for {expected}? Add the line step: {expected}; {'; '.join(found)}")


def _fits(recipe: dict[str, Any], step: Step) -> bool:
    """Tell whether a step knows all keys of a recipe."""
    known = {field.name for schema in step.schemas() for field in dataclasses.fields(schema) if field.init}
    return set(recipe) <= known

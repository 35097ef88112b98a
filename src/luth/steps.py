"""The steps that have recipes. To add one: an entry in STEPS and a script."""

import dataclasses
import pkgutil
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


def _class(name: str) -> Callable[[], tuple[type, ...]]:
    """Return a function that imports a class by its name, `module:class`."""
    return lambda: (pkgutil.resolve_name(name),)


def _sft() -> tuple[type, ...]:
    from luth.training.sft_keys import SFT

    return SFT.schemas


STEPS = {
    "import_gguf": Step("import_gguf.py", _class("luth.checkpoints.gguf:ImportRecipe")),
    "build_dataset": Step("build_dataset.py", _class("luth.data.recipe:DataRecipe")),
    "sft": Step("sft.py", _sft),
    "sweep": Step("sweep.py", _class("luth.sweep.recipe:SweepRecipe")),
    "evaluate": Step("evaluate.py", _class("luth.evaluation.recipe:EvalRecipe")),
    "report": Step("report.py", _class("luth.reporting.recipe:ReportRecipe")),
    # No step, but checked like one: scores to compare with, which a report's recipe names.
    "published": Step("report.py", _class("luth.reporting.published:PublishedScores")),
}
# MergeKit's files have MergeKit's keys only: they name no step.
MERGE = "merge"
_merge = _class("luth.merging.recipe:MergeRecipe")


def read(path: str | Path, step: str) -> dict[str, Any]:
    """Read a recipe for one step; return its keys without `step`.

    A recipe that names no step is read if its keys fit this step alone; a line then says what to add.

    Args:
        path: the recipe's file.
        step: one of STEPS, or MERGE.

    Raises:
        UserError: the file is not a recipe, is for another step, or its step is unclear.
    """
    recipe = read_recipe(path)
    actual = step_of(path, recipe, step)
    if actual == "published":
        raise UserError(
            "wrong-step", f"{path} holds published scores: name it under published in a recipe of the step report"
        )
    if actual != step:
        raise UserError("wrong-step", f"{path} is a recipe for {actual}, not for {step}: scripts/{script_of(actual)}")
    if step == MERGE:
        return recipe
    if "step" not in recipe:
        say(f"{path} names no step, and its keys fit {step} alone: add the line step: {step}")
    return {key: value for key, value in recipe.items() if key != "step"}


def script_of(step: str) -> str:
    """Return the file name of the script that takes a step's recipes."""
    return "merge.py" if step == MERGE else STEPS[step].script


def step_of(path: str | Path, recipe: dict[str, Any], expected: str | None = None) -> str:
    """Return which step a recipe is for: the one it names, MERGE for MergeKit's files, or the only one its keys fit.

    Args:
        path: the recipe's file, for messages.
        recipe: its keys and values.
        expected: the step of the script that reads it, if there is one.

    Raises:
        UserError: the recipe names a step that does not exist, or names none and its keys fit none or several.
    """
    step = recipe.get("step")
    if isinstance(step, str) and step in STEPS:
        return step
    if "merge_method" in recipe:
        return MERGE
    if "step" in recipe:
        hint = nearest(step, STEPS) if isinstance(step, str) else ""
        names = ", ".join(STEPS)
        raise UserError(
            "bad-recipe-value",
            f"{path}: step: {step!r} is not a step{hint}: the steps are {names}; MergeKit's files name none",
        )
    if typo := _misspelt_step(recipe):
        raise UserError("bad-recipe-key", f"{path}: unknown key {typo!r} (did you mean 'step'?)")
    fitting = [name for name in STEPS if set(recipe) <= keys_of(name)]
    if expected == MERGE and (len(fitting) != 1 or set(recipe) <= keys_of(MERGE)):
        return MERGE
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        lines = " or ".join(f"step: {name}" for name in ([expected] if expected in fitting else fitting))
        raise UserError("step-unclear", f"{path}: its keys fit {' and '.join(fitting)}: add the line {lines}")
    raise UserError("step-unclear", f"{path}: its keys fit no step, and it names none: {_advice(recipe, expected)}")


def keys_of(step: str) -> set[str]:
    """Return every key that a step's recipes may have, `step` itself aside."""
    schemas = _merge() if step == MERGE else STEPS[step].schemas()
    return {field.name for schema in schemas for field in dataclasses.fields(schema) if field.init}


def _misspelt_step(recipe: dict[str, Any]) -> str | None:
    """Return a key that no step has and that is nearly called `step`."""
    known = set().union(*map(keys_of, (*STEPS, MERGE)))
    return next((key for key in recipe if key not in known and nearest(key, ["step"])), None)


def _advice(recipe: dict[str, Any], expected: str | None) -> str:
    """Say which step the keys are nearest to, and what is wrong with the recipe as one of that step."""
    shared = {name: len(set(recipe) & keys_of(name)) for name in STEPS}
    candidates = [name for name in STEPS if shared[name] == max(shared.values()) > 0]
    step = expected if expected in candidates else candidates[0] if len(candidates) == 1 else None
    if step is None:
        return f"add the line step: with one of {', '.join(STEPS)}"
    if expected not in (None, step):
        return f"they are nearest to those of {step}: scripts/{script_of(step)}, with the line step: {step}"
    found = "; ".join(problems(recipe, *STEPS[step].schemas()))
    return f"add the line step: {step}, and correct these mistakes: {found}"

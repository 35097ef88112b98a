"""The steps that a recipe takes, which rows each is given, and what its rows depend on."""

import dataclasses
import hashlib
import itertools
import json
from typing import Any

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.data.part import PART_STEPS, Read, Request
from luth.data.recipe import COMMON_STEPS, DataRecipe, Decontaminate

# Keys that say where something is, or who may use it: what is hashed in their place is what is there.
PLACES: dict[type, set[str]] = {
    Read: {"path", "revision", "licence"},
    Request: {"endpoint", "prompt"},
    Decontaminate: {"items"},
}


def check_order(recipe: dict[str, Any]) -> None:
    """Raise `UserError` for a step that is unknown, left blank, or named before one that it comes after.

    Args:
        recipe: as it was read from YAML: a mapping keeps the order of its keys.
    """
    parts = recipe.get("parts")
    if parts is not None and not isinstance(parts, dict):
        raise UserError("bad-recipe-value", "parts: write sources by name, such as parts: {mine: {read: ...}}")
    blocks = [(f"parts: {name}", part, PART_STEPS) for name, part in (parts or {}).items() if isinstance(part, dict)]
    if isinstance(recipe.get("steps"), dict):
        blocks.append(("steps", recipe["steps"], COMMON_STEPS))
    for where, block, order in blocks:
        for step in block:
            if step not in order:
                line = f"{where}: there is no step {step!r}{nearest(step, order)}: {', '.join(order)}"
                raise UserError("bad-recipe-key", line)
            if block[step] is None:
                line = f"{where}: {step} is blank: write {step}: {{}} to take it as it is, or leave it out"
                raise UserError("bad-recipe-value", line)
        for earlier, later in itertools.pairwise(block):
            if order.index(earlier) > order.index(later):
                line = f"{where}: {later} comes before {earlier}: the order is {', '.join(order)}"
                raise UserError("step-order", line)


def require_step(recipe: DataRecipe, step: str) -> None:
    """Raise `UserError` where a recipe does not take a step, such as judge."""
    names = {*map(step_of, plan(recipe)), "write", *(["push"] if recipe.steps.push else [])}
    taken = [name for name in (*PART_STEPS, *COMMON_STEPS) if name in names]
    if step not in taken:
        line = f"--only: the recipe has no step {step!r}{nearest(step, taken)}: it has {', '.join(taken)}"
        raise UserError("bad-argument", line)


def plan(recipe: DataRecipe) -> list[str]:
    """Return the names of the steps that a recipe takes, in their order, up to the mixture."""
    own = [f"{name}.{step}" for name, part in recipe.parts.items() for step in PART_STEPS if getattr(part, step)]
    return own + [step for step in COMMON_STEPS if step not in ("write", "push") and getattr(recipe.steps, step)]


def step_of(name: str) -> str:
    """Return which step a name of the plan is: tulu.read is read."""
    return name.split(".")[-1]


def settings_of(recipe: DataRecipe, name: str) -> Any:
    """Return a step's block of the recipe, by its name in the plan."""
    part, _, step = name.rpartition(".")
    return getattr(recipe.parts[part] if part else recipe.steps, step)


def before(steps: list[str], name: str) -> list[str]:
    """Return the steps whose rows one takes: the part's last, or for the first common one the last of every part."""
    earlier = steps[: steps.index(name)]
    if "." in name:
        return [step for step in earlier if step.split(".")[0] == name.split(".")[0]][-1:]
    common = [step for step in earlier if "." not in step]
    if common:
        return common[-1:]
    return list({step.split(".")[0]: step for step in earlier}.values())


def made_of(recipe: DataRecipe, inputs: dict[str, str], answers: bool = False) -> dict[str, str]:
    """Return a hash of all that a step's rows depend on, by the step's name; write is among them.

    Hashed are settings and what is read: sources, prompts, benchmark items. Code, its comments and docstrings are not,
    nor what changes no row, such as an endpoint's address, or a source's licence or place.

    Args:
        recipe: the dataset's.
        inputs: fingerprints of what is read.
        answers: whether to hash only what a model's answers depend on: neither the thresholds that rows must reach,
            nor the tokenizer.
    """
    hashes: dict[str, str] = {}
    steps = plan(recipe)
    tokenizer = None if answers else recipe.steps.write.tokenizer
    for name in steps:
        sources = [hashes[source] for source in before(steps, name)]
        hashes[name] = _hash([*_own(recipe, inputs, name, answers), recipe.tasks, tokenizer, *sources])
    return {**hashes, "write": _hash([recipe.steps.write.shards, hashes["mix"]])}


def _hash(content: list[Any]) -> str:
    # Keys are not sorted: a judge is asked the criteria in their order.
    return hashlib.sha256(json.dumps(content, default=repr).encode()).hexdigest()


def _own(recipe: DataRecipe, inputs: dict[str, str], name: str, answers: bool) -> list[Any]:
    """Return a step's own settings, and what else of the recipe and of its inputs it uses."""
    part_name, _, step = name.rpartition(".")
    block = settings_of(recipe, name)
    places = {key for kind, keys in PLACES.items() if isinstance(block, kind) for key in keys}
    settings = {key: value for key, value in dataclasses.asdict(block).items() if key not in places}
    if part_name:
        if answers:
            settings.pop("thresholds", None)
        return [settings, *_of_part(recipe, inputs, part_name, step)]
    if step == "decontaminate":
        return [settings, inputs[f"items: {block.items}"]]
    if step == "deduplicate":
        return [settings, list(recipe.parts)]
    if step == "mix":
        return [settings, list(recipe.parts), recipe.steps.write.shards]
    return [settings, recipe.language]


def _of_part(recipe: DataRecipe, inputs: dict[str, str], part_name: str, step: str) -> list[Any]:
    """Return what a part's step depends on beside its settings."""
    part = recipe.parts[part_name]
    if step == "read":
        return [inputs[f"parts: {part_name}"], part.generate is None]
    request = getattr(part, step)
    if not isinstance(request, Request):
        return []
    model, prompt = recipe.endpoints[request.endpoint].model, inputs[f"prompt: {request.prompt}"]
    return [model, prompt, recipe.language, recipe.language_name, part.generate is None]

"""The steps that a recipe takes, what each is given, and what its rows depend on."""

import dataclasses
import hashlib
import json
from typing import Any

from luth.data.recipe import ASKING, COMMON_STEPS, PART_STEPS, DataRecipe


def plan(recipe: DataRecipe) -> list[str]:
    """Return the names of the steps that a recipe takes, in their order, up to the mixture."""
    own = [f"{name}.{step}" for name, part in recipe.parts.items() for step in PART_STEPS if getattr(part, step)]
    return own + [step for step in COMMON_STEPS[:-2] if getattr(recipe.steps, step)]


def step_of(name: str) -> str:
    """Return which step a name of the plan is: tulu.read is read."""
    return name.split(".")[-1]


def before(steps: list[str], name: str) -> list[str]:
    """Return the steps whose rows one takes: the part's last, or for the first common one the last of every part."""
    earlier = steps[: steps.index(name)]
    if "." in name:
        return [step for step in earlier if step.split(".")[0] == name.split(".")[0]][-1:]
    common = [step for step in earlier if "." not in step]
    if common:
        return common[-1:]
    return list({step.split(".")[0]: step for step in earlier}.values())


def made_of(recipe: DataRecipe, inputs: dict[str, str], asked: bool = False) -> dict[str, str]:
    """Return a hash of all that a step's rows depend on, by the step's name; write is among them.

    What changes no row, such as an endpoint's address, its patience, a source's licence or place, is in none of them.

    Args:
        recipe: the dataset's.
        inputs: fingerprints of what is read.
        asked: whether it is what a model's answers depend on that is wanted: neither the thresholds that rows must
            reach nor the tokens that are counted.
    """
    found: dict[str, str] = {}
    steps = plan(recipe)
    counted = None if asked else recipe.steps.write.tokenizer
    for name in steps:
        given = [found[one] for one in before(steps, name)]
        found[name] = _hash([*_own(recipe, inputs, name, asked), recipe.tasks, counted, *given])
    return {**found, "write": _hash([recipe.steps.write.shards, found["mix"]])}


def _hash(content: list[Any]) -> str:
    # The order of keys counts: that of criteria is the one in which they are asked.
    return hashlib.sha256(json.dumps(content, default=repr).encode()).hexdigest()


def _own(recipe: DataRecipe, inputs: dict[str, str], name: str, asked: bool) -> list[Any]:
    """Return a step's own settings, and what else of the recipe and of its inputs it uses."""
    part_name, _, step = name.rpartition(".")
    part = recipe.parts[part_name] if part_name else None
    block = getattr(part or recipe.steps, step)
    # Of files and endpoints it is told below what they hold, wherever they are.
    elsewhere = {"licence", "endpoint", "path", "revision", "prompt", "items"}
    settings = {key: value for key, value in dataclasses.asdict(block).items() if key not in elsewhere}
    if part and step == "read":
        return [settings, inputs[f"parts: {part_name}"], part.generate is None]
    if part and step in ASKING:
        if asked:
            settings.pop("thresholds", None)
        language = [recipe.language, recipe.language_name, part.generate is None]
        return [settings, recipe.endpoints[block.endpoint].model, inputs[f"prompt: {block.prompt}"], *language]
    if step == "language":
        return [settings, recipe.language]
    if step == "decontaminate":
        return [settings, inputs[f"items: {block.items}"]]
    if step == "deduplicate":
        return [settings, list(recipe.parts)]
    return [settings, list(recipe.parts), recipe.steps.write.shards] if step == "mix" else [settings]

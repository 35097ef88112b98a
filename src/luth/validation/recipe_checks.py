"""All recipes checked together; nothing is loaded, downloaded or run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.core.recipes import build, is_local, mistakes, problems, read_recipe
from luth.data.inputs import require_languages
from luth.data.plan import check_order
from luth.data.recipe import DataRecipe
from luth.data.requests.jobs import require_prompt
from luth.data.sources.reading import require_source
from luth.evaluation.recipe import EvalRecipe
from luth.merging.recipe import MergeRecipe, local_parents
from luth.rows.file_formats import means_files
from luth.steps import MERGE, STEPS, step_of
from luth.sweep.recipe import SweepRecipe
from luth.training.arguments import Source, recipe_problems
from luth.training.masking import read_training_template
from luth.training.sft_keys import SFT
from luth.training.sources import local_files


def validate(files: list[Path]) -> list[str]:
    """Return one line for each mistake in the recipes: unreadable files first, then in the order of the files."""
    found = []
    recipes: dict[Path, dict[str, Any]] = {}
    for path in files:
        try:
            recipes[path] = read_recipe(path)
        except UserError as error:
            found.append(str(error))
    made = {recipe["output_dir"] for recipe in recipes.values() if isinstance(recipe.get("output_dir"), str)}
    for path, recipe in recipes.items():
        found += [f"{path}: {problem}" for problem in _problems(path, recipe, made)]
    return found


def _problems(path: Path, recipe: dict[str, Any], made: set[str]) -> list[str]:
    try:
        step = step_of(path, recipe)
    except UserError as error:
        return [str(error).removeprefix(f"{path}: ")]
    keys = {key: value for key, value in recipe.items() if key != "step" or step == MERGE}
    if step in CHECKS:
        return CHECKS[step](keys, made)
    schemas = STEPS[step].schemas()
    return mistakes(keys, *schemas) if len(schemas) == 1 else problems(keys, *schemas)


def _data_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    found = _refusal(lambda: check_order(recipe)) or mistakes(recipe, DataRecipe)
    if found:
        return found
    built = build("", recipe, DataRecipe)
    found += _refusal(lambda: require_languages(built))
    for part in built.parts.values():
        for step, request in part.requests().items():
            found += _refusal(lambda step=step, request=request: require_prompt(step, request.prompt))
        if is_local(part.read.path) or means_files(part.read.path):
            found += _refusal(lambda part=part: require_source("", part.read))
    return found


def _refusal(check: Callable[[], object]) -> list[str]:
    """Return the message of the error that a check raises, without the name of a file before it."""
    try:
        check()
    except UserError as error:
        return [str(error).removeprefix(": ")]
    return []


def _sft_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    found = recipe_problems(recipe, SFT)
    name = recipe.get("model_name_or_path")
    if isinstance(name, str) and is_local(name) and name not in made and not Path(name).is_dir():
        found.append(f"the model {name} is not there, and no recipe's output_dir names it")
    if isinstance(recipe.get("chat_template_path"), str):
        found += _refusal(lambda: read_training_template(recipe["chat_template_path"]))
    if not any(problem.startswith("datasets") for problem in found):
        for source in recipe.get("datasets") or []:
            found += _refusal(lambda source=source: local_files(Source(**source)))
    return found


def _unmade(models: list[str], made: set[str]) -> list[str]:
    there = {os.path.normpath(folder) for folder in made}
    return [
        f"{name} is merged, but no recipe's output_dir names it"
        for name in models
        if os.path.normpath(name) not in there and not Path(name).is_dir()
    ]


def _merge_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    return mistakes(recipe, MergeRecipe) + _unmade(local_parents(recipe), made)


def _sweep_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    from luth.sweep.task_splits import prepare

    parents = [recipe[key] for key in ("base_model", "model") if isinstance(recipe.get(key), str)]
    unmade = _unmade([name for name in parents if is_local(name)], made)
    found = mistakes(recipe, SweepRecipe)
    return (found or _refusal(lambda: prepare(build("", recipe, SweepRecipe)))) + unmade


def _eval_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    from luth.evaluation.tasks import task_table

    found = mistakes(recipe, EvalRecipe)
    if found:
        return found
    built = build("", recipe, EvalRecipe)
    return _refusal(lambda: task_table(built.custom_tasks).expand(built.tasks, built.max_samples))


# A step that is not here has its keys, types and conflicts checked, and no more.
CHECKS: dict[str, Callable[[dict[str, Any], set[str]], list[str]]] = {
    "build_dataset": _data_problems,
    "sft": _sft_problems,
    "sweep": _sweep_problems,
    "evaluate": _eval_problems,
    MERGE: _merge_problems,
}

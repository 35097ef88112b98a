"""All recipes checked together, without loading, downloading or running anything."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luth.checkpoints.gguf import ImportRecipe
from luth.core.errors import UserError
from luth.core.recipes import build, is_local, problems, read_recipe
from luth.data.recipe import ASKING, DataRecipe
from luth.data.recipe_checks import check, check_order
from luth.data.requests.jobs import require_prompt
from luth.data.sources.reading import means_files, require_source
from luth.evaluation.recipe import EvalRecipe
from luth.merging import recipe as merging
from luth.reporting.recipe import ReportRecipe
from luth.steps import STEPS, step_of
from luth.sweep.recipe import SweepRecipe
from luth.training.arguments import Source, recipe_problems
from luth.training.masking import read_training_template
from luth.training.sft_keys import SFT
from luth.training.sources import local_files


def validate(files: list[Path]) -> list[str]:
    """Return one line for every mistake in the recipes, in the files' order."""
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
        step, _ = step_of(path, recipe)
    except UserError as error:
        return [str(error).removeprefix(f"{path}: ")]
    recipe = {key: value for key, value in recipe.items() if key != "step"}
    if step == "build_dataset":
        return _data_problems(recipe)
    if step == "import_gguf":
        return problems(recipe, ImportRecipe)
    if step == "sft":
        return _sft_problems(recipe, made)
    if step == "merge":
        return merging.recipe_problems(recipe) + _unmade(merging.local_parents(recipe), made)
    if step == "sweep":
        return _sweep_problems(recipe, made)
    if step == "evaluate":
        return _eval_problems(recipe)
    if step == "report":
        return problems(recipe, ReportRecipe) or _said(ReportRecipe(**recipe).check)
    return problems(recipe, *STEPS[step].schemas())


def _data_problems(recipe: dict[str, Any]) -> list[str]:
    found = _said(lambda: check_order(recipe)) or problems(recipe, DataRecipe)
    if found:
        return found
    built = build("", recipe, DataRecipe)
    found = _said(lambda: check(built))
    for part in built.parts.values():
        for step in ASKING:
            asking = getattr(part, step)
            found += _said(lambda step=step, asking=asking: require_prompt(step, asking.prompt)) if asking else []
        if is_local(part.read.path) or means_files(part.read.path):
            found += _said(lambda part=part: require_source("", part.read))
    return found


def _said(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except UserError as error:
        return [str(error)]
    return []


def _sft_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    found = recipe_problems(recipe, SFT)
    name = recipe.get("model_name_or_path")
    if isinstance(name, str) and is_local(name) and name not in made and not Path(name).is_dir():
        found.append(f"the model {name} is not there, and no recipe's output_dir names it")
    if isinstance(recipe.get("chat_template_path"), str):
        found += _said(lambda: read_training_template(recipe["chat_template_path"]))
    if not any(problem.startswith("datasets") for problem in found):
        for source in recipe.get("datasets") or []:
            found += _said(lambda source=source: local_files(Source(**source)))
    return found


def _unmade(models: list[str], made: set[str]) -> list[str]:
    there = {os.path.normpath(folder) for folder in made}
    return [
        f"{name} is merged, but no recipe's output_dir names it"
        for name in models
        if os.path.normpath(name) not in there and not Path(name).is_dir()
    ]


def _sweep_problems(recipe: dict[str, Any], made: set[str]) -> list[str]:
    found = problems(recipe, SweepRecipe)
    if found:
        return found
    from luth.sweep.task_splits import evaluation_recipe, expand_groups

    built = build("", recipe, SweepRecipe)

    def check_tasks() -> None:
        development, test = expand_groups(built.development), expand_groups(built.test)
        evaluation_recipe(built.base_model, development, test, built.evaluation)

    parents = [name for name in (built.base_model, built.model) if is_local(name)]
    return _said(built.check) + _said(check_tasks) + _unmade(parents, made)


def _eval_problems(recipe: dict[str, Any]) -> list[str]:
    found = problems(recipe, EvalRecipe)
    if found:
        return found
    from luth.evaluation.items.loading import expand

    built = build("", recipe, EvalRecipe)
    return _said(built.check) + _said(lambda: expand(built.tasks, built.max_samples))

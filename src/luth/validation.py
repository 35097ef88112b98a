"""All recipes checked together, without loading, downloading or running anything."""

from pathlib import Path
from typing import Any

from trl.scripts.utils import DatasetConfig

from luth.errors import UserError
from luth.evaluation.recipe import EvalRecipe
from luth.gguf import ImportRecipe
from luth.merging import recipe as merging
from luth.recipe import is_local, read_recipe, require_valid
from luth.reporting.recipe import ReportRecipe
from luth.training import arguments as training
from luth.training.conversations import local_files
from luth.training.masking import read_training_template

# A recipe's kind shows in a key that only its kind has.
KINDS = {
    "gguf_file": "import",
    "model_name_or_path": "sft",
    "merge_method": "merge",
    "tasks": "eval",
    "groups": "report",
}


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
        try:
            _check(path, recipe, made)
        except UserError as error:
            found.append(str(error))
    return found


def _check(path: Path, recipe: dict[str, Any], made: set[str]) -> None:
    kinds = [kind for key, kind in KINDS.items() if key in recipe]
    if len(kinds) != 1:
        raise UserError(f"{path}: not a recipe of any step: one of the keys {', '.join(KINDS)} is expected")
    if kinds == ["import"]:
        require_valid(path, recipe, ImportRecipe)
    elif kinds == ["sft"]:
        _check_sft(path, recipe, made)
    elif kinds == ["merge"]:
        merging.check_recipe(path, recipe)
        for name in merging.local_parents(recipe):
            if name not in made and not Path(name).is_dir():
                raise UserError(f"{path}: {name} is merged, but no recipe's output_dir names it")
    elif kinds == ["eval"]:
        _check_eval(path, recipe)
    else:
        require_valid(path, recipe, ReportRecipe)


def _check_sft(path: Path, recipe: dict[str, Any], made: set[str]) -> None:
    training.check_recipe(path, recipe)
    name = recipe["model_name_or_path"]
    if is_local(name) and name not in made and not Path(name).is_dir():
        raise UserError(f"{path}: the model {name} is not there, and no recipe's output_dir names it")
    try:
        read_training_template(recipe["chat_template_path"])
        for source in recipe["datasets"]:
            local_files(DatasetConfig(**source))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _check_eval(path: Path, recipe: dict[str, Any]) -> None:
    require_valid(path, recipe, EvalRecipe)
    from luth.evaluation.run import check_tasks

    try:
        check_tasks(recipe["tasks"], recipe.get("max_samples"))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None

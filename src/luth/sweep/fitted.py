"""The parents of a sweep, made alike where one was fine-tuned with another template or other tokens."""

import dataclasses
from pathlib import Path

from luth.checkpoints.fitting import Fit, fit, fits
from luth.checkpoints.models import model_folder, require_chat_template
from luth.core.console import say
from luth.core.files import written_beside
from luth.merging.parents import check_parents
from luth.sweep.recipe import SweepRecipe
from luth.sweep.sharing import share


def needed_fits(recipe: SweepRecipe) -> dict[str, Fit]:
    """Return what the parents must be given to be alike; where nothing, raise `UserError` if they cannot be merged."""
    parents = [recipe.base_model, recipe.model]
    needed = fits(parents)
    if not needed:
        check_parents({name: model_folder(name) for name in parents})
        require_chat_template(recipe.base_model)
    return needed


def alike(recipe: SweepRecipe, needed: dict[str, Fit]) -> SweepRecipe:
    """Return the recipe with the folders of parents that are alike; they lie in the sweep's folder, in `parents`.

    Args:
        recipe: the sweep's.
        needed: what its parents must be given (`luth.checkpoints.fitting.fits`).

    Raises:
        UserError: the parents cannot be merged.
    """
    if not needed:
        return recipe
    folder = Path(recipe.output_dir)
    places = {name: folder / "parents" / Path(name).name for name in needed}
    if len(set(places.values())) < len(places):
        places[recipe.model] = folder / "parents" / "model"

    def make(piece: str) -> None:
        name = list(needed)[int(piece)]
        say(f"For the sweep {needed[name].reason}: it lies in {places[name]}.")
        with written_beside(places[name]) as beside:
            fit(name, needed[name], beside)

    pieces = [str(number) for number in range(len(needed))]
    share(folder, "parents", pieces, lambda piece: places[list(needed)[int(piece)]].is_dir(), make)
    base, model = (str(places.get(name, name)) for name in (recipe.base_model, recipe.model))
    check_parents({recipe.base_model: model_folder(base), recipe.model: model_folder(model)})
    return dataclasses.replace(recipe, base_model=base, model=model)

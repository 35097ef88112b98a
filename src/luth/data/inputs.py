"""What a build reads: checked, and noted by fingerprints, before anything is done."""

import hashlib
from pathlib import Path

from luth import languages
from luth.core.errors import UserError
from luth.core.files import sha256
from luth.data.filters.decontamination import item_files, read_items
from luth.data.filters.language_model import known
from luth.data.filters.quality import require_rules
from luth.data.output.tokens import load_tokenizer
from luth.data.part import Request
from luth.data.plan import settings_of, step_of
from luth.data.recipe import DataRecipe
from luth.data.requests.jobs import require_prompt
from luth.data.sources.reading import pinned, require_source


def check_inputs(recipe: DataRecipe, recorded: dict[str, str]) -> dict[str, str]:
    """Check all that a build reads; return fingerprints of it, by name.

    Every part's source is fixed in the recipe to what it is now, or was when `recorded` was returned.

    Raises:
        UserError: a source, a column, a prompt, a rule, a tokenizer or an item folder is not there.
    """
    inputs: dict[str, str] = {}
    require_languages(recipe)
    for name, part in recipe.parts.items():
        part.read, inputs[f"parts: {name}"] = pinned(part.read, recorded.get(f"parts: {name}"))
        require_source(name, part.read)
        for step, request in part.requests().items():
            prompt = require_prompt(step, request.prompt)
            inputs[f"prompt: {request.prompt}"] = hashlib.sha256(prompt.encode()).hexdigest()
    if recipe.steps.quality:
        require_rules(recipe.steps.quality.rules)
    if recipe.steps.decontaminate:
        items = Path(recipe.steps.decontaminate.items)
        read_items(items)
        inputs[f"items: {items}"] = sha256(*item_files(items))
    if recipe.steps.write.tokenizer:
        load_tokenizer(recipe.steps.write.tokenizer)
    return inputs


def require_languages(recipe: DataRecipe) -> None:
    """Raise `UserError` where a language of the recipe is none that can be identified."""
    selected = [code for part in recipe.parts.values() if part.select for code in part.select.languages]
    for language in dict.fromkeys([recipe.language, *selected]):
        if language in known():
            continue
        codes = {name.lower(): each.code for each in languages.known().values() for name in (each.name, each.own_name)}
        code = codes.get(language.lower())
        hint = f" (did you mean {code!r}?)" if code else ""
        advice = f"give an ISO 639-1 code that fastText's lid.176 knows, such as {next(iter(languages.known()))}"
        raise UserError("unknown-language", f"language: {language!r} cannot be identified{hint}: {advice}")


def require_keys(recipe: DataRecipe, steps: list[str]) -> None:
    """Raise `UserError` where one of some steps, by their names in the plan, asks a server whose key is not there."""
    for name in steps:
        if step_of(name) not in ("mix", "write") and isinstance(request := settings_of(recipe, name), Request):
            recipe.endpoints[request.endpoint].key()

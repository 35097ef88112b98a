"""MergeKit recipes: checked before MergeKit runs. Their keys are MergeKit's (its docs: configuration format)."""

from dataclasses import dataclass
from typing import Any

from luth.core.recipes import is_local, nearest, problems

# MergeKit 0.1.5's (merge_methods/registry.py).
METHODS = (
    "linear",
    "slerp",
    "task_arithmetic",
    "ties",
    "dare_ties",
    "dare_linear",
    "breadcrumbs",
    "breadcrumbs_ties",
    "della",
    "della_linear",
    "model_stock",
    "nuslerp",
    "multislerp",
    "karcher",
    "nearswap",
    "arcee_fusion",
    "passthrough",
    "ram",
    "ramplus_tl",
    "sce",
)

# What these methods read of `parameters`; MergeKit ignores the rest without a word.
PARAMETERS = {
    "slerp": ("t",),
    "linear": ("weight", "normalize"),
    "task_arithmetic": ("weight", "normalize", "lambda", "int8_mask", "rescale"),
    "ties": ("weight", "density", "normalize", "lambda", "int8_mask", "rescale"),
}


@dataclass
class ModelEntry:
    """One entry of `models`."""

    model: str
    parameters: dict[str, Any] | None = None


@dataclass
class MergeRecipe:
    """MergeKit's top-level keys."""

    merge_method: str
    base_model: str | None = None
    models: list[ModelEntry] | None = None
    slices: list[dict[str, Any]] | None = None
    modules: dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None
    dtype: str | None = None
    out_dtype: str | None = None
    tokenizer: dict[str, Any] | None = None
    tokenizer_source: str | None = None
    chat_template: str | None = None


def recipe_problems(recipe: dict[str, Any]) -> list[str]:
    """List unknown keys, wrong types, an unknown method, a lack of models, and SLERP shares outside 0 to 1."""
    found = problems(recipe, MergeRecipe)
    method = recipe.get("merge_method")
    if isinstance(method, str) and method not in METHODS:
        found.append(f"merge_method: MergeKit has no {method!r}{nearest(method, METHODS)}")
    for name, value in _parameters(recipe):
        known = PARAMETERS.get(str(method))
        if known and name not in known:
            found.append(f"parameters: {method} has no {name!r}{nearest(name, known)}: it has {', '.join(known)}")
        for entry in value if isinstance(value, list) else []:
            wrong = [key for key in entry if key not in ("filter", "value")] if isinstance(entry, dict) else []
            found += [f"parameters: {name}: unknown key {key!r}{nearest(key, ('filter', 'value'))}" for key in wrong]
    if not any(recipe.get(key) for key in ("models", "slices", "modules")):
        found.append("one of 'models', 'slices' and 'modules' must say what is merged")
    wrong = [share for share in _values(recipe, "t") if not 0 <= share <= 1]
    return found + [f"parameters: t: {share} is outside 0 (the base) to 1 (the other model)" for share in wrong]


def _parameters(value: Any) -> list[tuple[str, Any]]:
    """Return every parameter of a recipe with its value, wherever it stands."""
    if isinstance(value, list):
        return [one for inner in value for one in _parameters(inner)]
    if not isinstance(value, dict):
        return []
    own = value.get("parameters")
    found = list(own.items()) if isinstance(own, dict) else []
    return found + [one for key, inner in value.items() if key != "parameters" for one in _parameters(inner)]


def _values(value: Any, name: str, inside: bool = False) -> list[float]:
    """Return every number that a parameter has anywhere: alone, by layers in a list, by filter."""
    if isinstance(value, dict):
        return [
            number
            for key, inner in value.items()
            for number in _values(inner, name, key == name or (inside and key == "value"))
        ]
    if isinstance(value, list):
        return [number for inner in value for number in _values(inner, name, inside)]
    return [value] if inside and isinstance(value, int | float) else []


def parents(recipe: dict[str, Any]) -> list[str]:
    """Return every model that a merge recipe names, the base first, each once."""
    names = []

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("model", "base_model") and isinstance(inner, str):
                    names.append(inner)
                else:
                    visit(inner)
        elif isinstance(value, list):
            for inner in value:
                visit(inner)

    visit({"base_model": recipe.get("base_model")})
    visit(recipe)
    return list(dict.fromkeys(names))


def local_name(model: str) -> str:
    """Return a model's name as MergeKit knows it for a folder of this machine: it asks the Hub about `a` and `a/b`."""
    if is_local(model) and not model.startswith((".", "/", "~")) and model.count("/") < 2:
        return f"./{model}"
    return model


def with_local_names(value: Any) -> Any:
    """Return a recipe whose models have the names of `local_name`."""
    if isinstance(value, dict):
        named = {"model", "base_model"}
        return {
            key: local_name(inner) if key in named and isinstance(inner, str) else with_local_names(inner)
            for key, inner in value.items()
        }
    return [with_local_names(inner) for inner in value] if isinstance(value, list) else value


def filters(value: Any) -> list[str]:
    """Return every filter of a recipe's parameters: a part of tensors' names, to which MergeKit applies a value."""
    if isinstance(value, list):
        return [name for inner in value for name in filters(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["filter"]] if isinstance(value.get("filter"), str) and "value" in value else []
    return own + [name for inner in value.values() for name in filters(inner)]


def local_parents(recipe: dict[str, Any]) -> list[str]:
    """Return those parents that are folders on this machine, and not models on the Hub."""
    return [name for name in parents(recipe) if is_local(name)]

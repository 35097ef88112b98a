"""MergeKit's recipes, checked before MergeKit runs. Their keys are MergeKit's (its docs: configuration format)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from luth.core.recipes import is_local, nearest
from luth.merging.methods import METHODS

FILTER_KEYS = ("filter", "value")


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

    def conflicts(self) -> list[str]:
        """List an unknown method or parameter, a lack of models, and SLERP's t outside 0 to 1."""
        keys, lines = asdict(self), []
        method = METHODS.get(self.merge_method)
        if method is None:
            lines.append(f"merge_method: MergeKit has no {self.merge_method!r}{nearest(self.merge_method, METHODS)}")
        for name, value in _parameters(keys):
            if method and name not in method.reads:
                has = f"it has {', '.join(method.reads)}" if method.reads else "it has none"
                lines.append(f"parameters: {self.merge_method} has no {name!r}{nearest(name, method.reads)}: {has}")
            for entry in value if isinstance(value, list) else []:
                unknown = [key for key in entry if key not in FILTER_KEYS] if isinstance(entry, dict) else []
                lines += [f"parameters: {name}: unknown key {key!r}{nearest(key, FILTER_KEYS)}" for key in unknown]
        if not (self.models or self.slices or self.modules):
            lines.append("one of 'models', 'slices' and 'modules' must say what is merged")
        lines += [
            f"slices: layer_range: {found!r} is not [FIRST, END], two whole numbers, of which END is no layer any more"
            for found in _layer_ranges(self.slices or [])
            if not _is_range(found)
        ]
        shares = [share for name, value in _parameters(keys) if name == "t" for share in _numbers(value)]
        outside = [share for share in shares if not 0 <= share <= 1]
        return lines + [f"parameters: t: {share} is outside 0 (the base) to 1 (the other model)" for share in outside]


def _layer_ranges(slices: list[dict[str, Any]]) -> list[Any]:
    """Return the layer_range of every source of `slices`, None where there is none."""
    sources = [part.get("sources") or [{}] for part in slices]
    return [
        source.get("layer_range") if isinstance(source, dict) else None
        for each in sources
        for source in (each if isinstance(each, list) else [{}])
    ]


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(number) is int for number in value)
        and 0 <= value[0] < value[1]
    )


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Give every key of nested mappings and lists with its value, outer ones first."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _parameters(recipe: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return every parameter of a recipe with its value, wherever it stands."""
    mappings = [value for key, value in _walk(recipe) if key == "parameters" and isinstance(value, dict)]
    return [parameter for mapping in mappings for parameter in mapping.items()]


def _numbers(value: Any) -> list[float]:
    """Return every number of a parameter's value: alone, by layers in a list, by filter."""
    if isinstance(value, list):
        return [number for inner in value for number in _numbers(inner)]
    if isinstance(value, dict):
        return _numbers(value.get("value"))
    return [value] if isinstance(value, int | float) else []


def parents(recipe: dict[str, Any]) -> list[str]:
    """Return every model that a merge recipe names, the base first, each once."""
    named = [value for key, value in _walk(recipe) if key in ("model", "base_model") and isinstance(value, str)]
    base = recipe.get("base_model")
    return list(dict.fromkeys([base, *named] if isinstance(base, str) else named))


def local_name(model: str) -> str:
    """Return the name by which MergeKit finds a folder on this machine: it looks for `a` and `a/b` on the Hub."""
    if is_local(model) and not model.startswith((".", "/", "~")) and model.count("/") < 2:
        return f"./{model}"
    return model


def with_local_names(value: Any, folders: dict[str, str] | None = None) -> Any:
    """Return a recipe whose models have the names of `local_name`, or the folders that stand in for them."""
    if isinstance(value, dict):
        named, instead = {"model", "base_model", "tokenizer_source"}, folders or {}
        return {
            key: instead.get(inner, local_name(inner) if key != "tokenizer_source" else inner)
            if key in named and isinstance(inner, str)
            else with_local_names(inner, folders)
            for key, inner in value.items()
        }
    return [with_local_names(inner, folders) for inner in value] if isinstance(value, list) else value


def makes_tokenizer(recipe: dict[str, Any]) -> bool:
    """Tell whether MergeKit makes the merge's tokenizer by the recipe, and brings the embeddings in line with it."""
    return bool(recipe.get("tokenizer_source") or recipe.get("tokenizer"))


def filters(recipe: dict[str, Any]) -> list[str]:
    """Return a recipe's filters: MergeKit gives a parameter's value to tensors whose name contains the filter."""
    return [value for key, value in _walk(recipe) if key == "filter" and isinstance(value, str)]


def local_parents(recipe: dict[str, Any]) -> list[str]:
    """Return those parents that are folders on this machine, and not models on the Hub."""
    return [name for name in parents(recipe) if is_local(name)]

"""MergeKit's recipes, checked before MergeKit runs. Their keys are MergeKit's (its docs: configuration format)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import PositiveInt

from luth.core.recipes import is_local, nearest
from luth.merging.methods import METHODS

FILTER_KEYS = ("filter", "value")
# MergeKit 0.1.5's dtypes of weights, and its chat templates.
DTYPES = ("float32", "bfloat16", "float16", "float64")
CHAT_TEMPLATES = ("auto", "alpaca", "chatml", "exaone", "llama3", "mistral")
# Parameters that are shares.
SHARES = {"t": "0 (the base) to 1 (the other model)", "density": "0 to 1", "gamma": "0 to 1"}


@dataclass
class ModelEntry:
    """One entry of `models`."""

    model: str
    parameters: dict[str, Any] | None = None


@dataclass
class Source:
    """One model's part in an entry of `slices`."""

    model: Any
    layer_range: Any = None
    parameters: dict[str, Any] | None = None


@dataclass
class Slice:
    """One entry of `slices`."""

    sources: list[Source]
    base_model: str | None = None
    residual_weight: float | None = None
    parameters: dict[str, Any] | None = None


@dataclass
class Module:
    """One entry of `modules`."""

    slices: list[Slice] | None = None
    models: list[ModelEntry] | None = None
    parameters: dict[str, Any] | None = None


@dataclass
class TokenizerKeys:
    """The keys of `tokenizer`."""

    source: str = "union"
    tokens: dict[str, Any] | None = None
    pad_to_multiple_of: PositiveInt | None = None


@dataclass
class MergeRecipe:
    """MergeKit's keys."""

    merge_method: str
    base_model: str | None = None
    models: list[ModelEntry] | None = None
    slices: list[Slice] | None = None
    modules: dict[str, Module] | None = None
    parameters: dict[str, Any] | None = None
    dtype: str | None = None
    out_dtype: str | None = None
    tokenizer: TokenizerKeys | None = None
    tokenizer_source: str | None = None
    chat_template: str | None = None

    def conflicts(self) -> list[str]:
        """List what MergeKit would ignore without a word, or refuse when it is at work."""
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
            outside = [share for share in _numbers(value) if name in SHARES and not 0 <= share <= 1]
            lines += [f"parameters: {name}: {share} is outside {SHARES[name]}" for share in outside]
        if sum(map(bool, (self.models, self.slices, self.modules))) != 1:
            lines.append("one of 'models', 'slices' and 'modules' must say what is merged, and one alone")
        lines += [
            f"slices: layer_range: {source.layer_range!r} is not [FIRST, END], two whole numbers, of which END is no "
            f"layer any more"
            for part in self.slices or []
            for source in part.sources
            if not _is_range(source.layer_range)
        ]
        return lines + self._weight_conflicts() + self._name_conflicts(parents(keys))

    def _weight_conflicts(self) -> list[str]:
        """List weights whose sum a linear merge cannot divide by."""
        weights = [(entry.parameters or {}).get("weight") for entry in self.models or []]
        numbers = [weight for weight in weights if isinstance(weight, int | float)]
        normalised = (self.parameters or {}).get("normalize", True)
        if self.merge_method == "linear" and normalised and weights and len(numbers) == len(weights):
            if sum(numbers) == 0:
                return [
                    "parameters: weight: the weights sum to 0, by which linear divides: choose others, or set "
                    "normalize: false"
                ]
        return []

    def _name_conflicts(self, models: list[str]) -> list[str]:
        """List names that MergeKit does not know, or takes for something else."""
        lines = [
            f"{key}: MergeKit has no {value!r}{nearest(value, DTYPES)}: it has {', '.join(DTYPES)}"
            for key, value in (("dtype", self.dtype), ("out_dtype", self.out_dtype))
            if value is not None and value.removeprefix("torch.") not in DTYPES
        ]
        template = self.chat_template
        if template and template not in CHAT_TEMPLATES and ("{" not in template or len(template) < 20):
            lines.append(
                f"chat_template: {template!r} is neither one of MergeKit's ({', '.join(CHAT_TEMPLATES)}) nor Jinja "
                f"text: of a file, write the text here (chat_template: |)"
            )
        source = self.tokenizer_source
        if source and self.tokenizer:
            lines.append("tokenizer_source: tokenizer says the same: keep one of them")
        if source and "/" not in source and not is_local(source) and source not in ("base", "union"):
            lines += [f"tokenizer_source: {source!r}{hint}" for hint in [nearest(source, ("base", "union"))] if hint]
        return lines + unread_names(models)


def unread_names(models: list[str]) -> list[str]:
    """List names of models that MergeKit takes apart."""
    return [
        f"{name}: MergeKit takes what follows + in a model's name for an adapter, and what follows @ for a revision, "
        f"which are not taken here: rename the folder, or merge the adapter into its base first"
        for name in models
        if "+" in name or "@" in name
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


def with_base(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe that names a base, the first parent, where the method computes nothing with one.

    MergeKit takes the merge's config.json and tokenizer from the base, and without one from any parent, another one in
    every run.
    """
    method = METHODS[recipe["merge_method"]]
    return (
        recipe if recipe.get("base_model") or not method.ignores_base else {**recipe, "base_model": parents(recipe)[0]}
    )


def local_parents(recipe: dict[str, Any]) -> list[str]:
    """Return those parents that are folders on this machine, and not models on the Hub."""
    return [name for name in parents(recipe) if is_local(name)]

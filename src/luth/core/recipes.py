"""Read YAML recipes strictly: every key is known, every value has its type, and all mistakes are listed at once."""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError

from luth.core.errors import UserError

Recipe = TypeVar("Recipe")
# A folder to write into: an empty name would be the folder in which the command is started.
Folder = Annotated[str, Field(min_length=1)]
# What pydantic calls a value that has the right type and is out of bounds.
OUT_OF_BOUNDS = {
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "finite_number",
    "string_too_short",
    "value_error",
}


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuse a key that appears twice: PyYAML itself keeps the last one without a message."""


def _mapping_with_unique_keys(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise yaml.YAMLError(f"line {node.value[position][0].start_mark.line + 1}: the key {key!r} appears twice")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_with_unique_keys)


def yaml_value(text: str) -> Any:
    """Return what a text is in YAML, whose mappings hold no key twice."""
    return yaml.load(text, Loader=_UniqueKeyLoader)


def read_recipe(path: str | Path) -> dict[str, Any]:
    """Read one YAML mapping.

    Raises:
        UserError: the file is missing, empty, not UTF-8, not YAML, not a mapping, or holds a key twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            "recipe-not-found", f"{path}: no such recipe{looked_in(path)}: recipes/ holds those of Luth"
        ) from None
    except IsADirectoryError:
        raise UserError("recipe-not-found", f"{path} is a folder: name one of the .yaml files in it") from None
    except UnicodeDecodeError as error:
        raise UserError("bad-recipe", f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise UserError("bad-recipe", f"{path} cannot be read: {error.strerror}") from None
    try:
        recipe = yaml_value(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError("bad-recipe", f"{path} is not valid YAML: {line}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError("bad-recipe", f"{path} is not valid YAML: {error}") from None
    except RecursionError:
        raise UserError("bad-recipe", f"{path} is nested too deeply") from None
    if not isinstance(recipe, dict):
        content = "is empty" if recipe is None else f"holds a {type(recipe).__name__}"
        raise UserError("bad-recipe", f"{path} {content}: a recipe is a YAML mapping of keys to values")
    return recipe


# Short names that people know from other tools, and the keys that they may stand for.
SHORT_NAMES = {
    "lr": ("learning_rate",),
    "bs": ("per_device_train_batch_size", "batch_size"),
    "batch_size": ("per_device_train_batch_size",),
    "micro_batch_size": ("per_device_train_batch_size",),
    "train_batch_size": ("global_batch_size",),
    "grad_accum": ("global_batch_size",),
    "gradient_accumulation": ("global_batch_size",),
    "epochs": ("num_train_epochs",),
    "num_epochs": ("num_train_epochs",),
    "steps": ("max_steps",),
    "iters": ("max_steps",),
    "model": ("model_name_or_path", "models"),
    "base_model": ("model_name_or_path", "base_model"),
    "data": ("datasets",),
    "dataset": ("datasets",),
    "out": ("output_dir",),
    "output": ("output_dir",),
    "seq_len": ("max_length",),
    "sequence_len": ("max_length",),
    "seq_length": ("max_length",),
    "max_seq_len": ("max_length",),
    "max_seq_length": ("max_length",),
    "cutoff_len": ("max_length",),
    "wd": ("weight_decay",),
    "warmup_ratio": ("warmup_steps",),
    "scheduler": ("lr_scheduler_type",),
    "resume": ("resume_from_checkpoint",),
    "save_every": ("save_steps",),
    "attn": ("attn_implementation",),
    "rank": ("lora_r",),
    "optimizer": ("optim",),
    "grad_clip": ("max_grad_norm",),
    "wandb": ("report_to",),
    "template": ("chat_template_path",),
    "chat_template": ("chat_template_path",),
    "lora": ("use_peft",),
    "n": ("max_samples",),
    "num_samples": ("max_samples",),
    "max_tokens": ("generation_parameters.max_new_tokens",),
    "temp": ("generation_parameters.temperature",),
}


def nearest(name: str, names: Iterable[str]) -> str:
    """Return " (did you mean 'X'?)" for the closest of `names`, or an empty text where none is close."""
    # Options are alike in their dashes, which says nothing.
    bare = {str(each).lstrip("-"): each for each in names}
    asked = str(name).lstrip("-")
    close = [key for key in SHORT_NAMES.get(asked, ()) if key in bare]
    close += difflib.get_close_matches(asked, bare, n=1, cutoff=0.5)
    return f" (did you mean {bare[close[0]]!r}?)" if close else ""


def problems(recipe: dict[str, Any], *schemas: type) -> list[str]:
    """Check a recipe's keys and values against the fields of dataclasses; return one sentence for each mistake.

    Values are checked in pydantic's lax mode: '2e-5', which YAML 1.1 reads as text, is a number; 'ten' is not. Bounds
    are part of a field's annotation: pydantic's types (PositiveInt), or Annotated[int, Field(ge=2)].
    """
    fields = {field.name: schema for schema in schemas for field in dataclasses.fields(schema) if field.init}
    annotations = {schema: typing.get_type_hints(schema, include_extras=True) for schema in schemas}
    found = []
    for key, value in recipe.items():
        if key not in fields:
            found.append(f"unknown key {key!r}{nearest(key, fields)}")
        elif problem := _value_problem(annotations[fields[key]][key], value):
            found.append(f"{key}: {problem}")
    required = [field.name for schema in schemas for field in dataclasses.fields(schema) if _is_required(field)]
    return found + [f"the key {name!r} is missing" for name in required if name not in recipe]


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value_problem(annotation: Any, value: Any) -> str | None:
    """Return what is wrong with a value, looking into the dataclasses that it holds; None where it is right."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union) and value is not None:
        kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
        annotation = kinds[0] if len(kinds) == 1 else annotation
    container, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if _is_schema(annotation) and isinstance(value, dict):
        return "; ".join(problems(value, annotation)) or None
    if container is list and isinstance(value, list) and _is_schema(arguments[0]):
        return _entry_problems(arguments[0], [(f"entry {n}", entry) for n, entry in enumerate(value, 1)])
    if container is dict and isinstance(value, dict):
        if arguments[0] is str and (others := [key for key in value if not isinstance(key, str)]):
            return f"the key {others[0]!r} is not text: put it in quotes"
        if _is_schema(arguments[1]):
            return _entry_problems(arguments[1], list(value.items()))
    return _type_problem(annotation, value)


def _is_schema(annotation: Any) -> typing.TypeGuard[type]:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def _entry_problems(schema: type, entries: list[tuple[str, Any]]) -> str | None:
    found = [(name, _value_problem(schema, entry)) for name, entry in entries]
    return "; ".join(f"{name}: {problem}" for name, problem in found if problem) or None


def _type_problem(annotation: Any, value: Any) -> str | None:
    # pydantic takes no configuration for a dataclass, which has its own.
    config = None if _is_schema(annotation) else ConfigDict(arbitrary_types_allowed=True)
    try:
        adapter = TypeAdapter(annotation, config=config)
    except PydanticUserError:
        # pydantic has no rule for this type: the library that declared it checks the value itself.
        return None
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        for inner in error.errors():
            if where := _keys_to(value, inner["loc"]):
                return f"{': '.join(where)}: {inner['input']!r}: {inner['msg'].lower()}"
        if first["type"] in OUT_OF_BOUNDS:
            return f"{value!r}: {first['msg'].lower()}"
        return f"{value!r} is not of type {_type_name(annotation)} ({first['msg'].lower()})"
    return None


def _keys_to(value: Any, location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that lead to a mistake inside a mapping; pydantic's location also has types between them."""
    keys = []
    for part in location:
        if isinstance(value, dict) and part in value:
            keys.append(str(part))
            value = value[part]
    return keys


def _type_name(annotation: Any) -> str:
    """Return a type as a user may read it: "bool or 'both' or null"."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type_name(inner[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_type_name, inner))
    if origin is typing.Literal:
        return " or ".join(map(repr, inner))
    if annotation is types.NoneType:
        return "null"
    return str(annotation.__name__ if isinstance(annotation, type) else annotation).replace("typing.", "")


def refuse(path: str | Path, found: list[str]) -> None:
    """Raise one `UserError` that lists all mistakes found in a recipe; do nothing where there are none."""
    if found:
        of_keys = any(re.search(r"(^|: )(unknown key|the key '\w+' is missing)", mistake) for mistake in found)
        raise UserError("bad-recipe-key" if of_keys else "bad-recipe-value", f"{path}: {'; '.join(found)}")


def mistakes(recipe: dict[str, Any], schema: type) -> list[str]:
    """Return one sentence for each mistake that `build` refuses a recipe for.

    A schema may have a method `conflicts() -> list[str]` for what types cannot say, such as two values that exclude
    each other. It is called once all keys and types are right.
    """
    conflicts = getattr(schema, "conflicts", None)
    found = problems(recipe, schema)
    return found if found or conflicts is None else conflicts(TypeAdapter(schema).validate_python(recipe))


def build(path: str | Path, recipe: dict[str, Any], schema: type[Recipe]) -> Recipe:
    """Return the recipe as its dataclass, values in their declared types.

    Raises:
        UserError: an unknown or missing key, a value of another type or out of bounds, or a conflict.
    """
    refuse(path, mistakes(recipe, schema))
    return TypeAdapter(schema).validate_python(recipe)


def looked_in(path: str | Path) -> str:
    """Say in which folder a path was looked for, where it does not say so itself."""
    return "" if Path(path).is_absolute() else f" in {Path.cwd()}, where the command is started"


def is_local(name: str) -> bool:
    """Tell whether the name of a model or dataset is a local path, and not an id on the Hub (`name`, `owner/name`)."""
    return name.startswith((".", "/", "~", "out/")) or name.count("/") > 1 or Path(name).exists()

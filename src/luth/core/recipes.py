"""Reading a YAML recipe strictly: every key known, every value of the right type, all mistakes said at once."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from luth.core.errors import UserError

Recipe = TypeVar("Recipe")
# The kinds of pydantic's errors for a value of the right type outside its bounds.
BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number", "value_error"}


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; a recipe must not lose a line that way."""


def _mapping_with_unique_keys(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise yaml.YAMLError(f"line {node.value[position][0].start_mark.line + 1}: the key {key!r} is there twice")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_with_unique_keys)


def read_recipe(path: str | Path) -> dict[str, Any]:
    """Read one YAML mapping.

    Raises:
        UserError: the file is missing, empty, not UTF-8, not YAML, not a mapping, or holds a key twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError("recipe-not-found", f"{path}: no such recipe: the recipes are under recipes/") from None
    except IsADirectoryError:
        raise UserError("recipe-not-found", f"{path} is a folder: name one of the .yaml files in it") from None
    except UnicodeDecodeError as error:
        raise UserError("bad-recipe", f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise UserError("bad-recipe", f"{path} cannot be read: {error.strerror}") from None
    try:
        recipe = yaml.load(text, Loader=_UniqueKeyLoader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError("bad-recipe", f"{path} is not valid YAML: {line}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError("bad-recipe", f"{path} is not valid YAML: {error}") from None
    except RecursionError:
        raise UserError("bad-recipe", f"{path} is nested too deep") from None
    if recipe is None:
        raise UserError(
            "bad-recipe", f"{path} is empty: a recipe is a YAML mapping of keys to values; recipes/ has examples"
        )
    if not isinstance(recipe, dict):
        raise UserError("bad-recipe", f"{path} holds a {type(recipe).__name__}, not a mapping of keys to values")
    return recipe


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ' (did you mean X?)' for the closest of `names`, or nothing where none is close."""
    close = difflib.get_close_matches(str(name), list(names), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def problems(recipe: dict[str, Any], *schemas: type) -> list[str]:
    """Check a recipe's keys and types against the fields of dataclasses; return one sentence per mistake.

    Values are checked as pydantic's lax mode does: '2e-5', which YAML 1.1 reads as text, is a number; 'ten' is not.
    Bounds stand in a field's annotation, as pydantic's types (PositiveInt) or as Annotated[int, Field(ge=2)].
    """
    fields = {field.name: schema for schema in schemas for field in dataclasses.fields(schema) if field.init}
    hints = {schema: typing.get_type_hints(schema, include_extras=True) for schema in schemas}
    found = []
    for key, value in recipe.items():
        if key not in fields:
            found.append(f"unknown key {key!r}{nearest(key, fields)}")
            continue
        reason = _type_problem(hints[fields[key]][key], value)
        if reason:
            found.append(f"{key}: {reason}")
    for schema in schemas:
        for field in dataclasses.fields(schema):
            required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if required and field.name not in recipe:
                found.append(f"the key {field.name!r} is missing")
    return found


def _type_problem(hint: Any, value: Any) -> str | None:
    if typing.get_origin(hint) in (types.UnionType, typing.Union) and value is not None:
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        hint = kinds[0] if len(kinds) == 1 else hint
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return "; ".join(problems(value, hint)) or None
    if typing.get_origin(hint) is list and isinstance(value, list):
        (item,) = typing.get_args(hint)
        if dataclasses.is_dataclass(item):
            inner = [f"entry {n}: {_type_problem(item, entry)}" for n, entry in enumerate(value, 1)]
            return "; ".join(line for line in inner if not line.endswith(": None")) or None
    if typing.get_origin(hint) is dict and isinstance(value, dict):
        names, item = typing.get_args(hint)
        if names is str and (other := [name for name in value if not isinstance(name, str)]):
            return f"{other[0]!r} is no text: put it in quotes"
        if dataclasses.is_dataclass(item):
            inner = [f"{name}: {_type_problem(item, entry)}" for name, entry in value.items()]
            return "; ".join(line for line in inner if not line.endswith(": None")) or None
    try:
        adapter = _adapter(hint)
    except PydanticUserError:
        return None
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        found = error.errors()[0]
        if found["type"] in BOUNDS:
            return f"{value!r}: {found['msg'].lower()}"
        return f"{value!r} is not of type {_type_name(hint)} ({found['msg'].lower()})"
    return None


def _type_name(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    return str(hint.__name__ if isinstance(hint, type) else hint).replace("typing.", "")


def _adapter(hint: Any) -> TypeAdapter:
    if dataclasses.is_dataclass(hint):
        return TypeAdapter(hint)
    return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))


def refuse(path: str | Path, found: list[str]) -> None:
    """Raise one `UserError` that lists every mistake found in a recipe, if there is one."""
    if found:
        of_keys = any(line.startswith(("unknown key", "the key")) for line in found)
        raise UserError("bad-recipe-key" if of_keys else "bad-recipe-value", f"{path}: {'; '.join(found)}")


def build(path: str | Path, recipe: dict[str, Any], schema: type[Recipe]) -> Recipe:
    """Return the recipe as its dataclass, values in their declared types.

    A schema may have a method `conflicts() -> list[str]`: what no type says, such as two values that exclude each
    other. It is called once keys and types are right.

    Raises:
        UserError: an unknown or missing key, a value of another type or out of bounds, or a conflict.
    """
    refuse(path, problems(recipe, schema))
    built = TypeAdapter(schema).validate_python(recipe)
    conflicts = getattr(built, "conflicts", None)
    refuse(path, conflicts() if conflicts else [])
    return built


def is_local(name: str) -> bool:
    """Tell whether a model or dataset name means a local path rather than an id on the Hub (`name` or `org/name`)."""
    return name.startswith((".", "/", "~", "out/")) or name.count("/") > 1 or Path(name).exists()

"""Any key of a recipe as --KEY VALUE behind it, read by the types of the recipe's dataclass."""

import copy
import dataclasses
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import yaml

from luth.core.command_line import USAGE
from luth.core.errors import UserError
from luth.core.recipes import build, mistakes, nearest, refuse, yaml_value

Recipe = TypeVar("Recipe")
Keys = dict[str, Any]


def override(recipe: Keys, words: list[str], schema: type, options: Iterable[str] = ()) -> tuple[Keys, set[str]]:
    """Return a recipe's keys with those of the command line in place of its own, and which of them these are.

    A key inside another one has a point: `--endpoint.base_url URL`. A value is read as YAML, where the key's type is
    not text: `null`, `true`, `{temperature: 0.6}`. A list is several words, or one in YAML: `a b` or `[a, b]`.

    Args:
        recipe: its keys and values, as YAML has them.
        words: the command line's words that belong to keys: `["--tasks", "mmlu_fr", "mmlu_en", "--seed=3"]`.
        schema: the recipe's dataclass.
        options: what the script takes beside keys, to name what was meant by an unknown key.

    Raises:
        UserError: an unknown key, a key without a value or with too many, or one that is given twice.
    """
    changed, given = copy.deepcopy(recipe), []
    for name, values in _pairs(words):
        path = name.split(".")
        annotation = _annotation(schema, path)
        if annotation is None:
            close = nearest(f"--{name}", [*(f"--{key}" for key in _names(schema)), *options])
            raise _refused(f"unknown key --{name}{close}")
        for other in given:
            if f"{name}.".startswith(f"{other}.") or f"{other}.".startswith(f"{name}."):
                raise _refused(
                    f"--{name} is given twice" if name == other else f"--{other} and --{name} exclude another"
                )
        given.append(name)
        _put(changed, path, _value(name, annotation, values))
    return changed, {name.split(".")[0] for name in given}


def build_overridden(path: str, recipe: Keys, changed: set[str], schema: type[Recipe]) -> Recipe:
    """Return the recipe as its dataclass, as `build` does; mistakes in `changed` keys are the command line's.

    Raises:
        UserError: an unknown or missing key, a value of another type or out of bounds, or a conflict.
    """
    found = mistakes(recipe, schema)
    refuse("the command line", [line for line in found if line.split(":")[0] in changed])
    return build(path, recipe, schema)


def _refused(problem: str) -> UserError:
    return UserError("bad-argument", f"{problem}: usage: {USAGE}")


def _pairs(words: list[str]) -> list[tuple[str, list[str]]]:
    """Return each key with the words behind it."""
    pairs: list[tuple[str, list[str]]] = []
    for word in words:
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            pairs.append((key, [value] if equals else []))
        else:
            pairs[-1][1].append(word)
    return pairs


def _kinds(annotation: Any) -> list[Any]:
    """Return the types that an annotation allows, without their bounds."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return [kind for part in typing.get_args(annotation) for kind in _kinds(part)]
    return [annotation]


def _annotation(schema: Any, path: list[str]) -> Any:
    """Return the type of a key inside a schema, None where there is no such key."""
    if not path:
        return schema
    for kind in _kinds(schema):
        inner = None
        if kind is Any:
            inner = Any
        elif dataclasses.is_dataclass(kind):
            inner = typing.get_type_hints(kind, include_extras=True).get(path[0])
        elif typing.get_origin(kind) is dict:
            inner = typing.get_args(kind)[1]
        if inner is not None:
            return _annotation(inner, path[1:])
    return None


def _names(schema: type) -> Iterator[str]:
    """Name every key of a schema, and those inside them."""
    hints = typing.get_type_hints(schema, include_extras=True)
    for field in dataclasses.fields(schema):
        yield field.name
        for kind in _kinds(hints[field.name]):
            if dataclasses.is_dataclass(kind):
                yield from (f"{field.name}.{name}" for name in _names(kind))  # type: ignore[arg-type]


def _value(name: str, annotation: Any, words: list[str]) -> Any:
    """Return a key's value, of its type where the words can be of that type."""
    kinds = _kinds(annotation)
    lists = [kind for kind in kinds if typing.get_origin(kind) is list]
    if not words:
        raise _refused(f"--{name} has no value")
    if lists and not (len(words) == 1 and (words[0].startswith("[") or _is_null(words[0], kinds))):
        return [_scalar(typing.get_args(lists[0])[0], word) for word in words]
    if len(words) > 1 and Any in kinds:
        return [_scalar(Any, word) for word in words]
    if len(words) > 1:
        raise _refused(f"--{name} takes one value, not {len(words)}")
    return _read(words[0]) if lists else _scalar(annotation, words[0])


def _scalar(annotation: Any, word: str) -> Any:
    kinds = _kinds(annotation)
    literals = [
        value for kind in kinds if typing.get_origin(kind) is typing.Literal for value in typing.get_args(kind)
    ]
    if _is_null(word, kinds):
        return None
    structured = [kind for kind in kinds if dataclasses.is_dataclass(kind) or typing.get_origin(kind) in (dict, list)]
    if word in literals or (str in kinds and not (structured and word.startswith(("{", "[")))):
        return word
    return _read(word)


def _is_null(word: str, kinds: list[Any]) -> bool:
    return word in ("null", "~") and type(None) in kinds


def _read(word: str) -> Any:
    """Return what a word is in YAML, the word itself where it is not YAML: the check of types then names it."""
    try:
        return yaml_value(word)
    except (yaml.YAMLError, ValueError, RecursionError):
        return word


def _put(recipe: Keys, path: list[str], value: Any) -> None:
    for at, name in enumerate(path[:-1], 1):
        if recipe.get(name) is None:
            recipe[name] = {}
        recipe = recipe[name]
        if not isinstance(recipe, dict):
            where = ".".join(path[:at])
            raise _refused(
                f"--{'.'.join(path)}: {where} is {recipe!r} in the recipe and holds no keys: give --{where}"
            )
    recipe[path[-1]] = value

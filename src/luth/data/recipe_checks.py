"""What no type says of a dataset's recipe: shapes, order, numbers, names."""

import dataclasses
import itertools
import math
import os
import re
from typing import Any
from urllib.parse import urlsplit

import httpx
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.data.filters.language import LEAST as SHORTEST
from luth.data.recipe import (
    ASKING,
    COMMON_STEPS,
    OPTIONAL,
    PART_STEPS,
    SHAPES,
    Asking,
    DataRecipe,
    Endpoint,
    Judge,
    Part,
    Read,
)

# The least that a number may be, and the most, by its key. A language is not told of fewer characters.
LEAST = {
    "tasks": 1, "limit": 1, "max_characters": 1, "min_characters": 0, "min_turns": 0, "max_turns": 1,
    "concurrent_requests": 1, "timeout": 1, "api_max_retry": 0, "max_new_tokens": 1, "attempts": 1, "temperature": 0,
    "top_p": 0, "min_ratio": 0, "max_ratio": 0, "other": 0, "own": 0,
    "characters": SHORTEST, "ngram": 1, "buckets": 1, "hashes_per_bucket": 1, "min_words": 1, "test_size": 0,
    "shards": 1,
}  # fmt: skip
MOST = {"top_p": 1, "other": 1, "own": 1}
# A part's name is a folder's.
LONGEST_NAME = 100


def check(recipe: DataRecipe) -> None:
    """Raise `UserError` for what no type says."""
    if not recipe.parts:
        raise UserError("bad-recipe-value", "parts: none is named")
    _check_numbers("", recipe)
    for name, part in recipe.parts.items():
        _check_name(name)
        _check_columns(name, part.read)
        _check_part(name, part)
        for step in ASKING:
            _check_asking(f"parts: {name}: {step}", getattr(part, step), recipe)
        _check_judge(name, part.judge)
    for name, endpoint in recipe.endpoints.items():
        _check_url(name, endpoint.base_url)
        _check_key_name(name, endpoint.api_key_env)
    decontaminate = recipe.steps.decontaminate
    if decontaminate and decontaminate.ngram < decontaminate.min_words:
        raise UserError(
            "bad-recipe-value",
            f"decontaminate: ngram: {decontaminate.ngram} is below min_words, {decontaminate.min_words}",
        )
    if recipe.steps.push:
        try:
            validate_repo_id(recipe.steps.push.repo_id)
        except HFValidationError as error:
            raise UserError("bad-recipe-value", f"push: repo_id: {error}") from None
    for name, cap in recipe.steps.mix.caps.items():
        if name not in recipe.parts:
            raise UserError("bad-recipe-value", f"mix: caps: there is no part {name!r}{nearest(name, recipe.parts)}")
        if cap < 1:
            raise UserError("bad-recipe-value", f"mix: caps: {name}: {cap} is not 1 or more")


def _check_numbers(where: str, block: Any) -> None:
    values = vars(block)
    for key, value in values.items():
        named = {f"{name}: ": one for name, one in value.items()} if isinstance(value, dict) else {"": value}
        for name, one in named.items():
            if dataclasses.is_dataclass(one):
                _check_numbers(f"{where}{key}: {name}", one)
        if isinstance(value, int | float):
            _check_number(where, key, value)
            upper = key.replace("min_", "max_", 1)
            if values.get(upper) is not None and value > values[upper]:
                raise UserError("bad-recipe-value", f"{where}{key}: {value} is above {upper}, {values[upper]}")


def _check_number(where: str, key: str, value: float) -> None:
    if value != value or value in (math.inf, -math.inf):
        raise UserError("bad-recipe-value", f"{where}{key}: {value} is no number that can be used")
    if value < LEAST.get(key, value):
        raise UserError("bad-recipe-value", f"{where}{key}: {value} is not {LEAST[key]} or more")
    if value > MOST.get(key, value):
        raise UserError("bad-recipe-value", f"{where}{key}: {value} is not {MOST[key]} or less")


def _check_asking(where: str, asking: Asking | None, recipe: DataRecipe) -> None:
    if asking is not None and asking.endpoint not in recipe.endpoints:
        close = nearest(asking.endpoint, recipe.endpoints)
        raise UserError("bad-recipe-value", f"{where}: endpoint: {asking.endpoint!r} is not under endpoints{close}")


def _check_name(name: str) -> None:
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > LONGEST_NAME:
        raise UserError(
            "bad-recipe-value",
            f"parts: {name!r} is no name for a folder: letters, digits, - and _, {LONGEST_NAME} at most",
        )


def _check_columns(name: str, read: Read) -> None:
    known = {key for shape in SHAPES for key in shape} | set(OPTIONAL)
    for key in read.columns:
        if key not in known:
            raise UserError(
                "bad-recipe-value", f"parts: {name}: read: columns: unknown key {key!r}{nearest(key, known)}"
            )
    given = tuple(key for key in read.columns if key not in OPTIONAL)
    if set(given) not in [set(shape) for shape in SHAPES]:
        shapes = "; ".join(", ".join(shape) for shape in SHAPES)
        raise UserError(
            "bad-recipe-value",
            f"parts: {name}: read: columns: {', '.join(given) or 'nothing'} is no shape: name one of {shapes}",
        )
    if "input" in read.columns and "instruction" not in given:
        raise UserError("bad-recipe-value", f"parts: {name}: read: columns: input stands beside instruction alone")
    if "system" in read.columns and given in (("messages",), ("conversations",)):
        raise UserError(
            "bad-recipe-value",
            f"parts: {name}: read: columns: {given[0]} has system messages of its own: leave system out",
        )


def _check_part(name: str, part: Part) -> None:
    if not part.read.path.strip():
        raise UserError("bad-recipe-value", f"parts: {name}: read: path is blank: name a dataset on the Hub, or files")
    if set(part.read.columns) <= {"prompt", "system"} and part.generate is None:
        raise UserError(
            "bad-recipe-value",
            f"parts: {name}: a prompt alone has no answer: name a completion column, or add generate",
        )
    for column in part.select.where if part.select else []:
        if column not in part.read.keep:
            raise UserError(
                "bad-recipe-value", f"parts: {name}: select: where: {column!r} is not kept: add it to read: keep"
            )


def _check_url(name: str, url: str) -> None:
    try:
        found = urlsplit(url)
        there = found.scheme in ("http", "https") and httpx.URL(url).host and (found.port or True)
    except (ValueError, httpx.InvalidURL):
        there = False
    if not there:
        raise UserError(
            "bad-recipe-value", f"endpoints: {name}: base_url: {url!r} is no address such as http://localhost:8000/v1"
        )
    if found.username or found.password:
        raise UserError(
            "bad-recipe-value",
            f"endpoints: {name}: base_url holds a password, which would be written down: use api_key_env",
        )
    if found.query or found.fragment:
        raise UserError(
            "bad-recipe-value",
            f"endpoints: {name}: base_url ends with the path, such as /v1: what comes after ? or # goes",
        )


def _check_key_name(name: str, variable: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        # It may be the key itself, and is not shown.
        raise UserError(
            "bad-recipe-value",
            f"endpoints: {name}: api_key_env is no variable's name: the key itself stands in no recipe",
        )


def require_keys(recipe: DataRecipe, names: list[str]) -> None:
    """Raise `UserError` where a step, by its name, asks an endpoint whose key's variable is named and not set."""
    for part, _, step in (name.rpartition(".") for name in names):
        if step in ASKING:
            asking = getattr(recipe.parts[part], step)
            endpoint = recipe.endpoints[asking.endpoint]
            key = os.environ.get(endpoint.api_key_env, "")
            if endpoint.api_key_env != Endpoint.api_key_env and not key:
                # Its name is not shown: it may be the key, written in the wrong place.
                raise UserError(
                    "bad-recipe-value", f"endpoints: {asking.endpoint}: the variable that api_key_env names is not set"
                )
            if not key.isascii() or not key.isprintable() or key != key.strip():
                raise UserError(
                    "bad-recipe-value",
                    f"endpoints: {asking.endpoint}: its key has a space, a line's end or an accent in it",
                )


def _check_judge(name: str, judge: Judge | None) -> None:
    if judge is None:
        return
    if not judge.criteria:
        raise UserError("bad-recipe-value", f"parts: {name}: judge: criteria: none is named")
    for criterion, least in judge.thresholds.items():
        if criterion not in judge.criteria:
            close = nearest(criterion, judge.criteria)
            raise UserError(
                "bad-recipe-value", f"parts: {name}: judge: thresholds: {criterion!r} is no criterion{close}"
            )
        if not 1 <= least <= 5:
            raise UserError(
                "bad-recipe-value", f"parts: {name}: judge: thresholds: {criterion}: {least} is not 1 to 5"
            )


def check_order(recipe: dict[str, Any]) -> None:
    """Raise `UserError` for a step that is unknown, or named before one that it comes after.

    Args:
        recipe: as it was read: a mapping keeps the order in which its keys stand.
    """
    parts = recipe.get("parts")
    if parts is not None and not isinstance(parts, dict):
        raise UserError("bad-recipe-value", "parts: sources by name are expected, such as parts: {mine: {read: ...}}")
    places = [(f"parts: {name}", part, PART_STEPS) for name, part in (parts or {}).items() if isinstance(part, dict)]
    if isinstance(recipe.get("steps"), dict):
        places.append(("steps", recipe["steps"], COMMON_STEPS))
    for where, block, order in places:
        for step in block:
            if step not in order:
                raise UserError(
                    "bad-recipe-value", f"{where}: there is no step {step!r}{nearest(step, order)}: {', '.join(order)}"
                )
            if block[step] is None:
                raise UserError(
                    "bad-recipe-value",
                    f"{where}: {step} is blank: write {step}: {{}} to take it as it is, or leave it out",
                )
        found = list(block)
        for earlier, later in itertools.pairwise(found):
            if order.index(earlier) > order.index(later):
                raise UserError(
                    "bad-recipe-value", f"{where}: {later} comes before {earlier}: the order is {', '.join(order)}"
                )

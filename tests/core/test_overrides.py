"""Keys of a recipe on the command line: in the types of the schema, unknown ones and wrong ones named in one line."""

import datetime
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PositiveInt

from luth.core.command_line import recipe_parser, split_keys
from luth.core.errors import UserError
from luth.core.overrides import build_overridden, override


@dataclass
class Server:
    base_url: str
    tries: PositiveInt = 3


@dataclass
class Entry:
    name: str


@dataclass
class Schema:
    """Keys of every kind that recipes have."""

    models: list[str | Entry]
    text: str | None = None
    server: Server | None = None
    thinking: bool | Literal["both"] | None = None
    dtype: Literal["float32", "no"] = "float32"
    share: Annotated[float, "a bound"] = 0.5
    samples: PositiveInt | dict[str, PositiveInt] | None = None
    numbers: list[float] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    open: dict[str, Any] = field(default_factory=dict)
    day: datetime.date = datetime.date(2025, 1, 1)


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        ("--models a b", "models", ["a", "b"]),
        ("--models a", "models", ["a"]),
        ("--models [a,b]", "models", ["a", "b"]),
        ("--models a {name:\xa0b}", "models", ["a", Entry("b")]),
        ("--text 12", "text", "12"),
        ("--text yes:\xa0no", "text", "yes: no"),
        ("--text [x", "text", "[x"),
        ("--text=--debug", "text", "--debug"),
        ("--text null", "text", None),
        ("--server.base_url u", "server", Server("u")),
        ("--server.base_url u --server.tries 5", "server", Server("u", 5)),
        ("--server {base_url:\xa0u}", "server", Server("u")),
        ("--server null", "server", None),
        ("--thinking true", "thinking", True),
        ("--thinking both", "thinking", "both"),
        ("--thinking null", "thinking", None),
        ("--dtype no", "dtype", "no"),
        ("--share 2e-5", "share", 2e-5),
        ("--samples 8", "samples", 8),
        ("--samples {a:\xa08}", "samples", {"a": 8}),
        ("--samples.a 8", "samples", {"a": 8}),
        ("--numbers 0.3 1", "numbers", [0.3, 1.0]),
        ("--numbers []", "numbers", []),
        ("--groups.fr a b", "groups", {"fr": ["a", "b"]}),
        ("--groups.fr a --groups.en b", "groups", {"fr": ["a"], "en": ["b"]}),
        ('--pairs [["<a>","</a>"]]', "pairs", [("<a>", "</a>")]),
        ("--open.deep.er 3 --open.tasks a b", "open", {"deep": {"er": 3}, "tasks": ["a", "b"]}),
        ("--day 2026-02-01", "day", datetime.date(2026, 2, 1)),
    ],
)
def test_values_have_their_types(words, key, value):
    recipe = {"models": ["m"], "text": "t"}
    merged, changed = override(recipe, [word.replace("\xa0", " ") for word in words.split(" ")], Schema)
    assert getattr(build_overridden("r.yaml", merged, changed, Schema), key) == value
    assert changed == {key} and recipe == {"models": ["m"], "text": "t"}


def test_keys_beside_a_changed_one_stay():
    recipe = {"models": ["m"], "server": {"base_url": "u", "tries": 9}}
    merged, _ = override(recipe, ["--server.base_url", "v"], Schema)
    assert merged["server"] == {"base_url": "v", "tries": 9} and recipe["server"]["base_url"] == "u"


@pytest.mark.parametrize(
    ("words", "code", "fact"),
    [
        ("--modles a", "bad-argument", "--modles (did you mean '--models'?)"),
        ("--limt 3", "bad-argument", "--limt (did you mean '--limit'?)"),
        ("--server.base_ur u", "bad-argument", "--server.base_ur (did you mean '--server.base_url'?)"),
        ("--text.x u", "bad-argument", "--text.x"),
        ("--text", "bad-argument", "--text has no value"),
        ("--text a b", "bad-argument", "--text takes one value, not 2"),
        ("--text a --text b", "bad-argument", "--text is given twice"),
        ("--server null --server.tries 3", "bad-argument", "--server and --server.tries"),
        ("--samples.a 3", "bad-argument", "samples is 5"),
        ("--samples ten", "bad-recipe-value", "the command line: samples: 'ten'"),
        ("--samples 0", "bad-recipe-value", "the command line: samples: 0"),
        ("--thinking oui", "bad-recipe-value", "thinking: 'oui'"),
        ("--thinking {a", "bad-recipe-value", "thinking: '{a'"),
        ("--day 2026-13-41", "bad-recipe-value", "day: '2026-13-41'"),
        ("--server.tries 2", "bad-recipe-key", "the key 'base_url' is missing"),
        ("--numbers a", "bad-recipe-value", "numbers: "),
    ],
)
def test_a_mistake_is_one_line(words, code, fact):
    with pytest.raises(UserError) as error:
        merged, changed = override({"models": ["m"], "samples": 5}, words.split(), Schema, ["--limit"])
        build_overridden("r.yaml", merged, changed, Schema)
    assert error.value.code == code and fact in str(error.value) and "\n" not in str(error.value)


def test_a_mistake_of_the_recipe_is_still_the_recipe_s():
    merged, changed = override({"models": ["m"], "share": "x"}, ["--text", "a"], Schema)
    with pytest.raises(UserError, match=r"^r\.yaml: share: 'x'"):
        build_overridden("r.yaml", merged, changed, Schema)


@given(st.text(min_size=1).filter(lambda text: not text.startswith("--") and text not in ("null", "~")))
def test_text_is_taken_as_it_is(text):
    merged, changed = override({"models": ["m"]}, [f"--text={text}"], Schema)
    assert build_overridden("r.yaml", merged, changed, Schema).text == text


@pytest.mark.parametrize(
    ("words", "own", "keys"),
    [
        ("r.yaml --tasks a b --limit 4", "r.yaml --limit 4", "--tasks a b"),
        ("r.yaml --limit=4 --tasks=a -h", "r.yaml --limit=4 -h", "--tasks=a"),
        ("r.yaml --tasks a --limit 4 b", "r.yaml --limit 4 b", "--tasks a"),
        ("r.yaml --share -1 --verbose", "r.yaml --verbose", "--share -1"),
    ],
)
def test_words_go_to_the_script_or_to_the_recipe(words, own, keys):
    parser = recipe_parser(None)
    parser.add_argument("--limit", type=int)
    assert split_keys(words.split(), parser) == (own.split(), keys.split())

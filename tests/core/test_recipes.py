from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, PositiveInt

from luth.core.errors import UserError
from luth.core.recipes import build, is_local, nearest, problems, read_recipe
from luth.evaluation.recipe import EvalRecipe


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- b\n", "list"),
        (b"a: [1\nb: 2\n", "line 2"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: .*'a'"),
        (b"deep: {x: 1, x: 2}\n", "line 1: .*'x'"),
        (b"name: caf\xe9\n", "UTF-8 .byte 9"),
        (b"[" * 600, "nested"),
    ],
)
def test_a_bad_file_is_said_in_one_line(tmp_path, content, facts):
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=facts) as error:
        read_recipe(path)
    assert error.value.code == "bad-recipe" and str(path) in str(error.value)


def test_a_missing_recipe_and_a_folder(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(UserError, match=str(path)) as error:
            read_recipe(path)
        assert error.value.code == "recipe-not-found"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_mapping_or_a_user_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "r.yaml"
    path.write_bytes(content)
    try:
        assert isinstance(read_recipe(path), dict)
    except UserError:
        pass


def test_all_mistakes_are_said_at_once_with_the_nearest_key():
    recipe = {
        "models": "out/base",
        "task": ["demo_choice_fr"],
        "output_dir": "out",
        "dtype": "float32",
        "batch_size": "many",
    }
    found = "; ".join(problems(recipe, EvalRecipe))
    assert "unknown key 'task' (did you mean 'tasks'?)" in found
    assert "models: 'out/base' is not of type list[str" in found
    assert "batch_size: 'many' is not of type int" in found
    assert "the key 'tasks' is missing" in found


def test_what_counts_as_local():
    assert is_local("out/luth-0.6b") and is_local("./model") and is_local("/models/x") and is_local("a/b/c")
    assert not is_local("Qwen/Qwen3-0.6B") and not is_local("gpt2")


def test_values_get_their_declared_types(tmp_path):
    recipe = {"models": ["a/b"], "tasks": ["t"], "output_dir": "o", "dtype": "float32", "batch_size": "8"}
    assert build("r.yaml", recipe, EvalRecipe).batch_size == 8
    with pytest.raises(UserError, match="dtype: 'fp32' is not of type") as error:
        build("r.yaml", {**recipe, "dtype": "fp32"}, EvalRecipe)
    assert error.value.code == "bad-recipe-value"
    with pytest.raises(UserError, match="thinking: 'maybe' is not of type bool or 'both' or null"):
        build("r.yaml", {**recipe, "thinking": "maybe"}, EvalRecipe)


@dataclass
class Inner:
    size: PositiveInt = 1


@dataclass
class Outer:
    name: str
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    one: Inner = field(default_factory=Inner)
    some: list[Inner] | None = None
    named: dict[str, Inner] = field(default_factory=dict)
    counts: PositiveInt | dict[str, PositiveInt] = 1

    def conflicts(self):
        return ["share: 1 leaves nothing for the rest"] if self.share == 1 else []


@pytest.mark.parametrize(
    ("changes", "code", "facts"),
    [
        ({"share": 1.5}, "bad-recipe-value", "share: 1.5: .*1"),
        ({"share": "2e-1x"}, "bad-recipe-value", "share: '2e-1x'"),
        ({"share": 1}, "bad-recipe-value", "share: 1 leaves nothing"),
        ({"one": {"size": 0}}, "bad-recipe-value", "one: size: 0: .*0"),
        ({"one": {"sise": 2}}, "bad-recipe-key", "one: unknown key 'sise' .did you mean 'size'"),
        ({"some": [{"size": 1}, {"size": -1}]}, "bad-recipe-value", "some: entry 2: size: -1"),
        ({"named": {"a": {"size": 1}, "b": 3}}, "bad-recipe-value", "named: b: 3 is not of type Inner"),
        ({"named": {1: {}}}, "bad-recipe-value", "named: .*1"),
        ({"counts": {"a": 1, "b": 0}}, "bad-recipe-value", "counts: b: 0: .*0"),
        ({"counts": {"a": "x"}}, "bad-recipe-value", "counts: a: 'x': .*integer"),
        ({"counts": "x"}, "bad-recipe-value", "counts: 'x' is not"),
        ({"name": None}, "bad-recipe-value", "name: None"),
        ({"nane": "x"}, "bad-recipe-key", "'nane' .did you mean 'name'"),
    ],
)
def test_bounds_conflicts_and_what_lies_inside(changes, code, facts):
    assert build("r.yaml", {"name": "x", "share": "0.25", "some": None}, Outer) == Outer("x", 0.25)
    with pytest.raises(UserError, match=f"r.yaml: .*{facts}") as error:
        build("r.yaml", {"name": "x", **changes}, Outer)
    assert error.value.code == code


def test_the_dashes_of_options_make_no_two_alike():
    assert nearest("--seed", ["--base_model", "--models"]) == ""
    assert nearest("--modle", ["--base_model", "--models"]) == " (did you mean '--models'?)"
    keys = ["learning_rate", "lr_scheduler_type", "max_length", "num_train_epochs", "warmup_steps"]
    for short, key in (("lr", "learning_rate"), ("max_seq_len", "max_length"), ("warmup_ratio", "warmup_steps")):
        assert nearest(short, keys) == f" (did you mean {key!r}?)"
        assert nearest(f"--{short}", [f"--{name}" for name in keys]) == f" (did you mean '--{key}'?)"

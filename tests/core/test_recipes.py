import pytest
from hypothesis import given
from hypothesis import strategies as st

from luth.core.errors import UserError
from luth.core.recipes import build, is_local, problems, read_recipe
from luth.evaluation.recipe import EvalRecipe


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- b\n", "holds a list"),
        (b"a: [1\nb: 2\n", "line 2"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is there twice"),
        (b"deep: {x: 1, x: 2}\n", "the key 'x' is there twice"),
        (b"name: caf\xe9\n", "not UTF-8"),
    ],
)
def test_a_bad_file_is_said_in_one_line(tmp_path, content, said):
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_recipe(path)


def test_a_missing_recipe_and_a_folder(tmp_path):
    with pytest.raises(UserError, match="no such recipe"):
        read_recipe(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="is a folder"):
        read_recipe(tmp_path)


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
    with pytest.raises(UserError, match="dtype: 'fp32' is not of type"):
        build("r.yaml", {**recipe, "dtype": "fp32"}, EvalRecipe)

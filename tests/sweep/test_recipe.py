import pytest

from luth.core.errors import UserError
from luth.core.overrides import override
from luth.core.recipes import build
from luth.sweep.recipe import Criterion, SweepRecipe
from tests.sweep.made_up import RECIPE


def test_the_grid_is_the_methods_each_with_its_coefficients():
    methods = [
        {"merge_method": "slerp"},
        {"merge_method": "linear", "coefficients": [0.25]},
        {"merge_method": "ties", "parameters": {"density": 0.5}},
    ]
    recipe = build("r", {**RECIPE, "merge_methods": methods, "coefficients": [0.5, 0.1]}, SweepRecipe)
    cells = {cell.name: recipe.mergekit_recipe(cell) for cell in recipe.cells()}
    assert list(cells) == ["slerp-0.1", "slerp-0.5", "linear-0.25", "ties-density-0.5-0.1", "ties-density-0.5-0.5"]
    head = {"base_model": "a/base", "dtype": "float32"}
    tuned = {"model": "a/tuned"}
    assert cells["slerp-0.1"] == {"merge_method": "slerp", **head, "models": [tuned], "parameters": {"t": 0.1}}
    shares = [{"model": "a/base", "parameters": {"weight": 0.75}}, {**tuned, "parameters": {"weight": 0.25}}]
    assert cells["linear-0.25"] == {"merge_method": "linear", **head, "models": shares}
    trimmed = [{**tuned, "parameters": {"weight": 1.0, "density": 0.5}}]
    parameters = {"lambda": 0.5}
    assert cells["ties-density-0.5-0.5"] == {
        "merge_method": "ties",
        **head,
        "models": trimmed,
        "parameters": parameters,
    }


def test_all_conflicts_are_said_at_once():
    changes = {
        "model": "a/base",
        "merge_methods": [{"merge_method": "slerp"}, {"merge_method": "ties"}, {"merge_method": "della"}],
        "coefficients": [0.5, 2],
        "test": {"One": []},
    }
    with pytest.raises(UserError) as error:
        build("r", {**RECIPE, **changes}, SweepRecipe)
    assert error.value.code == "bad-recipe-value"
    for fact in ("model: a/base", "coefficients: 2", "ties", "density", "'della'", "'Other'", "test: the group 'One'"):
        assert fact in str(error.value), fact


def test_the_criterion_in_words():
    assert str(Criterion("One", None)) == "the highest mean of One"
    both = Criterion({"One": 0.7, "Other": 0.3}, "Other", 0.02)
    assert "One (weight 0.7) and Other (weight 0.3)" in str(both) and "Other is at most 2 points below" in str(both)


@pytest.mark.parametrize("missing", ["maximise", "keep"])
def test_no_group_is_assumed(missing):
    criterion = {key: value for key, value in RECIPE["criterion"].items() if key != missing}
    with pytest.raises(UserError, match=missing):
        build("r", {**RECIPE, "criterion": criterion}, SweepRecipe)


def test_any_key_may_be_given_on_the_command_line():
    words = ["--coefficients", "0.25", "0.75", "--criterion.margin", "0.05", "--evaluation.max_samples.a", "7"]
    keys, changed = override(
        RECIPE, [*words, "--development.One", "a", "b", "--evaluation.thinking=false"], SweepRecipe
    )
    recipe = build("r", keys, SweepRecipe)
    assert (recipe.coefficients, recipe.criterion.margin, recipe.development["One"]) == (
        [0.25, 0.75],
        0.05,
        ["a", "b"],
    )
    assert recipe.evaluation["max_samples"] == {"a": 7} and recipe.evaluation["thinking"] is False
    assert changed == {"coefficients", "criterion", "evaluation", "development"}
    with pytest.raises(UserError, match=r"criterion\.margin"):
        override(RECIPE, ["--criterion.margn", "1"], SweepRecipe)

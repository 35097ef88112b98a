from dataclasses import replace

import pytest

from luth.core.errors import UserError
from luth.core.recipes import build
from luth.sweep.recipe import SweepRecipe
from luth.sweep.task_splits import prepare, require_one_unit
from tests.sweep.made_up import CRITERION, GROUPS, RECIPE


@pytest.mark.parametrize(
    ("nats", "maximise", "facts"),
    [
        ({"b_fr"}, "French", ["'French'", "b_fr"]),
        ({"a_fr", "b_fr"}, {"French": 1.0, "English": 1.0}, ["maximise", "French, English"]),
        ({"a_en"}, "French", ["keep: 'English'"]),
    ],
)
def test_units_are_not_mixed(nats, maximise, facts):
    with pytest.raises(UserError) as error:
        require_one_unit(GROUPS, replace(CRITERION, maximise=maximise), nats.__contains__)
    assert error.value.code == "bad-recipe-value" and all(fact in str(error.value) for fact in facts)


def test_groups_are_written_out_and_the_evaluation_gets_their_tasks():
    recipe, evaluation, _ = prepare(
        build("r", {**RECIPE, "evaluation": {"max_samples": {"boolq_fr": 9}}}, SweepRecipe)
    )
    assert recipe.development["One"] == ["gpqa_fr:diamond"] or len(recipe.development["One"]) > 1
    assert evaluation.tasks == [*recipe.development["One"], "boolq_fr", "mmlu_fr", "ifeval_en"]
    assert evaluation.models == ["a/base"] and evaluation.samples("boolq_fr") == 9


@pytest.mark.parametrize("keys", [{"custom_tasks": "tasks.py"}, {"thinking": "both"}, {"models": ["x"]}])
def test_keys_that_an_evaluation_in_a_sweep_cannot_have(keys):
    with pytest.raises(UserError, match=f"evaluation: {next(iter(keys))}") as error:
        prepare(build("r", {**RECIPE, "evaluation": keys}, SweepRecipe))
    assert error.value.code == "bad-recipe-value"

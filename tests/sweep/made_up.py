"""A recipe of models that are nowhere, and scores that no model has."""

from luth.sweep import selection
from luth.sweep.recipe import Criterion

GROUPS = {"French": ["a_fr", "b_fr"], "English": ["a_en"]}
CRITERION = Criterion("French", "English", 0.1)
GOAL = selection.goal(GROUPS, CRITERION)
RECIPE = {
    "base_model": "a/base",
    "model": "a/tuned",
    "dtype": "float32",
    "merge_methods": [{"merge_method": "slerp"}],
    "coefficients": [0.5],
    "development": {"One": ["gpqa_fr"], "Other": ["boolq_fr"]},
    "test": {"One": ["mmlu_fr"], "Other": ["ifeval_en"]},
    "criterion": {"maximise": "One", "keep": "Other"},
    "output_dir": "out",
}


def scores(**tasks):
    return {task: {str(item): float(value) for item, value in enumerate(values)} for task, values in tasks.items()}


def shares(french, english, items=40):
    """A model that answers so many of `items` items of each French task, and of the English one."""
    right = [1] * french + [0] * (items - french)
    return scores(a_fr=right, b_fr=right, a_en=[1] * english + [0] * (items - english))

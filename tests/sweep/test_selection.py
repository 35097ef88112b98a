"""Who is best and who is out, against arithmetic done by hand."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from luth.core.errors import UserError
from luth.reporting import intervals
from luth.sweep import selection
from luth.sweep.recipe import Criterion
from tests.sweep.made_up import GOAL, GROUPS, scores, shares


def test_a_group_s_mean_is_over_its_tasks_whatever_their_sizes():
    found = scores(a_fr=[1, 1, 1, 0], b_fr=[0], a_en=[1])
    assert GOAL.gained == {"a_fr": 0.5, "b_fr": 0.5} and GOAL.kept == {"a_en": 1.0}
    assert selection.weighted_mean(found, GOAL.gained).value == pytest.approx((3 / 4 + 0) / 2)
    both = selection.goal(GROUPS, Criterion({"French": 3.0, "English": 1.0}, None))
    assert selection.weighted_mean(found, both.gained).value == pytest.approx(0.75 * 0.375 + 0.25)
    assert both.kept == {}


def test_the_interval_of_a_mean_over_tasks_is_near_the_normal_one():
    rng = np.random.default_rng(0)
    samples = [rng.integers(2, size=300).astype(float), rng.normal(0, 2, 200)]
    found = intervals.weighted_mean(samples, [0.7, 0.3], confidence=0.8)
    error = sum((w * x.std()) ** 2 / len(x) for w, x in zip((0.7, 0.3), samples, strict=True)) ** 0.5
    half = stats.norm.ppf(0.9) * error
    assert found.value == pytest.approx(0.7 * samples[0].mean() + 0.3 * samples[1].mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.05) and found.items == 500


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=20), min_size=1, max_size=3))
def test_the_interval_holds_the_sum_and_repeats(samples):
    arrays, weights = [np.array(sample) for sample in samples], [1 / len(samples)] * len(samples)
    found = intervals.weighted_mean(arrays, weights)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found == intervals.weighted_mean(arrays, weights)


def test_the_best_is_the_highest_that_keeps_enough():
    base = shares(10, 30)
    candidates = {"keeps": shares(20, 26), "loses": shares(30, 25), "low": shares(15, 40)}
    assert selection.best(candidates, base, GOAL) == "keeps"
    alone = selection.goal(GROUPS, Criterion("French", None))
    assert selection.best(candidates, base, alone) == "loses"
    # The margin itself is allowed, and of equals the one that keeps more goes first.
    assert selection.is_admitted(shares(20, 26), base, GOAL) and not selection.is_admitted(shares(20, 25), base, GOAL)
    assert selection.best({"one": shares(20, 30), "other": shares(20, 31)}, base, GOAL) == "other"
    assert selection.best({"loses": shares(30, 25)}, base, GOAL) is None


def test_out_is_who_can_no_longer_win():
    base = shares(10, 30)
    candidates = {
        "best": shares(25, 30),
        "near": shares(25, 29),
        "far": shares(5, 30),
        "loses": shares(30, 10),
        "third": shares(24, 30),
    }
    reasons = selection.eliminated(candidates, base, GOAL, 0.95, None)
    assert reasons == {"far": "out: behind best", "loses": "out: keeps too little"}
    reasons = selection.eliminated(candidates, base, GOAL, 0.95, 2)
    assert "third" in reasons and "2 that look best" in reasons["third"] and not {"best", "near"} & set(reasons)
    assert selection.eliminated({}, base, GOAL, 0.95, None) == {}
    # The base was asked more items: only those that the others were asked count.
    more = {task: {**items, "99": 1.0} for task, items in base.items()}
    assert selection.eliminated(candidates, more, GOAL, 0.95, 2) == reasons


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6), st.integers(1, 4))
@example([(0, 8), (0, 9)], 1)
def test_the_sample_s_leader_always_goes_on(models, most):
    base = shares(4, 9, 12)
    candidates = {str(number): shares(*model, 12) for number, model in enumerate(models)}
    reasons = selection.eliminated(candidates, base, GOAL, 0.8, most)
    leader = selection.best(candidates, base, GOAL)
    assert leader is None or leader not in reasons
    assert len(candidates) - len(reasons) <= most


def test_models_that_were_not_asked_the_same_are_not_compared():
    with pytest.raises(UserError, match="a_fr") as error:
        selection.difference(shares(5, 5, 20), shares(5, 5, 21), GOAL.gained)
    assert error.value.code == "not-alike"

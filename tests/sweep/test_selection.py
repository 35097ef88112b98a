"""Who is best, who is out and what is proved, against arithmetic done by hand."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from luth.core.errors import UserError
from luth.reporting import intervals
from luth.sweep import report as sweep
from luth.sweep import selection

GROUPS = {"French": ["a_fr", "b_fr"], "English": ["a_en"]}
WANTED = selection.standard(GROUPS, {"French": 1.0}, "English", 0.1)


def scores(**tasks):
    return {task: {str(item): float(value) for item, value in enumerate(values)} for task, values in tasks.items()}


def shares(french, english, items=40):
    """A model that answers so many of `items` items of each French task, and of the English one."""
    right = [1] * french + [0] * (items - french)
    return scores(a_fr=right, b_fr=right, a_en=[1] * english + [0] * (items - english))


def test_a_group_s_mean_is_over_its_tasks_whatever_their_sizes():
    found = scores(a_fr=[1, 1, 1, 0], b_fr=[0], a_en=[1])
    assert WANTED.maximise == {"a_fr": 0.5, "b_fr": 0.5} and WANTED.keep == {"a_en": 1.0}
    assert selection.score(found, WANTED.maximise).value == pytest.approx((3 / 4 + 0) / 2)
    both = selection.standard(GROUPS, {"French": 3.0, "English": 1.0}, None, 0.1)
    assert selection.score(found, both.maximise).value == pytest.approx(0.75 * 0.375 + 0.25)
    assert both.keep == {}


def test_the_interval_of_a_mean_over_tasks_is_near_the_normal_one():
    rng = np.random.default_rng(0)
    samples = [rng.integers(2, size=300).astype(float), rng.normal(0, 2, 200)]
    found = intervals.weighted(samples, [0.7, 0.3], confidence=0.8)
    error = sum((w * x.std()) ** 2 / len(x) for w, x in zip((0.7, 0.3), samples, strict=True)) ** 0.5
    half = stats.norm.ppf(0.9) * error
    assert found.value == pytest.approx(0.7 * samples[0].mean() + 0.3 * samples[1].mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.05) and found.items == 500


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=20), min_size=1, max_size=3))
def test_the_interval_holds_the_sum_and_repeats(samples):
    arrays, weights = [np.array(sample) for sample in samples], [1 / len(samples)] * len(samples)
    found = intervals.weighted(arrays, weights)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found == intervals.weighted(arrays, weights) and 0 < found.p <= 1


def test_the_best_is_the_highest_that_keeps_enough():
    base = shares(10, 30)
    candidates = {"keeps": shares(20, 26), "loses": shares(30, 25), "low": shares(15, 40)}
    assert selection.best(candidates, base, WANTED) == "keeps"
    alone = selection.standard(GROUPS, {"French": 1.0}, None, 0.1)
    assert selection.best(candidates, base, alone) == "loses"
    # The margin itself is allowed, and of equals the one that keeps more goes first.
    assert selection.admitted(shares(20, 26), base, WANTED) and not selection.admitted(shares(20, 25), base, WANTED)
    assert selection.best({"one": shares(20, 30), "other": shares(20, 31)}, base, WANTED) == "other"
    assert selection.best({"loses": shares(30, 25)}, base, WANTED) is None


def test_out_is_who_can_no_longer_win():
    base = shares(10, 30)
    candidates = {
        "best": shares(25, 30),
        "near": shares(25, 29),
        "far": shares(5, 30),
        "loses": shares(30, 10),
        "third": shares(24, 30),
    }
    reasons = selection.out_of_the_race(candidates, base, WANTED, 0.95, None)
    assert reasons == {"far": "out: behind best", "loses": "out: keeps too little"}
    reasons = selection.out_of_the_race(candidates, base, WANTED, 0.95, 2)
    assert "third" in reasons and "2 that look best" in reasons["third"] and not {"best", "near"} & set(reasons)
    assert selection.out_of_the_race({}, base, WANTED, 0.95, None) == {}
    # The base was asked more items: only those that the others were asked count.
    more = {task: {**items, "99": 1.0} for task, items in base.items()}
    assert selection.out_of_the_race(candidates, more, WANTED, 0.95, 2) == reasons


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6), st.integers(1, 4))
@example([(0, 8), (0, 9)], 1)
def test_the_sample_s_leader_always_goes_on(models, most):
    base = shares(4, 9, 12)
    candidates = {str(number): shares(*model, 12) for number, model in enumerate(models)}
    reasons = selection.out_of_the_race(candidates, base, WANTED, 0.8, most)
    leader = selection.best(candidates, base, WANTED)
    assert leader is None or leader not in reasons
    assert len(candidates) - len(reasons) <= most


def test_models_that_were_not_asked_the_same_are_not_compared():
    with pytest.raises(UserError, match="a_fr: two models were not asked the same items"):
        selection.gap(shares(5, 5, 20), shares(5, 5, 21), WANTED.maximise)


@pytest.mark.parametrize(
    ("nats", "maximise", "said"),
    [
        ({"b_fr"}, ["French"], "'French' mixes shares and log-likelihoods: give b_fr its own"),
        ({"a_fr", "b_fr"}, ["French", "English"], "maximise mixes shares and log-likelihoods"),
        ({"a_en"}, ["French"], "keep: 'English' holds log-likelihoods"),
    ],
)
def test_units_are_not_mixed(nats, maximise, said):
    with pytest.raises(UserError, match=said):
        selection.require_one_unit(GROUPS, maximise, "English", nats.__contains__)


@pytest.mark.parametrize(
    ("base", "tuned", "winner", "said"),
    [
        (shares(5, 30), shares(10, 30), shares(30, 30), "The winner beats both parents on items"),
        (shares(5, 30), shares(29, 30), shares(30, 30), "It is not shown that the winner beats both parents"),
        (shares(5, 30), shares(35, 10), shares(30, 30), "tuned keeps too little (-50.0 points ["),
        (shares(5, 30), shares(10, 30), shares(30, 20), "differs from the base's by -25.0 points [-40.0, -12.5]"),
    ],
)
def test_the_verdict_says_what_is_shown_and_what_is_not(base, tuned, winner, said):
    models = {"base": base, "tuned": tuned, "winner": winner}
    found = sweep.evidence(models, list(models), GROUPS, WANTED)
    assert said in found.verdict
    ahead = found.differences["French"]["base"]
    assert ahead.value == pytest.approx(25 / 40) and ahead.low > 0 and found.scores["French"]["winner"].value == 0.75

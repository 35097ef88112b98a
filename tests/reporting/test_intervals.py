import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luth.reporting import intervals, tables
from luth.reporting.intervals import Estimate


def test_the_interval_of_a_share_is_near_the_normal_one():
    scores = np.array([1.0] * 60 + [0.0] * 40)
    found = intervals.mean(scores)
    half = 1.96 * (0.6 * 0.4 / 100) ** 0.5
    assert found.value == 0.6 and found.items == 100
    assert found.low == pytest.approx(0.6 - half, abs=0.015) and found.high == pytest.approx(0.6 + half, abs=0.015)


def test_pairing_cancels_what_is_hard_for_both():
    rng = np.random.default_rng(1)
    difficulty = rng.normal(0, 10, 200)
    found = intervals.difference(difficulty + 0.5 + rng.normal(0, 0.5, 200), difficulty)
    assert found.excludes_zero and found.p < 0.001 and found.value == pytest.approx(0.5, abs=0.15)


def test_no_difference_is_not_called_one():
    scores = np.array([0.0, 1.0] * 30)
    found = intervals.difference(scores, scores)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1) and not found.excludes_zero
    shuffled = np.random.default_rng(0).permutation(scores)
    assert not intervals.difference(shuffled, scores).excludes_zero


def test_p_is_near_the_t_test_s():
    from scipy import stats

    rng = np.random.default_rng(3)
    a, b = rng.normal(0.25, 1, 80), rng.normal(0, 1, 80)
    assert intervals.difference(a, b).p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.02)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30))
def test_the_interval_holds_the_mean_and_repeats(values):
    found = intervals.mean(np.array(values))
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found == intervals.mean(np.array(values))


def test_marks_stand_only_where_the_interval_excludes_zero():
    assert "▲" in tables.difference_cell(Estimate(0.1, 0.02, 0.2, 50, 0.01), share=True)
    assert "▼" in tables.difference_cell(Estimate(-0.1, -0.2, -0.02, 50, 0.01), share=True)
    unsure = tables.difference_cell(Estimate(0.1, -0.02, 0.2, 50, 0.1), share=True)
    assert unsure == "+10.0 [-2.0, +20.0], p = 0.100"
    said = tables.sentence("sft", "base", "French items", Estimate(0.1, -0.02, 0.2, 50, 0.1), True)
    assert said.startswith("French items: no difference between sft and base is shown")

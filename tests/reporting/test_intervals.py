"""Intervals and p-values against formulas written out, other tests and the normal distribution."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from luth.reporting import intervals
from luth.reporting.intervals import mean, ratio, weighted_difference, weighted_mean

SHARES = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=25)
NUMBERS = st.lists(st.floats(-5, 5), min_size=1, max_size=25)


def difference(scores, reference):
    return weighted_difference([scores], [reference], [1.0])


def wilson(share, items, z=1.959963984540054):
    """Wilson's interval as in his paper."""
    middle = (share + z**2 / (2 * items)) / (1 + z**2 / items)
    half = z / (1 + z**2 / items) * math.sqrt(share * (1 - share) / items + z**2 / (4 * items**2))
    return middle - half, middle + half


def test_the_interval_of_a_share_is_near_the_normal_one():
    scores = np.array([1.0] * 60 + [0.0] * 40)
    estimate = mean(scores)
    half = 1.96 * (0.6 * 0.4 / 100) ** 0.5
    assert estimate.value == 0.6 and estimate.items == 100
    assert estimate.low == pytest.approx(0.6 - half, abs=0.015)
    assert estimate.high == pytest.approx(0.6 + half, abs=0.015)
    narrow = mean(scores, confidence=0.8)
    assert (narrow.high - narrow.low) / (estimate.high - estimate.low) == pytest.approx(1.2816 / 1.96, rel=0.05)


def test_pairing_cancels_what_is_hard_for_both():
    rng = np.random.default_rng(1)
    difficulty = rng.normal(0, 10, 200)
    estimate = difference(difficulty + 0.5 + rng.normal(0, 0.5, 200), difficulty)
    assert estimate.excludes_zero and estimate.p < 0.001 and estimate.value == pytest.approx(0.5, abs=0.15)


def test_p_is_near_the_t_test_s():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0.25, 1, 80), rng.normal(0, 1, 80)
    assert difference(a, b).p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.02)
    several = weighted_difference([a, b + 0.1], [b, b], [0.5, 0.5])
    assert several.value == pytest.approx(((a - b).mean() + 0.1) / 2)


@settings(max_examples=20, deadline=None)
@given(NUMBERS)
def test_the_interval_holds_the_mean_and_repeats(values):
    estimate = mean(np.array(values))
    assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9
    assert estimate == mean(np.array(values))


@settings(max_examples=20, deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=3))
def test_the_interval_of_a_group_holds_its_mean_over_tasks_and_has_a_width(samples):
    arrays, weights = [np.array(sample) for sample in samples], [1 / len(samples)] * len(samples)
    estimate = weighted_mean(arrays, weights)
    assert estimate.value == pytest.approx(np.mean([np.mean(sample) for sample in samples]))
    assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9
    assert -1e-9 <= estimate.low < estimate.high <= 1 + 1e-9 and estimate.items == sum(map(len, samples))
    assert estimate.p is None and estimate == weighted_mean(arrays, weights)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(SHARES, st.randoms()), min_size=1, max_size=3))
def test_the_interval_of_a_difference_holds_it_and_turns_with_the_models(pairs):
    ours = [np.array(sample) for sample, _ in pairs]
    theirs = [np.array(random.sample(sample, len(sample))) for sample, random in pairs]
    weights = [1 / len(pairs)] * len(pairs)
    estimate, turned = weighted_difference(ours, theirs, weights), weighted_difference(theirs, ours, weights)
    assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9 and 0 < estimate.p <= 1
    assert turned.value == pytest.approx(-estimate.value) and estimate.low < estimate.high
    assert (turned.low, turned.high) == pytest.approx((-estimate.high, -estimate.low), abs=0.1)


@pytest.mark.parametrize("tasks", range(2, 40))
def test_all_right_in_any_number_of_tasks_is_never_above_1(tasks):
    value = intervals._weighted_sum([np.ones(3)] * tasks, [1 / tasks] * tasks)
    assert 1 - 1e-15 < value <= 1


@settings(max_examples=20, deadline=None)
@given(st.one_of(SHARES, NUMBERS))
def test_a_group_of_one_task_is_that_task(values):
    scores = np.array(values)
    assert weighted_mean([scores], [1.0]) == mean(scores) == ratio(scores, np.ones(len(scores)))
    estimate = difference(scores, np.full(len(scores), -6.0))
    if np.ptp(scores) > 1e-9:
        assert estimate.low == pytest.approx(mean(scores).low + 6) and estimate.p < 0.001


def test_items_count_by_what_is_possible_in_them():
    reached, possible = np.array([1.0, 0.0, 2.0, 3.0]), np.array([1.0, 1.0, 4.0, 3.0])
    estimate = ratio(reached, possible)
    assert estimate.value == 6 / 9 and estimate.items == 4
    draws = np.random.default_rng(0).integers(4, size=(10_000, 4))
    low, high = np.percentile(reached[draws].sum(1) / possible[draws].sum(1), [2.5, 97.5])
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.03)


@pytest.mark.parametrize("items", [1, 5, 20, 300])
def test_where_all_items_agree_the_interval_is_wilson_s(items):
    right, wrong = mean(np.ones(items)), mean(np.zeros(items))
    assert (right.low, right.high) == pytest.approx(wilson(1, items)) and right.value == 1
    assert (wrong.low, wrong.high) == pytest.approx(wilson(0, items)) and wrong.value == 0
    # Ten answers of half a point each vary less than ten of which five are right.
    half = mean(np.full(2 * items, 0.5))
    assert (half.low, half.high) == pytest.approx(wilson(0.5, 2 * items))
    # 0.3 of 7 items is between 2 and 3 right ones.
    part = mean(np.full(7, 0.3))
    assert (part.low, part.high) == pytest.approx((wilson(2 / 7, 7)[0], wilson(3 / 7, 7)[1]))


def test_log_likelihoods_that_agree_have_no_interval():
    assert mean(np.full(5, -1.5)) == intervals.Estimate(-1.5, -1.5, -1.5, 5)
    same = difference(np.full(5, -1.5), np.full(5, -1.5))
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_tasks_whose_items_agree_widen_a_group_by_their_wilson_interval():
    right, mixed = np.ones(20), np.array([0.0, 1.0] * 10)
    margin = 1 - wilson(1, 20)[0]
    both = weighted_mean([right, right], [0.25, 0.75])
    assert both.high == 1 and both.low == pytest.approx(1 - margin * math.sqrt(0.25**2 + 0.75**2))
    # The bootstrap of the other task, whose normal interval is 0.5 ± 1.96 * sqrt(0.25 / 20), joins it.
    group = weighted_mean([right, mixed], [0.5, 0.5])
    spread = 1.96 * math.sqrt(0.25 / 20) / 2
    assert group.value == 0.75 and group.high == pytest.approx(0.75 + spread, abs=0.015)
    assert group.low == pytest.approx(0.75 - math.hypot(spread, margin / 2), abs=0.015)


def test_models_that_differ_in_no_item_may_differ_by_what_wilson_leaves_open():
    scores, margin = np.array([0.0, 1.0] * 10), wilson(0, 20)[1]
    same = difference(scores, scores)
    assert (same.value, same.p) == (0, 1) and not same.excludes_zero
    assert (same.low, same.high) == pytest.approx((-margin, margin))
    tasks = weighted_difference([scores, scores], [scores, scores], [0.5, 0.5])
    assert (tasks.low, tasks.high) == pytest.approx((-margin / math.sqrt(2), margin / math.sqrt(2)))
    shuffled = np.random.default_rng(0).permutation(scores)
    assert not difference(shuffled, scores).excludes_zero


@pytest.mark.parametrize(("items", "excludes"), [(2, False), (3, False), (4, True), (20, True)])
def test_models_that_differ_alike_in_every_item(items, excludes):
    gained = difference(np.ones(items), np.zeros(items))
    # All of n items are gains, none is a loss: Wilson's least of the one less Wilson's most of the other.
    assert gained.low == pytest.approx(wilson(1, items)[0] - wilson(0, items)[1]) and gained.high == pytest.approx(1)
    assert gained.p == pytest.approx(max(1 / 10_001, stats.chi2.sf(items, 1)))
    assert gained.excludes_zero == excludes == (gained.p < 0.05)
    lost = difference(np.zeros(items), np.ones(items))
    assert (lost.low, lost.high, lost.p) == pytest.approx((-gained.high, -gained.low, gained.p))


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(150):
        tasks = [(rng.random(40) < share).astype(float) for share in (0.6, 0.9)]
        estimate = weighted_mean(tasks, [0.5, 0.5])
        held += estimate.low <= 0.75 <= estimate.high
    assert 0.88 <= held / 150 <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20_000), st.floats(0, 1))
def test_a_published_score_has_wilson_s_interval_whatever_its_runs(items, share):
    estimate = intervals.of_published(share, items)
    low, high = wilson(share, items)
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
    assert 0 <= estimate.low <= share <= estimate.high <= 1 and estimate.items == items
    assert intervals.of_published(0.0, 20).low == 0 and intervals.of_published(1.0, 20).high == 1


def test_a_mean_over_runs_varies_no_more_than_one_run():
    rng = np.random.default_rng(5)
    chances = rng.beta(0.5, 0.5, 600)
    runs = (rng.random((3, 600)) < chances).mean(axis=0)
    over_items, published = mean(runs), intervals.of_published(float(runs.mean()), 600)
    assert over_items.high - over_items.low < published.high - published.low


def test_a_difference_that_cannot_be_paired_is_newcombe_s():
    # Newcombe 1998, table II, method 10: 56 of 70 and 48 of 80.
    ours, theirs = intervals.of_published(56 / 70, 70), intervals.of_published(48 / 80, 80)
    gap = intervals.unpaired_difference(ours, theirs)
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5) and gap.excludes_zero
    turned = intervals.unpaired_difference(theirs, ours)
    assert (turned.low, turned.high) == pytest.approx((-gap.high, -gap.low))


def test_of_the_same_model_on_the_same_items_few_come_out_as_incompatible():
    rng = np.random.default_rng(8)
    apart = 0
    for _ in range(300):
        chances = rng.beta(0.4, 0.8, 200)
        published, measured = (rng.random((2, 200)) < chances).astype(float)
        known = intervals.of_published(float(published.mean()), 200)
        ours = intervals.of_published(float(measured.mean()), 200)
        apart += intervals.unpaired_difference(ours, known).excludes_zero
    assert apart / 300 < 0.03

"""Scores, group scores and differences with their intervals over items. docs/statistics.md explains each of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

RESAMPLES = 10_000
CONFIDENCE = 0.95
SEED = 0
BATCH = 1000
# Sums of floats: values that differ by less are equal.
ROUNDING = 1e-12


@dataclass
class Estimate:
    """A mean over items, or a mean paired difference, with its interval and, for a difference, its p-value."""

    value: float
    low: float
    high: float
    items: int
    p: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.low > 0 or self.high < 0


def is_share(*samples: np.ndarray) -> bool:
    """Tell scores between 0 and 1 from log-likelihoods, which are negative."""
    return all(bool(((sample >= 0) & (sample <= 1)).all()) for sample in samples)


def mean(scores: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate the mean of a task's scores, shape (items,), by the percentile bootstrap over items.

    Where all items have the same score the bootstrap has no width: for shares Wilson's interval takes its place.
    """
    return ratio(scores, np.ones(len(scores)), confidence)


def ratio(reached: np.ndarray, possible: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate the sum of `reached` over the sum of `possible`, both of shape (items,), as `mean` does.

    Items count by what is possible in them; where that is 1 everywhere, this is `mean`.
    """
    value = float(reached.sum() / possible.sum())
    if _agree(reached / possible):
        low, high = _wilson(reached / possible, confidence)
    else:
        low, high = _percentiles(_resampled_ratio(reached, possible), confidence)
    return Estimate(value, low, high, len(reached))


def weighted_mean(samples: Sequence[np.ndarray], weights: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Estimate the weighted mean of several tasks' means, resampling items within each task.

    A group's score is this with equal weights. A task whose items all have the same score adds nothing to the
    bootstrap's width: for shares its Wilson interval is added, by the square root of the sum of squared margins.

    Source: Zou, Huang and Zhang, A note on confidence interval estimation for a linear function of binomial
    proportions, Computational Statistics & Data Analysis 53, 2009.

    Args:
        samples: the scores of each task, each of shape (its items,).
        weights: of the tasks, positive, with the sum 1.
        confidence: of the interval.
    """
    if len(samples) == 1:
        return mean(samples[0], confidence)
    value = _weighted_sum(samples, weights)
    low, high = _percentiles(_resampled_sum(samples, weights), confidence)
    bounds = [
        (weight, float(sample.mean()), *_wilson(sample, confidence))
        for sample, weight in zip(samples, weights, strict=True)
        if _agree(sample)
    ]
    if bounds:
        low, high = _joined(value, [(1.0, value, low, high), *bounds])
    return Estimate(value, low, high, sum(map(len, samples)))


def weighted_difference(
    samples: Sequence[np.ndarray],
    references: Sequence[np.ndarray],
    weights: Sequence[float],
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Estimate how far the weighted mean of `samples` is above that of `references`, on the same items.

    The differences of items are resampled, within each task, so that what is hard for both models cancels out. The
    p-value is two-sided: twice the share of resamples that lie on the other side of zero than most, at least
    1 / (RESAMPLES + 1). Where the items of each task all differ by the same amount, most often by nothing, all
    resamples are the same: then the interval, for shares, is Wilson's of the gains less Wilson's of the losses, and
    the p-value is that of McNemar's test.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 16; McNemar, Psychometrika
    12(2), 1947.

    Args:
        samples: the scores of each task, each of shape (its items,).
        references: those of the other model, on the same items in the same order.
        weights: of the tasks, positive, with the sum 1.
        confidence: of the interval.
    """
    gaps = [ours - theirs for ours, theirs in zip(samples, references, strict=True)]
    value = _weighted_sum(gaps, weights)
    if all(_agree(gap) for gap in gaps):
        (low, high), p = _uniform_difference(gaps, weights, confidence, is_share(*samples, *references))
    else:
        resampled = _resampled_sum(gaps, weights)
        low, high = _percentiles(resampled, confidence)
        p = 2 * float(min((resampled <= ROUNDING).mean(), (resampled >= -ROUNDING).mean()))
    return Estimate(value, low, high, sum(map(len, gaps)), min(1.0, max(p, 1 / (RESAMPLES + 1))))


def of_published(share: float, items: int, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate what a published share of right answers says, by Wilson's interval, its items' scores being unknown.

    A mean over several runs has the interval of one: the runs had the same items, and the interval is over items. An
    item's mean over runs varies no more between items than one run's 0 or 1, so that the interval is wide enough.

    Args:
        share: from 0 to 1.
        items: how many were scored, each once or several times.
        confidence: of the interval.
    """
    return Estimate(share, *_wilson_of(share, items, confidence), items)


def unpaired_difference(estimate: Estimate, reference: Estimate) -> Estimate:
    """Estimate how far a score is above another whose items' scores are not known, as if their items were others.

    The margins of both are joined by the square root of the sum of squares. Of scores on the same items the real
    difference is known better than this says, but not how much better.

    Source: Zou and Donner, Construction of confidence limits about effect measures: a general approach, Statistics in
    Medicine 27, 2008; for two Wilson intervals it is method 10 of Newcombe, Statistics in Medicine 17, 1998.
    """
    value = estimate.value - reference.value
    bounds = [
        (1.0, estimate.value, estimate.low, estimate.high),
        (1.0, -reference.value, -reference.high, -reference.low),
    ]
    return Estimate(value, *_joined(value, bounds), min(estimate.items, reference.items))


def _weighted_sum(samples: Sequence[np.ndarray], weights: Sequence[float]) -> float:
    # Exact but for one rounding: the mean of shares is a share, never above 1.
    return math.fsum(weight * float(sample.mean()) for sample, weight in zip(samples, weights, strict=True))


def _agree(sample: np.ndarray) -> bool:
    return bool(np.ptp(sample) <= ROUNDING)


def _resampled_ratio(reached: np.ndarray, possible: np.ndarray) -> np.ndarray:
    return stats.bootstrap(
        (reached, possible),
        lambda reached, possible, axis: reached.sum(axis=axis) / possible.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BATCH,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).bootstrap_distribution


def _resampled_sum(samples: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Return RESAMPLES weighted sums of means; one task's are those that `mean` takes."""
    if len(samples) == 1:
        return weights[0] * _resampled_ratio(samples[0], np.ones(len(samples[0])))
    rng = np.random.default_rng(SEED)
    resampled = np.zeros(RESAMPLES)
    for sample, weight in zip(samples, weights, strict=True):
        # How often each distinct score is drawn is multinomial: for shares that is two numbers, however many items.
        distinct, counts = np.unique(sample, return_counts=True)
        for start in range(0, RESAMPLES, BATCH):
            drawn = rng.multinomial(len(sample), counts / len(sample), size=BATCH)
            resampled[start : start + BATCH] += weight * (drawn @ distinct) / len(sample)
    return resampled


def _percentiles(resampled: np.ndarray, confidence: float) -> tuple[float, float]:
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return float(low), float(high)


def _wilson(scores: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return Wilson's score interval for scores that are all the same; log-likelihoods have none and get no width.

    Of all scores from 0 to 1 with a given mean, those that are 0 or 1 vary most: the interval of such a count is wide
    enough for any. A count that is not whole is rounded away from the mean.

    Source: Wilson, Journal of the American Statistical Association 22(158), 1927.
    """
    value, items = float(scores.mean()), len(scores)
    if not is_share(scores):
        return value, value
    counts = math.floor(value * items + ROUNDING), math.ceil(value * items - ROUNDING)
    below, above = (_wilson_of(count / items, items, confidence) for count in counts)
    return below[0], above[1]


def _wilson_of(share: float, items: int, confidence: float) -> tuple[float, float]:
    z = float(stats.norm.ppf((1 + confidence) / 2))
    middle = share + z**2 / (2 * items)
    half = z * math.sqrt(share * (1 - share) / items + z**2 / (4 * items**2))
    low, high = ((middle + sign * half) / (1 + z**2 / items) for sign in (-1, 1))
    # Rounding may put an end a little beyond 0, 1 or the share.
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def _joined(value: float, bounds: list[tuple[float, float, float, float]]) -> tuple[float, float]:
    """Return the interval of a weighted sum of independent estimates, each as weight, value, low and high."""
    below = math.hypot(*(weight * (middle - low) for weight, middle, low, _ in bounds))
    above = math.hypot(*(weight * (high - middle) for weight, middle, _, high in bounds))
    return value - below, value + above


def _uniform_difference(
    gaps: list[np.ndarray], weights: Sequence[float], confidence: float, shares: bool
) -> tuple[tuple[float, float], float]:
    """Return interval and p-value where the items of each task all differ by the same amount."""
    bounds = []
    for gap, weight in zip(gaps, weights, strict=True):
        gains, losses = np.maximum(gap, 0), np.maximum(-gap, 0)
        low, high = float(gap.mean()), float(gap.mean())
        if shares:
            (least_gain, most_gain), (least_loss, most_loss) = _wilson(gains, confidence), _wilson(losses, confidence)
            low, high = least_gain - most_loss, most_gain - least_loss
        bounds.append((weight, float(gap.mean()), low, high))
    gained = sum(len(gap) for gap in gaps if gap.mean() > ROUNDING)
    lost = sum(len(gap) for gap in gaps if gap.mean() < -ROUNDING)
    p = 2 * float(stats.norm.sf(abs(gained - lost) / math.sqrt(gained + lost))) if gained + lost else 1.0
    return _joined(_weighted_sum(gaps, weights), bounds), p

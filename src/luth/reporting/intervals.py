"""Intervals over items, by the bootstrap."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

RESAMPLES = 10_000
CONFIDENCE = 0.95
SEED = 0


@dataclass
class Estimate:
    """A mean over items, or a mean paired difference, with its interval at 95% and, for a difference, its p-value."""

    value: float
    low: float
    high: float
    items: int
    p: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly on one side of zero."""
        return self.low > 0 or self.high < 0


def mean(scores: np.ndarray) -> Estimate:
    """Estimate the mean of per-item scores, shape (items,), with the percentile bootstrap over items."""
    return _estimate(scores)[0]


def ratio(reached: np.ndarray, possible: np.ndarray) -> Estimate:
    """Estimate the sum of `reached` over the sum of `possible`, both of shape (items,), resampling items.

    Items count by what is possible in them; where that is 1 everywhere, this is `mean`.
    """
    value = float(reached.sum() / possible.sum())
    if len(reached) < 2:
        return Estimate(value, value, value, len(reached))
    if np.ptp(reached / possible) == 0:
        return _unanimous(value, len(reached))
    rng = np.random.default_rng(SEED)
    resampled = np.empty(RESAMPLES)
    for at in range(0, RESAMPLES, 1000):
        drawn = rng.integers(len(reached), size=(1000, len(reached)))
        resampled[at : at + 1000] = reached[drawn].sum(1) / possible[drawn].sum(1)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Estimate(value, float(low), float(high), len(reached))


def _unanimous(value: float, items: int) -> Estimate:
    """Estimate a share where all items agree and the bootstrap has no width: Wilson's interval, for all or none.

    Source: Wilson 1927, JASA 22(158).
    """
    margin = stats.norm.ppf((1 + CONFIDENCE) / 2) ** 2 / items
    spread = margin / (1 + margin)
    return Estimate(value, value - spread if value == 1 else value, value + spread if value == 0 else value, items)


def difference(scores: np.ndarray, reference: np.ndarray) -> Estimate:
    """Estimate the mean of `scores - reference` over the same items, both of shape (items,).

    Items are resampled, so that what is hard for both models cancels out. The p-value is two-sided: twice the share
    of resamples whose difference does not have the sign of most, never below 1 / (resamples + 1).

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 16.
    """
    estimate, resampled = _estimate(scores - reference)
    tail = min((resampled <= 0).mean(), (resampled >= 0).mean())
    estimate.p = float(min(1.0, max(2 * tail, 1 / (RESAMPLES + 1))))
    return estimate


def weighted(values: list[np.ndarray], weights: list[float], confidence: float = CONFIDENCE) -> Estimate:
    """Estimate the weighted sum of several samples' means, each of shape (its items,), resampling within each.

    Meant for a mean over tasks, and for a paired difference of two such means; the p-value, as in `difference`, is of
    the sum being zero.
    """
    rng = np.random.default_rng(SEED)
    value, resampled = 0.0, np.zeros(RESAMPLES)
    for sample, weight in zip(values, weights, strict=True):
        value += weight * float(sample.mean())
        # How often each distinct value is drawn is multinomial: for shares that is two numbers, however many items.
        distinct, counts = np.unique(sample, return_counts=True)
        for at in range(0, RESAMPLES, 1000):
            drawn = rng.multinomial(len(sample), counts / len(sample), size=1000)
            resampled[at : at + 1000] += weight * (drawn @ distinct) / len(sample)
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    # Sums of floats: what is zero but for rounding is zero.
    p = 2 * min((resampled <= 1e-12).mean(), (resampled >= -1e-12).mean())
    items = sum(len(sample) for sample in values)
    return Estimate(value, float(low), float(high), items, float(min(1.0, max(p, 1 / (RESAMPLES + 1)))))


def _estimate(values: np.ndarray) -> tuple[Estimate, np.ndarray]:
    value = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return Estimate(value, value, value, len(values)), np.full(RESAMPLES, value)
    result = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=1000,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    interval = result.confidence_interval
    return Estimate(value, float(interval.low), float(interval.high), len(values)), result.bootstrap_distribution

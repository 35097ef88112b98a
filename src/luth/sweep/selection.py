"""Which of many models is the best by a criterion, and which can still be, from their items' scores."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from luth.core.errors import UserError
from luth.reporting import intervals
from luth.reporting.intervals import Estimate

# Of one model: by task, by item, what the item's first metric gave.
Scores = dict[str, dict[str, float]]


@dataclass
class Tried:
    """One merge of the grid, and how far it came.

    `scores` holds each group's mean, over all items where `full`, else over the first pass's; None where it failed.
    `reason` says why it went no further, empty where it was in the race to the end.
    """

    name: str
    method: str
    coefficient: float
    scores: dict[str, Estimate] | None
    full: bool
    reason: str


@dataclass
class Standard:
    """What the best is: tasks with their weights in the mean that is maximised, and in the mean that is kept.

    `keep` may be empty. A model is admitted where that mean is at most `margin` below the base's.
    """

    maximise: dict[str, float]
    keep: dict[str, float]
    margin: float


def standard(groups: dict[str, list[str]], maximise: dict[str, float], keep: str | None, margin: float) -> Standard:
    """Return what the best is among models that were asked these groups' tasks; a group's tasks count alike."""
    total = sum(maximise.values())
    weights: dict[str, float] = {}
    for group, weight in maximise.items():
        for task in groups[group]:
            weights[task] = weights.get(task, 0) + weight / total / len(groups[group])
    kept = {task: 1 / len(groups[keep]) for task in groups[keep]} if keep is not None else {}
    return Standard(weights, kept, margin)


def score(scores: Scores, weights: dict[str, float], confidence: float = intervals.CONFIDENCE) -> Estimate:
    """Estimate a model's weighted mean over tasks."""
    return intervals.weighted(_arrays(scores, weights), list(weights.values()), confidence)


def gap(
    scores: Scores, reference: Scores, weights: dict[str, float], confidence: float = intervals.CONFIDENCE
) -> Estimate:
    """Estimate the difference between two models' weighted means over tasks, paired by item."""
    _require_same_items(scores, reference, weights)
    pairs = zip(_arrays(scores, weights), _arrays(reference, weights), strict=True)
    return intervals.weighted([ours - theirs for ours, theirs in pairs], list(weights.values()), confidence)


def _arrays(scores: Scores, weights: dict[str, float]) -> list[np.ndarray]:
    return [np.array([scores[task][item] for item in sorted(scores[task], key=int)]) for task in weights]


def _require_same_items(scores: Scores, reference: Scores, tasks: dict[str, float]) -> None:
    for task in tasks:
        if scores[task].keys() != reference[task].keys():
            raise UserError(
                "bad-recipe-value", f"{task}: two models were not asked the same items: use another output_dir"
            )


def on_the_items_of(scores: Scores, sample: Scores) -> Scores:
    """Return a model's scores on those items alone that are in `sample`."""
    return {task: {item: scores[task][item] for item in items} for task, items in sample.items()}


def admitted(scores: Scores, base: Scores, wanted: Standard) -> bool:
    """Tell whether a model keeps what it is to keep."""
    # Sums of floats: a loss of the margin itself is allowed.
    return not wanted.keep or gap(scores, base, wanted.keep).value >= -wanted.margin - 1e-9


def best(candidates: dict[str, Scores], base: Scores, wanted: Standard) -> str | None:
    """Return the admitted candidate with the highest mean; of equals the one that keeps most, then the first."""
    names = [name for name in candidates if admitted(candidates[name], base, wanted)]
    return max(names, key=lambda name: _rank(candidates[name], wanted), default=None)


def _rank(scores: Scores, wanted: Standard) -> tuple[float, float]:
    kept = score(scores, wanted.keep).value if wanted.keep else 0.0
    return round(score(scores, wanted.maximise).value, 9), round(kept, 9)


def out_of_the_race(
    candidates: dict[str, Scores], base: Scores, wanted: Standard, confidence: float, most: int | None
) -> dict[str, str]:
    """Tell, by name, why a candidate need not be looked at any further, from a sample of the items.

    Out is one whose interval, paired by item, lies wholly below the best one's mean, or whose kept mean lies wholly
    below what is admitted; then all but the `most` that look best.

    Args:
        candidates: their scores on the sample.
        base: the base's, on the sample or on more items.
        wanted: what the best is.
        confidence: of the intervals.
        most: None for any number.
    """
    if not candidates:
        return {}
    base = on_the_items_of(base, next(iter(candidates.values())))
    leader = best(candidates, base, wanted)
    reasons = {}
    for name, scores in candidates.items():
        if wanted.keep and gap(scores, base, wanted.keep, confidence).high < -wanted.margin:
            reasons[name] = "out: keeps too little"
        elif leader and gap(scores, candidates[leader], wanted.maximise, confidence).high < 0:
            reasons[name] = f"out: behind {leader}"
    left = [name for name in candidates if name not in reasons]

    def promise(name: str) -> tuple[bool, tuple[float, float]]:
        return admitted(candidates[name], base, wanted), _rank(candidates[name], wanted)

    for name in sorted(left, key=promise, reverse=True)[most or len(left) :]:
        reasons[name] = f"out: not among the {most} that look best"
    return reasons


def require_one_unit(
    groups: dict[str, list[str]], maximise: list[str], keep: str | None, in_nats: Callable[[str], bool]
) -> None:
    """Raise `UserError` for a mean that would mix shares of right answers with log-likelihoods.

    Args:
        groups: of tasks.
        maximise: the criterion's groups, whose mean is one as well.
        keep: the group whose loss is limited, by a share.
        in_nats: tells a task scored by log-likelihoods.
    """
    for name, tasks in groups.items():
        other = [task for task in tasks if in_nats(task) != in_nats(tasks[0])]
        if other:
            raise UserError(
                "bad-recipe-value", f"the group {name!r} mixes shares and log-likelihoods: give {other[0]} its own"
            )
    if len({in_nats(groups[name][0]) for name in maximise}) > 1:
        raise UserError(
            "bad-recipe-value",
            f"criterion: maximise mixes shares and log-likelihoods: {', '.join(maximise)}: leave one out",
        )
    if keep is not None and in_nats(groups[keep][0]):
        raise UserError(
            "bad-recipe-value",
            f"criterion: keep: {keep!r} holds log-likelihoods, and the margin is a share: name another",
        )

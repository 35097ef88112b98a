"""Which of many models is the best by a criterion, and which may still be, from their scores on items."""

from dataclasses import dataclass

import numpy as np

from luth.core.errors import UserError
from luth.reporting import intervals
from luth.reporting.intervals import Estimate
from luth.sweep.recipe import Criterion, Groups

# One model's scores: by task, by item, the item's first metric.
Scores = dict[str, dict[str, float]]


@dataclass
class Tried:
    """One merge of the grid, and how far it came.

    Parameters:
        name: of the merge.
        method: with its parameters.
        coefficient: 0 is the base.
        scores: each group's mean, over all items where `full` is true, else over the first pass's; None where the
            merge failed.
        full: whether the merge was in the full pass.
        reason: why it went no further; empty where it was in the race to the end.
    """

    name: str
    method: str
    coefficient: float
    scores: dict[str, Estimate] | None
    full: bool
    reason: str


@dataclass
class Goal:
    """A criterion over tasks: their weights in the mean that should gain, and in the mean that should be kept.

    A merge is admitted where its kept mean is at most `margin` below the base's; where `kept` is empty, all are.
    """

    gained: dict[str, float]
    kept: dict[str, float]
    margin: float


def goal(groups: Groups, criterion: Criterion) -> Goal:
    """Return a criterion over the tasks of these groups. The tasks of a group count alike."""
    shares = criterion.weights()
    gained: dict[str, float] = {}
    for group, share in shares.items():
        for task in groups[group]:
            gained[task] = gained.get(task, 0) + share / sum(shares.values()) / len(groups[group])
    kept = {} if criterion.keep is None else mean_weights(groups[criterion.keep])
    return Goal(gained, kept, criterion.margin)


def mean_weights(tasks: list[str]) -> dict[str, float]:
    """Return the weights of the tasks in their plain mean."""
    return dict.fromkeys(tasks, 1 / len(tasks))


def weighted_mean(scores: Scores, weights: dict[str, float]) -> Estimate:
    """Estimate a model's weighted mean over tasks, with its 95% interval."""
    return intervals.weighted_mean(_arrays(scores, weights), list(weights.values()))


def difference(
    scores: Scores, reference: Scores, weights: dict[str, float], confidence: float = intervals.CONFIDENCE
) -> Estimate:
    """Estimate the difference between two models' weighted means over tasks, paired by item.

    Raises:
        UserError: the two have scores on different items.
    """
    for task in weights:
        if scores[task].keys() != reference[task].keys():
            raise UserError(
                "not-alike", f"{task}: two models were evaluated on different items: use another output_dir"
            )
    arrays, references = _arrays(scores, weights), _arrays(reference, weights)
    return intervals.weighted_difference(arrays, references, list(weights.values()), confidence)


def _arrays(scores: Scores, tasks: dict[str, float]) -> list[np.ndarray]:
    return [np.array([scores[task][item] for item in sorted(scores[task], key=int)]) for task in tasks]


def is_admitted(scores: Scores, base: Scores, goal: Goal) -> bool:
    """Tell whether a model keeps what should be kept."""
    # A loss of exactly the margin is allowed; sums of floats may be a little off.
    return not goal.kept or difference(scores, base, goal.kept).value >= -goal.margin - 1e-9


def best(candidates: dict[str, Scores], base: Scores, goal: Goal) -> str | None:
    """Return the admitted candidate that gains most; of equals the one that keeps most, then the first."""
    names = [name for name in candidates if is_admitted(candidates[name], base, goal)]
    return max(names, key=lambda name: _rank(candidates[name], goal), default=None)


def _rank(scores: Scores, goal: Goal) -> tuple[float, float]:
    kept = weighted_mean(scores, goal.kept).value if goal.kept else 0.0
    return round(weighted_mean(scores, goal.gained).value, 9), round(kept, 9)


def eliminated(
    candidates: dict[str, Scores], base: Scores, goal: Goal, confidence: float, finalists: int | None
) -> dict[str, str]:
    """Say, from a sample of the items, which candidates go no further, and why, by name.

    Out are those whose interval, paired by item, lies wholly below the leader's mean, and those whose kept mean lies
    wholly below what is admitted; then all but the `finalists` best.

    Args:
        candidates: their scores on the sample.
        base: the base's scores, on the sample or on more items.
        goal: what makes the best one.
        confidence: of the intervals.
        finalists: None for any number.
    """
    if not candidates:
        return {}
    sample = next(iter(candidates.values()))
    base = {task: {item: base[task][item] for item in items} for task, items in sample.items()}
    leader = best(candidates, base, goal)
    reasons = {}
    for name, scores in candidates.items():
        if goal.kept and difference(scores, base, goal.kept, confidence).high < -goal.margin:
            reasons[name] = "out: keeps too little"
        elif leader and difference(scores, candidates[leader], goal.gained, confidence).high < 0:
            reasons[name] = f"out: behind {leader}"
    left = [name for name in candidates if name not in reasons]

    def promise(name: str) -> tuple[bool, tuple[float, float]]:
        return is_admitted(candidates[name], base, goal), _rank(candidates[name], goal)

    for name in sorted(left, key=promise, reverse=True)[finalists or len(left) :]:
        reasons[name] = f"out: not among the {finalists} that look best"
    return reasons

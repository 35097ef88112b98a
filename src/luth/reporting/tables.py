"""Scores and differences in markdown tables and in sentences."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from luth.core.markdown import table
from luth.reporting.intervals import Estimate

# By group (or task), then by model.
Estimates = Mapping[str, Mapping[str, Estimate]]


def is_share(scores: Mapping[str, Estimate]) -> bool:
    """Tell accuracies, between 0 and 1 and shown in percent, from log-likelihoods."""
    return all(0 <= estimate.value <= 1 for estimate in scores.values())


def number(value: float, share: bool, sign: bool = False) -> str:
    """Write a score: percent with one decimal, or nats with three."""
    scaled, digits = (100 * value, 1) if share else (value, 3)
    # "z": what rounds to zero is not a negative one.
    return f"{scaled:{'+' if sign else ''}z.{digits}f}"


def interval(estimate: Estimate, share: bool, sign: bool = False) -> str:
    """Write an interval in brackets."""
    return f"[{number(estimate.low, share, sign)}, {number(estimate.high, share, sign)}]"


def score_cell(estimate: Estimate, share: bool) -> str:
    """Write a score with its interval."""
    return f"{number(estimate.value, share)} {interval(estimate, share)}"


def difference_cell(estimate: Estimate, share: bool) -> str:
    """Write a difference with its interval, its p-value, and ▲ or ▼ where the interval excludes zero."""
    mark = " " + ("▲" if estimate.value > 0 else "▼") if estimate.excludes_zero else ""
    return f"{gap_cell(estimate, share)}, p {p_value(estimate.p)}{mark}"


def gap_cell(estimate: Estimate, share: bool) -> str:
    """Write a difference with its interval."""
    return f"{number(estimate.value, share, sign=True)} {interval(estimate, share, sign=True)}"


def score_table(scores: Estimates, models: Sequence[str], groups: Iterable[str] | None = None) -> str:
    """Return a table of scores: models as rows, `groups` (all without it) as columns."""
    return _by_model(scores, scores, models, groups, score_cell)


def difference_table(
    differences: Estimates, scores: Estimates, models: Sequence[str], groups: Iterable[str] | None = None
) -> str:
    """Return a table of differences: models as rows, `groups` as columns; `scores` tell each group's unit."""
    return _by_model(differences, scores, models, groups, difference_cell)


def _by_model(
    estimates: Estimates,
    scores: Estimates,
    models: Sequence[str],
    groups: Iterable[str] | None,
    cell: Callable[[Estimate, bool], str],
) -> str:
    columns = list(estimates if groups is None else groups)
    titles = [f"{group} (n = {next(iter(estimates[group].values())).items})" for group in columns]
    rows = [
        [model, *(cell(estimates[group][model], is_share(scores[group])) for group in columns)] for model in models
    ]
    return table(["model", *titles], rows)


def p_value(p: float | None) -> str:
    """Write a p-value."""
    if p is None:
        return "unknown"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def sentence(model: str, base: str, group: str, difference: Estimate, share: bool) -> str:
    """Say one difference in words."""
    evidence = f"{interval(difference, share, sign=True)}, p {p_value(difference.p)}, {difference.items} items"
    if not difference.excludes_zero:
        return f"{group}: no difference between {model} and {base} is shown ({evidence})."
    size = number(abs(difference.value), share) + (" points" if share else " nats per character")
    return f"{group}: {model} is {size} {'above' if difference.value > 0 else 'below'} {base} ({evidence})."

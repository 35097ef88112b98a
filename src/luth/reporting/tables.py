"""Markdown tables and sentences."""

from luth.reporting.intervals import Estimate


def is_share(group: dict[str, Estimate]) -> bool:
    """Tell accuracies, between 0 and 1 and shown in percent, from log-likelihoods."""
    return all(0 <= estimate.value <= 1 for estimate in group.values())


def number(value: float, share: bool, sign: bool = False) -> str:
    """Write a score: percent with one decimal, or nats with three."""
    scaled, digits = (100 * value, 1) if share else (value, 3)
    return f"{scaled:{'+' if sign else ''}.{digits}f}"


def header(groups: dict[str, dict[str, Estimate]]) -> str:
    """Write a table's first two lines: the groups with their number of items."""
    titles = [f"{group} (n = {next(iter(row.values())).items})" for group, row in groups.items()]
    return f"| model | {' | '.join(titles)} |\n| --- |" + " ---: |" * len(titles)


def score_table(scores: dict[str, dict[str, Estimate]], models: list[str]) -> str:
    """Models as rows, groups as columns, every score with its interval."""
    groups = list(scores)
    lines = [header(scores)]
    for model in models:
        cells = []
        for group in groups:
            share, found = is_share(scores[group]), scores[group][model]
            cells.append(f"{number(found.value, share)} [{number(found.low, share)}, {number(found.high, share)}]")
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def difference_table(
    differences: dict[str, dict[str, Estimate]], scores: dict[str, dict[str, Estimate]], models: list[str]
) -> str:
    """Differences to the base: a gain or a loss is marked only where the interval excludes zero."""
    groups = list(differences)
    lines = [header(differences)]
    for model in models:
        cells = [difference_cell(differences[group][model], is_share(scores[group])) for group in groups]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def difference_cell(found: Estimate, share: bool) -> str:
    """Write one difference with its interval, its p-value, and ▲ or ▼ where it is no chance."""
    mark = " " + ("▲" if found.value > 0 else "▼") if found.excludes_zero else ""
    value, low, high = (number(part, share, sign=True) for part in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}], p {p_value(found.p)}{mark}"


def p_value(p: float | None) -> str:
    """Write a p-value."""
    if p is None:
        return "unknown"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def sentence(model: str, base: str, group: str, found: Estimate, share: bool) -> str:
    """Say one difference in words."""
    low, high = number(found.low, share, sign=True), number(found.high, share, sign=True)
    interval = f"[{low}, {high}], p {p_value(found.p)}, {found.items} items"
    size = number(abs(found.value), share) + (" points" if share else " nats per character")
    if not found.excludes_zero:
        return f"{group}: no difference between {model} and {base} is shown ({interval})."
    return f"{group}: {model} is {size} {'above' if found.value > 0 else 'below'} {base} ({interval})."

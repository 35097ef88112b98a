"""What a sweep leaves to read: the table of all merges, the winner's evidence, the figures."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luth.core.files import write_text
from luth.reporting import tables
from luth.reporting.intervals import Estimate
from luth.sweep.plots import plot_curve, plot_frontier
from luth.sweep.selection import Scores, Standard, Tried, admitted, gap, score

Groups = dict[str, list[str]]


@dataclass
class Evidence:
    """The winner beside its parents on items that the sweep never chose by.

    `scores` is by group and model; `differences` by group and parent, the winner's minus the parent's.
    """

    models: list[str]
    scores: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    verdict: str


def group_estimates(scores: Scores, groups: Groups) -> dict[str, Estimate]:
    """Return each group's mean over its tasks, with its interval."""
    return {name: score(scores, dict.fromkeys(tasks, 1 / len(tasks))) for name, tasks in groups.items()}


def tried(
    cells: Mapping[str, Any],
    first: dict[str, Scores],
    full: dict[str, Scores],
    reasons: dict[str, str],
    failed: dict[str, str],
    groups: Groups,
) -> list[Tried]:
    """Return the grid with what is known of every merge, by name: its scores, why it is out, why it failed."""
    found = []
    for name, cell in cells.items():
        scores = full.get(name) or first.get(name)
        means = group_estimates(scores, groups) if scores and name not in failed else None
        reason = failed.get(name) or reasons.get(name, "")
        found.append(Tried(name, cell.method, cell.coefficient, means, name in full, reason))
    return found


def evidence(found: dict[str, Scores], models: list[str], groups: Groups, test: Standard) -> Evidence:
    """Compare a winner with its parents on the test's groups, and say whether it is better than both.

    `models` names base, fine-tuned model and winner, in that order.
    """
    *parents, winner = models
    estimates = {model: group_estimates(found[model], groups) for model in models}
    scores = {name: {model: estimates[model][name] for model in models} for name in groups}
    differences = {
        name: {parent: gap(found[winner], found[parent], dict.fromkeys(tasks, 1 / len(tasks))) for parent in parents}
        for name, tasks in groups.items()
    }
    return Evidence(models, scores, differences, _verdict(found, models, test))


def _verdict(found: dict[str, Scores], models: list[str], test: Standard) -> str:
    base, _, winner = models
    if not admitted(found[winner], found[base], test):
        lost = _amount(gap(found[winner], found[base], test.keep), found[winner], test.keep)
        return (
            f"The winner does not meet the criterion on items that the sweep never saw: what it is to keep differs "
            f"from the base's by {lost}, and {-100 * test.margin:g} is allowed."
        )
    lines, beaten = [], 0
    for parent in models[:2]:
        ahead = gap(found[winner], found[parent], test.maximise)
        kept = gap(found[parent], found[base], test.keep) if test.keep else None
        if kept and kept.high < -test.margin:
            lines.append(f"{parent} keeps too little ({_amount(kept, found[base], test.keep)})")
            beaten += 1
            continue
        said = _amount(ahead, found[winner], test.maximise)
        if ahead.low > 0:
            lines.append(f"it is above {parent} in what is maximised ({said})")
            beaten += 1
        else:
            lines.append(f"not shown against {parent}, in what is maximised ({said})")
    head = "The winner beats both parents" if beaten == 2 else "It is not shown that the winner beats both parents"
    return f"{head} on items that the sweep never saw: {'; '.join(lines)}."


def _amount(difference: Estimate, scores: Scores, tasks: Iterable[str]) -> str:
    share = all(0 <= value <= 1 for task in tasks for value in scores[task].values())
    value, low, high = (
        tables.number(part, share, sign=True) for part in (difference.value, difference.low, difference.high)
    )
    return f"{value} {'points' if share else 'nats'} [{low}, {high}], p {tables.p_value(difference.p)}"


def write_cells(
    folder: Path,
    tried: list[Tried],
    parents: dict[str, dict[str, Estimate]],
    winner: str | None,
    maximised: str,
    kept: str | None,
    floor: float,
) -> list[str]:
    """Write what the development items say of all merges: cells.csv, cells.md, curve.png, and frontier.png.

    Args:
        folder: where to.
        tried: the grid.
        parents: the base's and the fine-tuned model's groups, in that order.
        winner: one of `tried`, by name; None where no merge is admitted.
        maximised: the group of the frontier's upright axis.
        kept: that of the other; None for no frontier.
        floor: the least that the kept group may reach.

    Returns:
        the figures, as markdown.
    """
    write_text(folder / "cells.csv", _csv(tried, parents))
    write_text(folder / "cells.md", cells_table(tried, parents) + "\n")
    plot_curve(tried, parents, winner, folder / "curve.png")
    figures = ["![Score over the coefficient](curve.png)"]
    if kept is not None:
        plot_frontier(tried, parents, winner, (maximised, kept), floor, folder / "frontier.png")
        figures.insert(0, f"![{maximised} against {kept}](frontier.png)")
    return figures


def summary(winner: str, merges: int, shown: Evidence, criterion: str) -> str:
    """Return the first part of sweep.md: the winner and its evidence."""
    parts = [
        f"# {winner}, the best of {merges} merges",
        shown.verdict,
        f"The criterion: {criterion}. Development items decided; those below were not looked at before.",
        tables.score_table(shown.scores, shown.models),
        "The winner's difference to each parent, paired by item. ▲ and ▼ stand only where the 95% interval excludes "
        "zero; the p-values are not corrected for the number of comparisons.",
        tables.difference_table(shown.differences, shown.scores, shown.models[:2]),
    ]
    return "\n\n".join(parts)


def page(summary: str, tried: list[Tried], parents: dict[str, dict[str, Estimate]], figures: list[str]) -> str:
    """Return sweep.md: the summary, all merges, the figures."""
    parts = [
        summary,
        "## All merges on the development items",
        cells_table(tried, parents),
        "Means over a group's tasks, in percent (log-likelihoods in nats), with 95% intervals by the bootstrap over "
        "items. What stands in italics is from the first pass's few items, and not to be compared with the rest: who "
        "is out was compared with the others, and with the base, on those few. Of equals that which keeps more wins; "
        "it was chosen on these items, which flatters it here, and not on the test's.",
        *figures,
    ]
    return "\n\n".join(parts) + "\n"


def no_winner(full: dict[str, Scores], base: Scores, wanted: Standard) -> str:
    """Say why there is no best merge."""
    if not full:
        return "every merge failed"
    least = max(gap(scores, base, wanted.keep).value for scores in full.values())
    return (
        f"no merge meets the criterion: the one that keeps most is {-100 * least:.1f} points below the base, and "
        f"{100 * wanted.margin:.1f} are allowed (criterion: margin)"
    )


def cells_table(tried: list[Tried], parents: dict[str, dict[str, Estimate]]) -> str:
    """Return all merges, parents first, as a markdown table."""
    groups = list(next(iter(parents.values())))
    lines = [f"| merge | {' | '.join(groups)} | items | race |", "| --- |" + " ---: |" * (len(groups) + 1) + " --- |"]
    for name, scores in parents.items():
        lines.append(f"| {name} | {_cells(scores, True)} | {_items(scores)} | parent |")
    for cell in tried:
        if cell.scores is None:
            lines.append(f"| {cell.name} |{' |' * (len(groups) + 1)} failed: {_plain(cell.reason)} |")
            continue
        race = cell.reason or "to the end"
        lines.append(f"| {cell.name} | {_cells(cell.scores, cell.full)} | {_items(cell.scores)} | {race} |")
    return "\n".join(lines)


def _cells(scores: dict[str, Estimate], full: bool) -> str:
    cells = []
    for found in scores.values():
        share = 0 <= found.value <= 1
        low, high = tables.number(found.low, share), tables.number(found.high, share)
        text = f"{tables.number(found.value, share)} [{low}, {high}]"
        cells.append(text if full else f"*{text}*")
    return " | ".join(cells)


def _items(scores: dict[str, Estimate]) -> int:
    return sum(found.items for found in scores.values())


def _plain(reason: str) -> str:
    return " ".join(reason.replace("|", "/").split())


def _csv(tried: list[Tried], parents: dict[str, dict[str, Estimate]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    groups = list(next(iter(parents.values())))
    columns = [f"{group}{part}" for group in groups for part in ("", " low", " high", " items")]
    writer.writerow(["merge", "method", "coefficient", "race", *columns])
    rows = [(name, "", "", "parent", scores) for name, scores in parents.items()]
    rows += [
        (cell.name, cell.method, cell.coefficient, "failed: " + cell.reason, None)
        if cell.scores is None
        else (cell.name, cell.method, cell.coefficient, cell.reason or "to the end", cell.scores)
        for cell in tried
    ]
    for *head, scores in rows:
        found = [] if scores is None else [scores[group] for group in groups]
        writer.writerow([*head, *(value for one in found for value in (one.value, one.low, one.high, one.items))])
    return text.getvalue()


def as_json(
    tried: list[Tried], parents: dict[str, dict[str, Estimate]], winner: str, shown: Evidence
) -> dict[str, Any]:
    """Return all figures for sweep.json."""
    return {
        "winner": winner,
        "verdict": shown.verdict,
        "parents": {name: {group: asdict(one) for group, one in scores.items()} for name, scores in parents.items()},
        "cells": [asdict(cell) for cell in tried],
        "test": {
            "scores": {group: {name: asdict(one) for name, one in row.items()} for group, row in shown.scores.items()},
            "differences_to_parents": {
                group: {name: asdict(one) for name, one in row.items()} for group, row in shown.differences.items()
            },
        },
    }

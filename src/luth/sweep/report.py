"""What a sweep leaves to read: the table of all merges, the winner's evidence, the figures."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luth.core import markdown
from luth.core.files import write_text
from luth.reporting import tables
from luth.reporting.intervals import Estimate
from luth.sweep.plots import Estimates, plot_curve, plot_frontier
from luth.sweep.recipe import Criterion, Groups
from luth.sweep.selection import Goal, Scores, Tried, difference, is_admitted, mean_weights, weighted_mean


@dataclass
class Evidence:
    """The winner beside its parents on items that the sweep never chose by.

    Parameters:
        models: base, fine-tuned model and winner.
        scores: by group and model.
        differences: by group and parent, the winner's score minus the parent's.
        verdict: a sentence: is the winner better than both parents?
    """

    models: list[str]
    scores: Estimates
    differences: Estimates
    verdict: str


def group_means(scores: Scores, groups: Groups) -> dict[str, Estimate]:
    """Return each group's mean over its tasks, with its interval."""
    return {name: weighted_mean(scores, mean_weights(tasks)) for name, tasks in groups.items()}


def evidence(scores: dict[str, Scores], groups: Groups, goal: Goal) -> Evidence:
    """Compare the winner with its parents on the test's groups.

    Args:
        scores: of base, fine-tuned model and winner, in that order, by name.
        groups: of test tasks.
        goal: what the winner is to be better at, over test tasks.
    """
    *parents, winner = scores
    means = {model: group_means(by_task, groups) for model, by_task in scores.items()}
    return Evidence(
        list(scores),
        {group: {model: means[model][group] for model in scores} for group in groups},
        {
            group: {parent: difference(scores[winner], scores[parent], mean_weights(tasks)) for parent in parents}
            for group, tasks in groups.items()
        },
        _verdict(scores, goal),
    )


def _verdict(scores: dict[str, Scores], goal: Goal) -> str:
    base, tuned, winner = scores
    if not is_admitted(scores[winner], scores[base], goal):
        lost = _amount(difference(scores[winner], scores[base], goal.kept), scores[winner], goal.kept)
        return (
            f"The winner does not meet the criterion on items that the sweep never saw: what it is to keep differs "
            f"from the base's by {lost}, and {-100 * goal.margin:g} is allowed."
        )
    lines, beaten = [], 0
    for parent in (base, tuned):
        kept = difference(scores[parent], scores[base], goal.kept) if goal.kept else None
        if kept and kept.high < -goal.margin:
            lines.append(f"{parent} keeps too little ({_amount(kept, scores[base], goal.kept)})")
            beaten += 1
            continue
        ahead = difference(scores[winner], scores[parent], goal.gained)
        amount = _amount(ahead, scores[winner], goal.gained)
        if ahead.low > 0:
            lines.append(f"it is above {parent} in what is maximised ({amount})")
            beaten += 1
        else:
            lines.append(f"not shown against {parent}, in what is maximised ({amount})")
    head = "The winner beats both parents" if beaten == 2 else "It is not shown that the winner beats both parents"
    return f"{head} on items that the sweep never saw: {'; '.join(lines)}."


def _amount(estimate: Estimate, scores: Scores, tasks: Iterable[str]) -> str:
    share = all(0 <= value <= 1 for task in tasks for value in scores[task].values())
    value, interval = tables.number(estimate.value, share, sign=True), tables.interval(estimate, share, sign=True)
    return f"{value} {'points' if share else 'nats'} {interval}, p {tables.p_value(estimate.p)}"


def write_merges(
    folder: Path, tried: list[Tried], parents: Estimates, winner: str | None, criterion: Criterion
) -> list[str]:
    """Write what the development items say of all merges: cells.csv, cells.md, curve.png, and frontier.png.

    Args:
        folder: the sweep's.
        tried: the grid.
        parents: the group means of the base and of the fine-tuned model, in that order.
        winner: the name of one of `tried`; None where no merge is admitted.
        criterion: the frontier shows its first gained group against the kept one; without a kept group there is none.

    Returns:
        the figures, as markdown.
    """
    write_text(folder / "cells.csv", _csv(tried, parents))
    write_text(folder / "cells.md", merges_table(tried, parents) + "\n")
    plot_curve(tried, parents, winner, folder / "curve.png")
    figures = ["![Score over the coefficient](curve.png)"]
    if criterion.keep is not None:
        gained, kept = next(iter(criterion.weights())), criterion.keep
        least = next(iter(parents.values()))[kept].value - criterion.margin
        plot_frontier(tried, parents, winner, (gained, kept), least, folder / "frontier.png")
        figures.insert(0, f"![{gained} against {kept}](frontier.png)")
    return figures


def summary(winner: str, merges: int, proof: Evidence, criterion: Criterion) -> str:
    """Return the first part of sweep.md: the winner and its evidence."""
    parts = [
        f"# {winner}, the best of {merges} merges",
        proof.verdict,
        f"The criterion: {criterion}. Development items decided; those below were not looked at before.",
        tables.score_table(proof.scores, proof.models),
        "The winner's difference to each parent, paired by item. ▲ and ▼ stand only where the 95% interval excludes "
        "zero; the p-values are not corrected for the number of comparisons.",
        tables.difference_table(proof.differences, proof.scores, proof.models[:2]),
    ]
    return "\n\n".join(parts)


def page(summary: str, tried: list[Tried], parents: Estimates, figures: list[str]) -> str:
    """Return sweep.md: the summary, all merges, the figures."""
    parts = [
        summary,
        "## All merges on the development items",
        merges_table(tried, parents),
        "Means over a group's tasks, in percent (log-likelihoods in nats), with 95% intervals by the bootstrap over "
        "items. Italics: scores from the first pass's few items, which cannot be compared with the others. A merge is "
        "out of the race by a comparison on those few items. Of equal merges the one that keeps more wins. The winner "
        "was chosen on these items, so its scores here flatter it; its scores on the test items do not.",
        *figures,
    ]
    return "\n\n".join(parts) + "\n"


def no_winner(full: dict[str, Scores], base: Scores, goal: Goal) -> str:
    """Say why there is no best merge."""
    if not full:
        return "every merge failed"
    most_kept = max(difference(scores, base, goal.kept).value for scores in full.values())
    return (
        f"no merge meets the criterion: the one that keeps most is {-100 * most_kept:.1f} points below the base, and "
        f"{100 * goal.margin:.1f} are allowed (criterion: margin)"
    )


def merges_table(tried: list[Tried], parents: Estimates) -> str:
    """Return all merges, parents first, as a markdown table."""
    groups = list(next(iter(parents.values())))
    rows: list[tuple[object, ...]] = [(name, *_cells(scores, "{}"), "parent") for name, scores in parents.items()]
    for merge in tried:
        if merge.scores is None:
            rows.append((merge.name, *[""] * (len(groups) + 1), _race(merge)))
        else:
            rows.append((merge.name, *_cells(merge.scores, "{}" if merge.full else "*{}*"), _race(merge)))
    return markdown.table(("merge", *groups, "items", "race"), rows, left=(0, len(groups) + 2))


def _race(merge: Tried) -> str:
    return f"failed: {merge.reason}" if merge.scores is None else merge.reason or "to the end"


def _cells(scores: dict[str, Estimate], style: str) -> list[object]:
    """Return each group's score in a style, and the number of items behind them all."""
    cells = [style.format(tables.score_cell(mean, 0 <= mean.value <= 1)) for mean in scores.values()]
    return [*cells, sum(mean.items for mean in scores.values())]


def _csv(tried: list[Tried], parents: Estimates) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    groups = list(next(iter(parents.values())))
    columns = [f"{group}{part}" for group in groups for part in ("", " low", " high", " items")]
    writer.writerow(["merge", "method", "coefficient", "race", *columns])
    rows: list[tuple[Any, ...]] = [(name, "", "", "parent", scores) for name, scores in parents.items()]
    rows += [(merge.name, merge.method, merge.coefficient, _race(merge), merge.scores) for merge in tried]
    for *head, scores in rows:
        means = [] if scores is None else [scores[group] for group in groups]
        writer.writerow([*head, *(value for mean in means for value in (mean.value, mean.low, mean.high, mean.items))])
    return text.getvalue()


def as_json(tried: list[Tried], parents: Estimates, winner: str, proof: Evidence) -> dict[str, Any]:
    """Return all figures for sweep.json."""
    return {
        "winner": winner,
        "verdict": proof.verdict,
        "parents": _plain(parents),
        "cells": [asdict(merge) for merge in tried],
        "test": {"scores": _plain(proof.scores), "differences_to_parents": _plain(proof.differences)},
    }


def _plain(estimates: Estimates) -> dict[str, dict[str, Any]]:
    return {name: {key: asdict(estimate) for key, estimate in row.items()} for name, row in estimates.items()}

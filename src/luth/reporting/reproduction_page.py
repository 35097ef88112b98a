"""Published scores beside measured ones, as the report shows them."""

from collections.abc import Iterable
from typing import Any

from luth.core.markdown import table
from luth.reporting.intervals import CONFIDENCE
from luth.reporting.reproduction import Pair, Reproduction, other_settings, verdict
from luth.reporting.tables import gap_cell, number, score_cell

HEADER = ("model", "task", "items", "published", "measured", "difference", "in items", "compatible")
MISSING = "not measured"
HOW_TO_READ = (
    "Percent, with 95% intervals over items: of the published score Wilson's, from its number of items alone (runs of "
    "the same items make it no narrower), of the measured one the bootstrap's. Compatible: the interval of the "
    "difference, in which the margins of both are joined as if the items were others, holds zero. Where the items are "
    "the same this interval is wider than it need be, but the published answers are not known, so that the two cannot "
    "be paired. Compatible scores may still differ by as much as the interval leaves open. In items: the difference "
    "as a number of right answers, where both had as many items."
)


def sections(reproduction: Reproduction, figure: str) -> list[tuple[str, list[str]]]:
    """Return the report's sections, each a title and its paragraphs.

    Args:
        reproduction: the numbers.
        figure: the figure, as markdown.
    """
    scores = reproduction.scores
    facts = [f"Source: {scores.source}, {scores.date}, <{scores.url}> ({reproduction.path})."]
    if reproduction.beside:
        facts.append(f"Published there, and not evaluated here: {', '.join(reproduction.beside)}.")
    return [
        ("## Published beside measured", [*facts, HOW_TO_READ, pairs_table(reproduction.pairs), figure]),
        ("### What is known of the published scores", _notes(reproduction)),
        ("### What was done otherwise", [_settings_table(reproduction)]),
    ]


def pairs_table(pairs: Iterable[Pair]) -> str:
    """Return the table of all pairs."""
    return table(HEADER, [_cells(pair) for pair in pairs], left={0, 1, 7})


def verdicts(reproduction: Reproduction) -> str:
    """Return the last line: of every model whether it was reproduced, and what is incompatible."""
    return (
        f"Reproduced, at {CONFIDENCE:.0%}? {'; '.join(verdict(reproduction, each) for each in reproduction.models)}."
    )


def _cells(pair: Pair) -> list[object]:
    published = score_cell(pair.published, True) if pair.published else f"{number(pair.printed, True)} (items unknown)"
    items = f"{pair.published.items:,}" if pair.published else ""
    if pair.measured is None:
        return [pair.model, pair.task, items, published, MISSING, "", "", ""]
    measured = pair.measured.estimate
    if pair.is_sample:
        items = f"{measured.items:,} of {items}"
    elif pair.published is None or measured.items != pair.published.items:
        items = f"{items or 'unknown'}; {measured.items:,}"
    gap, apart, answer = number(measured.value - pair.printed, True, sign=True), "", "not tested"
    if pair.difference is not None and pair.published is not None:
        gap = gap_cell(pair.difference, True)
        answer = "yes" if pair.compatible else "**no**"
        if measured.items == pair.published.items:
            apart = f"{pair.difference.value * measured.items:+z.0f}"
    return [pair.model, pair.task, items, published, score_cell(measured, True), gap, apart, answer]


def _notes(reproduction: Reproduction) -> list[str]:
    scores, shown = reproduction.scores, {(pair.model, pair.task) for pair in reproduction.pairs}
    lines = [
        f"{entry.model}, {entry.task}: {scores.scores[entry.model][entry.task]:g} in place of the printed "
        f"{entry.printed:g}: {entry.reason}"
        for entry in scores.corrected
        if (entry.model, entry.task) in shown
    ]
    tasks = dict.fromkeys(pair.task for pair in reproduction.pairs)
    lines += [f"{task}: {note}" for task in tasks if (note := scores.tasks[task].note)]
    lines += scores.notes
    return ["\n".join(f"- {line}" for line in lines)] if lines else []


def _settings_table(reproduction: Reproduction) -> str:
    rows = [
        [name, _said(expected), _said(actual), _where(pairs, reproduction)]
        for name, expected, actual, pairs in other_settings(reproduction)
    ]
    return table(["setting", "published", "measured", "where"], rows, left=4)


def _said(value: Any) -> str:
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else f"{value:,}" if isinstance(value, int) else str(value)


def _where(pairs: list[Pair], reproduction: Reproduction) -> str:
    """Name the tasks, and the models where it is not true of all that were measured on them."""
    measured = [pair for pair in reproduction.pairs if pair.measured is not None]
    if len(pairs) == len(measured):
        return "everywhere"
    tasks, models = dict.fromkeys(pair.task for pair in pairs), dict.fromkeys(pair.model for pair in pairs)
    of_tasks = [pair for pair in measured if pair.task in tasks]
    if len(of_tasks) == len(pairs):
        return ", ".join(tasks)
    of_models = [pair for pair in measured if pair.model in models]
    if len(of_models) == len(pairs):
        return ", ".join(models)
    return ", ".join(f"{pair.model} on {pair.task}" for pair in pairs)

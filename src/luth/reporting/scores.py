"""The tables of an evaluation: every score with its interval, and what to know when reading it."""

import csv
import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from luth.core.files import write_json, write_text
from luth.core.markdown import table
from luth.reporting import intervals
from luth.reporting.intervals import Estimate
from luth.reporting.provenance import Provenance, provenance
from luth.reporting.results import item_metrics
from luth.reporting.tables import interval, number

LEGEND = """
Scores in percent, log-likelihoods in nats per character of the answer. The table has each task's main metric;
scores.csv and scores.json have all metrics, as shares of 1. Intervals are over items, by the bootstrap, or Wilson's
where all items agree; with fewer than about 30 items the bootstrap is too narrow. Spread: the standard deviation
between runs with different seeds. Cut short: answers that reached the limit of tokens. Thought unclosed: the thought
never ended, so there is no answer. run.json beside a model's results says what made them.
"""
HEADER = ("model", "task", "metric", "score", "95% interval", "items", "runs, spread", "cut short", "thought unclosed")
BESIDE = ("truncated", "unclosed_thought")


@dataclass
class ScoredRow:
    """One evaluated row: `label` names it in the table, `name` its files; rows with one label are runs of the same."""

    label: str
    name: str
    tasks: list[str]


@dataclass
class Score:
    """One metric of one task: its mean over items and runs with the interval over items, and the spread over runs.

    `run_spread` is the standard deviation of the runs' means; None where there is one run. `truncated` and
    `unclosed_thought` are shares of the answers; None where the task has no generated answers. `provenance` is the
    first run's; None in a file that an earlier version wrote. `notes`: what to know about how the model was asked.
    """

    model: str
    task: str
    metric: str
    main: bool
    estimate: Estimate
    runs: int
    run_spread: float | None
    truncated: float | None
    unclosed_thought: float | None
    provenance: Provenance | None = None
    notes: list[str] = field(default_factory=list)


def write_scores(output: Path, rows: list[ScoredRow]) -> str:
    """Write scores.md, scores.csv and scores.json into an evaluation's folder; return the rows' table in markdown.

    Scores that are in scores.json already, of models or modes that are not among `rows`, stay.
    """
    labels = dict.fromkeys(row.label for row in rows)
    known = {name for row in rows for name in (row.label, row.name)}
    scores = [score for label in labels for score in scores_of(output, [row for row in rows if row.label == label])]
    before = [score for score in _written_before(output / "scores.json") if score.model not in known]
    write_text(output / "scores.md", _markdown(before + scores) + LEGEND)
    write_text(output / "scores.csv", _csv(before + scores))
    write_json(output / "scores.json", [asdict(score) for score in before + scores])
    return _markdown(scores)


def written_table(output: Path, rows: list[ScoredRow]) -> str:
    """Return the table in markdown of rows that `write_scores` has written."""
    labels = {row.label for row in rows}
    return _markdown([score for score in _written_before(output / "scores.json") if score.model in labels])


def _written_before(path: Path) -> list[Score]:
    if not path.exists():
        return []
    return [_read(entry) for entry in json.loads(path.read_text("utf-8"))]


def _read(entry: dict[str, Any]) -> Score:
    made = entry.get("provenance")
    parts = {"estimate": Estimate(**entry["estimate"]), "provenance": Provenance(**made) if made else None}
    return Score(**{**entry, **parts})


def scores_of(evaluation: Path, rows: list[ScoredRow]) -> list[Score]:
    """Return the scores of rows that are runs of the same: every metric of every task, over all runs.

    Args:
        evaluation: its output_dir.
        rows: with one label.

    Raises:
        UserError: a row was not evaluated, or not to the end.
    """
    runs: dict[str, list[dict[str, dict[str, Any]]]] = {}
    made: dict[str, Provenance] = {}
    notes: list[str] = []
    for row in rows:
        metrics, record = item_metrics(evaluation, row.name)
        made = {**provenance(evaluation, row.name, record), **made}
        notes += [note for note in record.get("notes", []) if note not in notes]
        for task in row.tasks:
            runs.setdefault(task, []).append(metrics[task])
    scores = [score for task in runs for score in _task_scores(rows[0].label, task, runs[task], made[task])]
    for score in scores:
        score.notes = notes
    return scores


def main_scores(evaluation: Path, row: ScoredRow) -> dict[str, Score]:
    """Return the main metric's score of each of a row's tasks, by task."""
    return {score.task: score for score in scores_of(evaluation, [row]) if score.main}


def _task_scores(label: str, task: str, runs: list[dict[str, dict[str, Any]]], made: Provenance) -> list[Score]:
    metrics = list(next(iter(runs[0].values())))
    shares = {
        name: float(np.mean([item[name] for run in runs for item in run.values()])) if name in metrics else None
        for name in BESIDE
    }
    scores = []
    for metric in [name for name in metrics if name not in BESIDE]:
        # Shape (runs, items, 2): what was reached, and what could be. A metric over parts of items has a list an item.
        parts = np.array([[_part(run[item][metric]) for item in sorted(run, key=int)] for run in runs])
        means = parts[:, :, 0].sum(1) / parts[:, :, 1].sum(1)
        estimate = intervals.ratio(parts[:, :, 0].mean(0), parts[:, :, 1].mean(0))
        spread = float(means.std(ddof=1)) if len(runs) > 1 else None
        beside = (shares["truncated"], shares["unclosed_thought"])
        scores.append(Score(label, task, metric, not scores, estimate, len(runs), spread, *beside, provenance=made))
    return scores


def _part(value: Any) -> tuple[float, float]:
    if isinstance(value, list):
        return float(sum(value)), float(len(value))
    return float(value), 1.0


def _markdown(scores: list[Score]) -> str:
    """Return the table of the tasks' main metrics, and the notes on them."""
    notes = dict.fromkeys(note for score in scores for note in score.notes)
    return "\n\n".join([table(HEADER, [_cells(score) for score in scores if score.main], left=3), *notes])


def _cells(score: Score) -> list[object]:
    estimate = score.estimate
    share = 0 <= estimate.value <= 1
    return [
        score.model,
        score.task,
        score.metric,
        number(estimate.value, share),
        interval(estimate, share) if estimate.low < estimate.high else "none",
        estimate.items,
        "1" if score.run_spread is None else f"{score.runs}, ± {number(score.run_spread, share)}",
        *(
            "" if value is None else "unknown" if np.isnan(value) else f"{100 * value:.1f}%"
            for value in (score.truncated, score.unclosed_thought)
        ),
    ]


def _csv(scores: list[Score]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "task", "metric", "score", "low", "high", "items", "runs", "run_spread", *BESIDE])
    for score in scores:
        estimate = score.estimate
        values = [estimate.value, estimate.low, estimate.high, estimate.items, score.runs, score.run_spread]
        writer.writerow([score.model, score.task, score.metric, *values, score.truncated, score.unclosed_thought])
    return text.getvalue()

"""The table of an evaluation: every score with its interval, and what it is to be read with."""

import csv
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from luth.core.files import write_json, write_text
from luth.reporting import intervals
from luth.reporting.intervals import Estimate
from luth.reporting.results import item_metrics
from luth.reporting.tables import number

LEGEND = """
Scores in percent, log-likelihoods in nats; each task's main metric, all of them in scores.csv and scores.json, as
shares of 1. Intervals are over items, by the bootstrap, or Wilson's where all items agree; under about 30 items they
are too narrow. Spread: the standard deviation between runs with different seeds. Cut short: answers that filled their
room. Thought unclosed: no answer, for the thought never ended. run.json beside a model's results says what made them.
"""
BESIDE = ("truncated", "unclosed_thought")


@dataclass
class ScoredRow:
    """One evaluated row: `label` names it in the table, rows of one label are runs of the same; `name` files it."""

    label: str
    name: str
    tasks: list[str]


@dataclass
class Score:
    """One metric of one task: its mean over items and runs with the interval over items, and the spread over runs.

    `run_spread` is the standard deviation of the runs' means; None where there is one run. `truncated` and
    `unclosed_thought` are shares of the answers; None where the task has no answers in words.
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


def write_scores(output: Path, rows: list[ScoredRow]) -> str:
    """Write scores.md, scores.csv and scores.json into an evaluation's folder; return the rows' table in markdown.

    Rows that are in scores.json already, of models or modes that are not among `rows`, stay.
    """
    scores = [score for label in dict.fromkeys(row.label for row in rows) for score in _scores(output, rows, label)]
    table = _markdown([score for score in scores if score.main])
    labels = {row.label for row in rows}
    scores = [score for score in _written_before(output / "scores.json") if score.model not in labels] + scores
    write_text(output / "scores.md", _markdown([score for score in scores if score.main]) + LEGEND)
    write_text(output / "scores.csv", _csv(scores))
    write_json(output / "scores.json", [asdict(score) for score in scores])
    return table


def _written_before(path: Path) -> list[Score]:
    if not path.exists():
        return []
    entries = json.loads(path.read_text("utf-8"))
    return [Score(**{**entry, "estimate": Estimate(**entry["estimate"])}) for entry in entries]


def _scores(output: Path, rows: list[ScoredRow], label: str) -> list[Score]:
    runs: dict[str, list[dict[str, dict[str, Any]]]] = {}
    for row in rows:
        if row.label == label:
            found, _ = item_metrics(output, row.name)
            for task in row.tasks:
                runs.setdefault(task, []).append(found[task])
    return [score for task, answered in runs.items() for score in _task_scores(label, task, answered)]


def _task_scores(label: str, task: str, runs: list[dict[str, dict[str, Any]]]) -> list[Score]:
    metrics = list(next(iter(runs[0].values())))
    shares = {
        name: float(np.mean([item[name] for run in runs for item in run.values()])) if name in metrics else None
        for name in BESIDE
    }
    scores = []
    for metric in [name for name in metrics if name not in BESIDE]:
        # Shape (runs, items, 2): what was reached of what could be. A metric over parts of items has several a piece.
        parts = np.array([[_part(run[item][metric]) for item in sorted(run, key=int)] for run in runs])
        means = parts[:, :, 0].sum(1) / parts[:, :, 1].sum(1)
        estimate = intervals.ratio(parts[:, :, 0].mean(0), parts[:, :, 1].mean(0))
        spread = float(means.std(ddof=1)) if len(runs) > 1 else None
        scores.append(Score(label, task, metric, not scores, estimate, len(runs), spread, **shares))
    return scores


def _part(value: Any) -> tuple[float, float]:
    if isinstance(value, list):
        return float(sum(value)), float(len(value))
    return float(value), 1.0


def _markdown(scores: list[Score]) -> str:
    lines = [
        "| model | task | metric | score | 95% interval | items | runs, spread | cut short | thought unclosed |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for score in scores:
        found = score.estimate
        share = 0 <= found.value <= 1
        interval = f"[{number(found.low, share)}, {number(found.high, share)}]" if found.items > 1 else "none"
        runs = "1" if score.run_spread is None else f"{score.runs}, ± {number(score.run_spread, share)}"
        beside = [
            "" if value is None else "unknown" if np.isnan(value) else f"{100 * value:.1f}%"
            for value in (score.truncated, score.unclosed_thought)
        ]
        cells = [score.model, score.task, score.metric, number(found.value, share), interval, str(found.items), runs]
        lines.append(f"| {' | '.join([*cells, *beside])} |")
    return "\n".join(lines)


def _csv(scores: list[Score]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["model", "task", "metric", "score", "low", "high", "items", "runs", "run_spread", *BESIDE],
    )
    for score in scores:
        found = score.estimate
        values = [found.value, found.low, found.high, found.items, score.runs, score.run_spread]
        beside = [score.truncated, score.unclosed_thought]
        writer.writerow([score.model, score.task, score.metric, *values, *beside])
    return text.getvalue()

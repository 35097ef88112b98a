"""Published scores beside measured ones: how far apart they are, and what was done otherwise."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.reporting import intervals
from luth.reporting.differences import require_unchanged
from luth.reporting.intervals import Estimate
from luth.reporting.published import PublishedScores, PublishedSettings, read_published
from luth.reporting.recipe import ReportRecipe
from luth.reporting.scores import Score, ScoredRow, scores_of

# The content of run.json of every row that was evaluated, by the row's name.
Records = dict[str, dict[str, Any]]
# A dataset may have lost a few rows since.
NEARLY_ALL = 0.99


@dataclass
class Pair:
    """A published score, and the measured one of the same model and task.

    Parameters:
        model: its published name.
        task: Luth's name of it.
        printed: the published score as a share of 1, corrected where it had to be.
        settings: how it was made.
        published: with its interval; None where the number of items is not known.
        measured: None where the model was not evaluated on the task.
        comparable: whether the number of items is known, and Luth's task asks them in the published form.
        difference: measured less published; None where it is not measured, or not comparable.
    """

    model: str
    task: str
    printed: float
    settings: PublishedSettings
    published: Estimate | None
    measured: Score | None
    comparable: bool
    difference: Estimate | None

    @property
    def compatible(self) -> bool | None:
        """Whether the 95% interval of the difference holds zero; None where there is no difference to look at."""
        return None if self.difference is None else not self.difference.excludes_zero

    @property
    def is_sample(self) -> bool:
        """Whether only some of the published items were asked: fewer than nearly all of them."""
        if self.measured is None or self.published is None:
            return False
        return self.measured.estimate.items < NEARLY_ALL * self.published.items


@dataclass
class Reproduction:
    """All that a file of published scores says of the models that were evaluated.

    `pairs` are in the file's order, a model's together; `records` holds the content of the run.json of every row that
    was read, by the row's name; `beside` names the models that the file has and the evaluation has not.
    """

    path: str
    scores: PublishedScores
    pairs: list[Pair]
    records: Records
    beside: list[str]

    @property
    def models(self) -> list[str]:
        """The models of the pairs, each once."""
        return list(dict.fromkeys(pair.model for pair in self.pairs))

    def missing(self) -> dict[str, list[str]]:
        """Return the published tasks on which a model was not evaluated, by model."""
        absent = [pair for pair in self.pairs if pair.measured is None and pair.comparable]
        return {model: tasks for model in self.models if (tasks := [p.task for p in absent if p.model == model])}

    def require_all(self) -> None:
        """Raise `UserError` where a published score has no measured one beside it."""
        if missing := self.missing():
            lines = [f"{model} was not evaluated on {', '.join(tasks)}" for model, tasks in missing.items()]
            raise UserError(
                "not-evaluated",
                f"{'; '.join(lines)}: add them to the evaluation's recipe, or name the tasks to look at under groups "
                f"(the report has the others)",
            )

    def as_json(self) -> dict[str, Any]:
        """Return all numbers for results.json."""
        return {
            "file": self.path,
            "source": self.scores.source,
            "url": self.scores.url,
            "date": self.scores.date,
            "confidence": intervals.CONFIDENCE,
            "pairs": [
                {**asdict(pair), "compatible": pair.compatible, "is_sample": pair.is_sample} for pair in self.pairs
            ],
        }


def put_beside(recipe: ReportRecipe) -> Reproduction:
    """Put the recipe's published scores beside its evaluation's.

    Of the models, those that the recipe names are read, or else all that were evaluated; of the tasks, those that its
    groups name, or else all that were published.

    Raises:
        UserError: a file cannot be read, a model was evaluated several times or not at all, or none is in both.
    """
    assert recipe.published is not None
    published, evaluation = read_published(recipe.published), Path(recipe.evaluation)
    rows = _finished_rows(evaluation)
    if not rows:
        raise UserError("not-evaluated", f"{evaluation} holds no finished evaluation: run scripts/evaluate.py first")
    found = _matched(recipe, published, rows)
    if not found:
        close = f"{recipe.published} has {', '.join(published.scores)}"
        raise UserError(
            "not-evaluated",
            f"none of the published models was evaluated in {evaluation}: {close}; there are {', '.join(rows)}: say "
            f"under names, in a recipe, which model is which",
        )
    wanted = {task for tasks in recipe.groups.values() for task in tasks} or set(published.tasks)
    pairs = [
        pair for model, names in found.items() for pair in _pairs(evaluation, published, model, names, rows, wanted)
    ]
    if not pairs:
        tasks = ", ".join(published.tasks)
        raise UserError("not-evaluated", f"groups: none of their tasks is in {recipe.published}: it has {tasks}")
    records = {name: rows[name] for names in found.values() for name in names}
    for record in records.values():
        require_unchanged(record["recipe"]["model"], record)
    return Reproduction(recipe.published, published, pairs, records, [m for m in published.scores if m not in found])


def _finished_rows(evaluation: Path) -> Records:
    """Return the content of run.json of every row that was evaluated to the end, by the row's name."""
    rows: Records = {}
    for path in sorted((evaluation / "results").rglob("run.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError("not-evaluated", f"{path} cannot be read: {error}") from None
        if "results" in record:
            rows[path.parent.relative_to(evaluation / "results").as_posix()] = record
    return rows


def _matched(recipe: ReportRecipe, published: PublishedScores, rows: Records) -> dict[str, list[str]]:
    """Return the names of each published model's rows, which are runs of the same, in the published order.

    Raises:
        UserError: a model of the recipe was not evaluated or not published, or one was evaluated in several ways.
    """
    named = {title: os.path.normpath(model) for title, model in recipe.all_models().items()}
    names = {os.path.normpath(model): title for model, title in recipe.names.items()}
    # scores.md has the names of local models with ./ before them, and they are copied from there.
    titles = {os.path.normpath(title): title for title in published.scores}
    known: dict[str, dict[str, list[str]]] = {}
    for name, record in rows.items():
        ways = _ways(name, record)
        title = next((names[way] for way in ways if way in names), titles.get(ways[2], ways[2]))
        asked = not named or set(ways) & set(named.values())
        if asked and title in published.scores and _same_mode(published, record):
            known.setdefault(title, {}).setdefault(ways[1], []).append(name)
    evaluated = {way for name, record in rows.items() for way in _ways(name, record)}
    for model in [*names, *named.values()]:
        if model not in evaluated:
            close = nearest(model, evaluated)
            raise UserError("not-evaluated", f"{model} has no finished evaluation in {recipe.evaluation}{close}")
    for title, model in named.items():
        # Beside a base, a report may have models that nobody published.
        if title not in known and recipe.base is None:
            close = nearest(title, published.scores)
            raise UserError(
                "not-evaluated", f"models: {model} is not in {recipe.published}, as it was evaluated{close}"
            )
    for title, labels in known.items():
        if len(labels) > 1:
            raise UserError("not-alike", f"{title} was evaluated as {' and '.join(labels)}: name one under models")
    return {title: next(iter(known[title].values())) for title in published.scores if title in known}


def _ways(name: str, record: dict[str, Any]) -> tuple[str, str, str]:
    """Return how a recipe may name a row: by its files, by them without the run, and by its model."""
    return name, name.partition("@run-")[0], os.path.normpath(record["recipe"]["model"])


def _same_mode(published: PublishedScores, record: dict[str, Any]) -> bool:
    """Tell whether a row thinks as the published models did; a row whose recipe says nothing of it does not."""
    thinking = published.settings.thinking
    return thinking is None or thinking == bool(record["recipe"].get("thinking"))


def _pairs(
    evaluation: Path,
    published: PublishedScores,
    model: str,
    names: list[str],
    rows: Records,
    wanted: set[str],
) -> Iterator[Pair]:
    scores = scores_of(evaluation, [ScoredRow(model, name, rows[name]["recipe"]["tasks"]) for name in names])
    for task, percent in published.scores[model].items():
        if task not in wanted:
            continue
        facts, printed = published.tasks[task], percent / 100
        measured = _measured(scores, task, facts.metric)
        expected = intervals.of_published(printed, facts.items) if facts.items else None
        difference = None
        if measured and expected and facts.comparable:
            difference = intervals.unpaired_difference(measured.estimate, expected)
        comparable = expected is not None and facts.comparable
        yield Pair(model, task, printed, published.settings_of(task), expected, measured, comparable, difference)


def _measured(scores: list[Score], task: str, metric: str | None) -> Score | None:
    of_task = [score for score in scores if score.task == task]
    if not of_task:
        return None
    found = next((score for score in of_task if score.metric == metric or (metric is None and score.main)), None)
    if found is None:
        names = ", ".join(score.metric for score in of_task)
        raise UserError("not-evaluated", f"{task} has no metric {metric}, which is the published one: it has {names}")
    if not 0 <= found.estimate.value <= 1:
        raise UserError("not-alike", f"{task}: {found.metric} is in nats, and the published score in percent")
    return found


def other_settings(reproduction: Reproduction) -> list[tuple[str, object, object, list[Pair]]]:
    """Return what was done otherwise: the setting, as published, as measured, and the pairs of which it is true.

    A setting that the published file does not know, or that has no part in a task, is left out.
    """
    found: dict[tuple[str, object, object], list[Pair]] = {}
    for pair in reproduction.pairs:
        if pair.measured is not None:
            for name, expected, actual in _settings(pair, pair.measured):
                if expected != actual:
                    found.setdefault((name, expected, actual), []).append(pair)
    return [(*key, pairs) for key, pairs in found.items()]


def _settings(pair: Pair, measured: Score) -> Iterator[tuple[str, object, object]]:
    made = measured.provenance
    if made is None:
        return
    actual = made.settings
    for name, expected in vars(pair.settings).items():
        if name in actual and expected is not None:
            generates = name not in ("temperature", "max_new_tokens") or actual[name] is not None
            if generates:
                yield name, expected, actual[name]
    if pair.settings.num_runs is not None:
        yield "num_runs", pair.settings.num_runs, measured.runs
    if pair.published is not None:
        yield "items", pair.published.items, measured.estimate.items
    yield "task", "the published one", f"Luth's, version {made.task_version}"


def verdict(reproduction: Reproduction, model: str) -> str:
    """Say in words whether a model's scores were reproduced, and what speaks against it.

    Not reproduced: some task is incompatible. Undecided: none is, but not all of the published items were asked.
    """
    pairs = [pair for pair in reproduction.pairs if pair.model == model]
    apart = [pair for pair in pairs if pair.compatible is False]
    if apart:
        gaps = [f"{pair.task} {100 * pair.difference.value:+.1f} points" for pair in apart if pair.difference]
        return f"{model} is NOT reproduced: incompatible are {', '.join(gaps)} ({_count(pairs)})"
    missing = reproduction.missing().get(model, [])
    sampled = [pair.task for pair in pairs if pair.is_sample]
    reasons = [f"not measured: {', '.join(missing)}"] if missing else []
    reasons += [f"only a sample of the items: {', '.join(sampled)}"] if sampled else []
    if reasons or not any(pair.compatible for pair in pairs):
        return f"{model} is UNDECIDED: {'; '.join(reasons) or 'nothing can be compared'} ({_count(pairs)})"
    return f"{model} is REPRODUCED ({_count(pairs)})"


def _count(pairs: list[Pair]) -> str:
    compared = [pair for pair in pairs if pair.compatible is not None]
    return f"{sum(bool(pair.compatible) for pair in compared)} of {len(compared)} compared tasks are compatible"

"""Tuned models compared with their base, from the items' scores that an evaluation left."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luth.checkpoints.models import model_fingerprint
from luth.core.errors import UserError
from luth.reporting import intervals, tables
from luth.reporting.intervals import Estimate
from luth.reporting.recipe import ReportRecipe
from luth.reporting.results import item_scores, task_samples
from luth.reporting.scores import Score, ScoredRow, main_scores


@dataclass
class Comparison:
    """Scores and differences to the base.

    `models` holds the models' names, the base first. `scores` is by group, then model; `differences` as well, without
    the base. Both hold the groups, then `tasks`: those that are no group of their own, each once. `by_task` holds each
    task's score with what made it, by model, then task: what a model's card says of it.
    """

    models: list[str]
    scores: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    tasks: list[str]
    by_task: dict[str, dict[str, Score]]

    def is_share(self, group: str) -> bool:
        """Tell a group of shares from one of log-likelihoods."""
        return tables.is_share(self.scores[group])

    def as_json(self) -> dict[str, Any]:
        """Return all numbers for results.json."""
        return {
            "models": self.models,
            "confidence": intervals.CONFIDENCE,
            "resamples": intervals.RESAMPLES,
            "scores": _as_json(self.scores),
            "differences_to_base": _as_json(self.differences),
            "by_task": _as_json(self.by_task),
        }


def compare(recipe: ReportRecipe) -> Comparison:
    """Estimate every score, and every difference to the base, paired by item.

    Raises:
        UserError: a model was not evaluated, or otherwise than the rest, or a group mixes units.
    """
    models = recipe.all_models()
    evaluated = {name: item_scores(Path(recipe.evaluation), model) for name, model in models.items()}
    _require_alike({models[name]: record for name, (_, record) in evaluated.items()})
    base, *tuned = models
    scores: dict[str, dict[str, Estimate]] = {}
    differences: dict[str, dict[str, Estimate]] = {}
    single = {
        task: [task] for names in recipe.groups.values() for task in names if [task] not in recipe.groups.values()
    }
    for group, tasks in {**recipe.groups, **single}.items():
        samples = {name: task_samples(evaluated[name][0], tasks, models[name]) for name in models}
        shares = [intervals.is_share(*task) for task in zip(*samples.values(), strict=True)]
        if len(set(shares)) > 1:
            other = tasks[shares.index(not shares[0])]
            raise UserError(
                "bad-recipe-value",
                f"groups: {group!r} mixes shares and log-likelihoods: give {other} a group of its own",
            )
        weights = [1 / len(tasks)] * len(tasks)
        scores[group] = {name: intervals.weighted_mean(samples[name], weights) for name in models}
        differences[group] = {
            name: intervals.weighted_difference(samples[name], samples[base], weights) for name in tuned
        }
    wanted = {task for tasks in recipe.groups.values() for task in tasks}
    by_task = {
        name: main_scores(
            Path(recipe.evaluation), ScoredRow(name, model, [t for t in evaluated[name][0] if t in wanted])
        )
        for name, model in models.items()
    }
    return Comparison(list(models), scores, differences, list(single), by_task)


def _require_alike(records: dict[str, dict[str, Any]]) -> None:
    """Raise `UserError` unless all were evaluated alike, on the same items, and still have the same weights."""
    first = next(iter(records))
    for model, record in records.items():
        settings = [
            {**run["recipe"], "model": None, "tasks": run["inputs"]["tasks"]} for run in (records[first], record)
        ]
        if settings[0] != settings[1]:
            raise UserError(
                "not-alike", f"{first} and {model} were not evaluated alike: evaluate both again with one recipe"
            )
        require_unchanged(model, record)


def require_unchanged(model: str, record: dict[str, Any]) -> None:
    """Raise `UserError` where a local model has not the weights any more with which it was evaluated."""
    served = record["recipe"].get("endpoint") is not None
    if not served and Path(model).is_dir() and model_fingerprint(model) != record["inputs"]["model"]:
        raise UserError("not-alike", f"{model} has changed since it was evaluated: run scripts/evaluate.py again")


def _as_json(rows: Mapping[str, Mapping[str, Estimate | Score]]) -> dict[str, dict[str, Any]]:
    return {name: {column: asdict(entry) for column, entry in row.items()} for name, row in rows.items()}

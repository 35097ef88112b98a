"""Per-item scores out of LightEval's details."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet

from luth.core.errors import UserError


def model_folder(root: Path, model: str) -> Path:
    """Return where an evaluation filed a model under `root` (its results or its details)."""
    relative = os.path.relpath(model)
    return root / (relative if not relative.startswith("..") else str(Path(model).resolve()).lstrip("/"))


def item_metrics(evaluation: Path, model: str) -> tuple[dict[str, dict[str, dict[str, Any]]], dict[str, Any]]:
    """Read the newest finished evaluation of `model`.

    Returns:
        for every task its items' metrics by item id, the task's own order of metrics kept; and the run.json.

    Raises:
        UserError: the model was not evaluated, or not to the end.
    """
    folder = model_folder(evaluation / "results", model)
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        date = record["results"].removeprefix("results_").removesuffix(".json")
    except (OSError, ValueError, KeyError):
        raise UserError(
            "not-evaluated", f"{model} has no finished evaluation in {evaluation}: run scripts/evaluate.py first"
        ) from None
    scores = {}
    for path in sorted((model_folder(evaluation / "details", model) / date).glob("details_*.parquet")):
        task = path.name.removeprefix("details_").split("|")[0]
        rows = parquet.read_table(path, columns=["doc", "metric"]).to_pylist()
        scores[task] = {row["doc"]["id"]: row["metric"] for row in rows}
    return scores, record


def item_scores(evaluation: Path, model: str) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Read as `item_metrics` does, of each item its task's first metric alone."""
    found, record = item_metrics(evaluation, model)
    first = {
        task: {item: float(next(iter(metrics.values()))) for item, metrics in items.items()}
        for task, items in found.items()
    }
    return first, record


def group_scores(scores: dict[str, dict[str, float]], tasks: list[str], model: str) -> np.ndarray:
    """Join the tasks' items into one array, shape (items,), in an order that is the same for every model."""
    missing = [task for task in tasks if task not in scores]
    if missing:
        raise UserError(
            "not-evaluated",
            f"{model} was not evaluated on {', '.join(missing)}: add the task to the evaluation's recipe",
        )
    if sum(len(scores[task]) for task in tasks) < 2:
        raise UserError("not-evaluated", f"{', '.join(tasks)}: one item gives no interval: raise max_samples")
    return np.array([scores[task][item] for task in tasks for item in sorted(scores[task], key=int)])

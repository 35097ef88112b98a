"""Per-item scores from the details that an evaluation left."""

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
        the metrics of every task's items, by task, item id and metric, in the task's own order of metrics; and the
        content of run.json.

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
    metrics = {}
    for path in sorted((model_folder(evaluation / "details", model) / date).glob("details_*.parquet")):
        task = path.name.removeprefix("details_").split("|")[0]
        rows = parquet.read_table(path, columns=["doc", "metric"]).to_pylist()
        metrics[task] = {row["doc"]["id"]: row["metric"] for row in rows}
    return metrics, record


def item_scores(evaluation: Path, model: str) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Read what `item_metrics` reads, but of each item the task's first metric alone."""
    metrics, record = item_metrics(evaluation, model)
    scores = {
        task: {item: float(next(iter(values.values()))) for item, values in items.items()}
        for task, items in metrics.items()
    }
    return scores, record


def task_samples(scores: dict[str, dict[str, float]], tasks: list[str], model: str) -> list[np.ndarray]:
    """Return each task's scores, of shape (its items,), in an order of items that is the same for every model.

    Raises:
        UserError: a task was not evaluated, or has one item, which tells nothing of the spread over items.
    """
    missing = [task for task in tasks if task not in scores]
    if missing:
        raise UserError(
            "not-evaluated",
            f"{model} was not evaluated on {', '.join(missing)}: add the task to the evaluation's recipe",
        )
    small = [task for task in tasks if len(scores[task]) < 2]
    if small:
        raise UserError("not-evaluated", f"{', '.join(small)}: one item gives no interval: raise max_samples")
    return [np.array([scores[task][item] for item in sorted(scores[task], key=int)]) for task in tasks]

"""What made a score, as a card or a table beside it has to say: task, dataset, date and settings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.reporting.results import model_folder


@dataclass
class Provenance:
    """What made the scores of one task.

    Parameters:
        date: when the evaluation ended, in ISO format.
        model, revision: what was evaluated; the revision is null where the recipe pins none.
        task_version: of the task's definition.
        dataset, subset, split, dataset_revision: what was read; the revision is null where the task pins none.
        settings: by the names of an evaluation's recipe. `max_new_tokens` is the limit that applied; it and
            `temperature` are null where nothing is generated, and `max_samples` where all items were asked.
    """

    date: str
    model: str
    revision: str | None
    task_version: int
    dataset: str
    subset: str
    split: str
    dataset_revision: str | None
    settings: dict[str, Any]


def provenance(evaluation: Path, name: str, record: dict[str, Any]) -> dict[str, Provenance]:
    """Read what made each task's scores.

    Args:
        evaluation: its output_dir.
        name: the row's, which names its files.
        record: the content of its run.json.

    Raises:
        UserError: LightEval's file of results is not there, or cannot be read.
    """
    path = model_folder(evaluation / "results", name) / record["results"]
    try:
        configs = json.loads(path.read_text(encoding="utf-8"))["config_tasks"]
    except (OSError, ValueError, KeyError):
        raise UserError("not-evaluated", f"{path} cannot be read: run scripts/evaluate.py again") from None
    date, _, clock = path.stem.removeprefix("results_").partition("T")
    return {
        key.split("|")[0]: Provenance(
            date=f"{date}T{clock.split('.')[0].replace('-', ':')}",
            model=record["recipe"]["model"],
            revision=record["recipe"].get("revision"),
            task_version=config["version"],
            dataset=config["hf_repo"],
            subset=config["hf_subset"],
            split="+".join(config["evaluation_splits"]),
            dataset_revision=config["hf_revision"],
            settings=_settings(key.split("|")[0], record, config),
        )
        for key, config in configs.items()
    }


def _settings(task: str, record: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    recipe, packages = record["recipe"], record["packages"]
    generation, samples, endpoint = recipe["generation_parameters"], recipe["max_samples"], recipe["endpoint"]
    generated = any(metric["category"] == "GENERATIVE" for metric in config["metrics"])
    return {
        "system_prompt": recipe["system_prompt"],
        "thinking": recipe["thinking"],
        "dtype": None if endpoint else recipe["dtype"],
        "temperature": generation["temperature"] if generated else None,
        "max_new_tokens": generation.get("max_new_tokens") or config["generation_size"] if generated else None,
        "max_samples": samples.get(task) if isinstance(samples, dict) else samples,
        "backend": "an OpenAI-compatible server" if endpoint else f"transformers {packages['transformers']}",
        "lighteval": packages["lighteval"],
    }

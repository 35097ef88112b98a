"""Files as an evaluation leaves them, with scores that a test gives."""

import json

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import yaml

DATE = "2026-11-26T10-00-00.000000"
MACHINE = {"processor": "a processor", "cores": 2, "memory_gib": 8.0, "gpus": []}
SHARES, NATS = "acc", "log_likelihood"
BASE = {
    "choice_fr": [1, 0, 0, 0, 1, 0],
    "short_fr": [0, 0, 1, 0],
    "choice_en": [1, 1, 1, 0],
    "said_fr": [-2, -1.5, -1.2],
}
TUNED = {"choice_fr": [1, 1, 0, 1, 1, 0], "short_fr": [0, 1, 1, 0], "choice_en": [1, 1, 0, 1], "said_fr": [-1, -1, -1]}


def task_config(task):
    """Return the part of LightEval's configuration of a task that is read; tasks called short_* generate."""
    generates = task.startswith("short")
    return {
        "hf_repo": f"org/{task}",
        "hf_subset": "default",
        "hf_revision": None,
        "evaluation_splits": ["test"],
        "generation_size": 1024 if generates else None,
        "metrics": [{"category": "GENERATIVE" if generates else "LOGPROBS"}],
        "version": 3,
    }


@pytest.fixture
def evaluation(tmp_path):
    """Write what an evaluation of one model leaves.

    `scores` holds, by task, a score or a dictionary of metrics for each item; `name` is that of the row's files, where
    it is not the model's; `settings` change the recipe of run.json.
    """

    def write(model, scores, name=None, **settings):
        folder = tmp_path / "eval"
        recipe = {
            "model": model,
            "revision": None,
            "tasks": list(scores),
            "endpoint": None,
            "dtype": "bfloat16",
            "max_samples": None,
            "system_prompt": None,
            "thinking": None,
            "generation_parameters": {"temperature": 0.0},
            **settings,
        }
        record = {
            "step": "evaluate",
            "recipe": recipe,
            "inputs": {"tasks": "a fingerprint", "model": "weights"},
            "results": f"results_{DATE}.json",
            "hardware": MACHINE,
            "git_commit": "abc123",
            "packages": {"torch": "2.13.0", "transformers": "5.23.0", "lighteval": "0.13.0"},
            "seconds": 90.0,
        }
        name = model if name is None else name
        (folder / "results" / name).mkdir(parents=True, exist_ok=True)
        (folder / "results" / name / "run.json").write_text(json.dumps(record))
        configs = {"config_tasks": {f"{task}|0": task_config(task) for task in scores}}
        (folder / "results" / name / f"results_{DATE}.json").write_text(json.dumps(configs))
        details = folder / "details" / name / DATE
        details.mkdir(parents=True, exist_ok=True)
        for task, items in scores.items():
            metric = NATS if any(isinstance(score, int | float) and score < 0 for score in items) else SHARES
            metrics = [score if isinstance(score, dict) else {metric: float(score)} for score in items]
            docs = [{"id": str(number)} for number in range(len(items))]
            table = pa.table({"doc": docs, "metric": metrics})
            parquet.write_table(table, details / f"details_{task}|0_{DATE}.parquet")
        return folder

    return write


@pytest.fixture
def report_recipe(tmp_path, evaluation):
    """Evaluate org/base and org/tuned, and write a recipe for their report; None removes a key."""
    evaluation("org/base", BASE)
    folder = evaluation("org/tuned", TUNED)

    def write(**changes):
        recipe = {
            "step": "report",
            "base": "org/base",
            "models": ["org/tuned"],
            "evaluation": str(folder),
            "groups": {"French": ["choice_fr", "short_fr"], "English": ["choice_en"], "Answers": ["said_fr"]},
            "gained": ["French", "Answers"],
            "kept": ["English"],
            "output_dir": str(tmp_path / "report"),
            **changes,
        }
        path = tmp_path / "report.yaml"
        content = {key: value for key, value in recipe.items() if value is not None}
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write

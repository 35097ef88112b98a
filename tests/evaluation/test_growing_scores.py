"""scores.md grows row by row: what was done before a kill is in it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_a_killed_run_leaves_the_table_of_what_is_done(make_model, run, python, tmp_path):
    models = [str(make_model(tmp_path / name, seed=seed)) for seed, name in enumerate(("one", "two", "three"))]
    recipe = {
        "step": "evaluate",
        "models": models,
        "custom_tasks": [str(ROOT / "recipes/demo/tasks.py")],
        "tasks": ["demo_choice_fr"],
        "output_dir": str(tmp_path / "eval"),
        "dtype": "float32",
        "max_samples": 20,
    }
    (tmp_path / "eval.yaml").write_text(yaml.safe_dump(recipe), "utf-8")
    command = [python, "scripts/evaluate.py", str(tmp_path / "eval.yaml")]
    table = tmp_path / "eval/scores.json"

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        while first.poll() is None and not table.exists():
            time.sleep(0.002)
        os.kill(first.pid, signal.SIGKILL)
    done = [score["model"] for score in json.loads(table.read_text("utf-8")) if score["main"]]
    assert done and models[0] == done[0] and models[2] not in done

    code, whole, err = run("evaluate", tmp_path / "eval.yaml")
    assert code == 0, err
    assert [score["model"] for score in json.loads(table.read_text("utf-8")) if score["main"]] == models
    page = (tmp_path / "eval/scores.md").read_text("utf-8")
    assert all(f"| {model} |" in page and f"| {model} |" in whole for model in models)

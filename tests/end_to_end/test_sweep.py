"""scripts/sweep.py on tiny models, MergeKit and LightEval run for real: mistakes, kills, sharing, failures."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).parents[2]
SWEEP = {
    "dtype": "float32",
    "merge_methods": [{"merge_method": "slerp"}],
    "coefficients": [0.25, 0.5, 0.75],
    "development": {"French": ["demo_choice_fr_dev"], "English": ["demo_choice_en_dev"]},
    "test": {"French": ["demo_choice_fr"], "English": ["demo_choice_en"], "Answers": ["demo_conversations_fr"]},
    "criterion": {"maximise": "French", "keep": "English", "margin": 0.9},
    "first_pass": {"max_samples": 4, "finalists": 2},
    "evaluation": {"dtype": "float32", "batch_tokens": 1024, "max_samples": 8},
}


@pytest.fixture
def recipe(make_model, tmp_path):
    """Write a sweep of two tiny models; keyword arguments replace keys."""
    for seed, name in enumerate(("base", "tuned")):
        make_model(tmp_path / name, seed=seed)

    def write(**changes):
        folders = {"base_model": str(tmp_path / "base"), "model": str(tmp_path / "tuned")}
        path = tmp_path / f"sweep-{len(list(tmp_path.glob('sweep-*.yaml')))}.yaml"
        content = {**SWEEP, **folders, "output_dir": str(tmp_path / "sweep"), **changes}
        content["evaluation"] = {"custom_tasks": ["recipes/demo/tasks.py"], **content["evaluation"]}
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def start(path):
    command = [sys.executable, ROOT / "scripts/sweep.py", path]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(folder):
    """Return when each evaluation was finished, by folder."""
    records = [path for path in folder.rglob("run.json") if "results" in path.parts]
    done = {path: json.loads(path.read_text()) for path in records}
    return {path: path.stat().st_mtime_ns for path, record in done.items() if record["status"] == "finished"}


def wait_for(process, what):
    deadline = time.monotonic() + 180
    while not what():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def criterion(**changes):
    return {"criterion": {**SWEEP["criterion"], **changes}}


@pytest.mark.parametrize(
    ("changes", "code", "facts"),
    [
        ({"merge_methods": [{"merge_method": "slurp"}]}, "bad-recipe-value", ["'slurp' (did you mean 'slerp'?)"]),
        ({"merge_methods": [{"merge_method": "dare_ties"}]}, "bad-recipe-value", ["'dare_ties'", "cannot be swept"]),
        ({"merge_methods": [{"merge_method": "ties"}]}, "bad-recipe-value", ["ties", "density"]),
        (
            {"merge_methods": [{"merge_method": "ties", "parameters": {"densty": 1}}]},
            "bad-recipe-value",
            ["ties", "densty", "(did you mean 'density'?)"],
        ),
        (
            {"merge_methods": [{"merge_method": "ties", "parameters": {"density": 0}}]},
            "bad-recipe-value",
            ["ties: density: 0"],
        ),
        ({"coefficients": [0.5, 1.5]}, "bad-recipe-value", ["coefficients: 1.5", "0 to 1", "slerp"]),
        ({"coefficients": [0.5, 0.5]}, "bad-recipe-value", ["slerp-0.5", "twice"]),
        ({"coefficients": []}, "bad-recipe-value", ["coefficients", "slerp"]),
        (
            {"merge_methods": [{"merge_method": "slerp", "coefficients": []}]},
            "bad-recipe-value",
            ["coefficients", "slerp"],
        ),
        (
            {"test": {**SWEEP["test"], "More": ["demo_short_fr", "demo_conversations_en"]}},
            "bad-recipe-value",
            ["'More'", "demo_conversations_en"],
        ),
        ({"evaluation": {"max_samples": 1}}, "bad-recipe-value", ["has 1 item"]),
        (criterion(maximise="Frensh"), "bad-recipe-value", ["'Frensh'", "(did you mean 'French'?)"]),
        (criterion(maximise={"French": 0}), "bad-recipe-value", ["maximise", "above 0"]),
        (criterion(keep="Italian"), "bad-recipe-value", ["criterion: 'Italian'"]),
        (criterion(margin=2), "bad-recipe-value", ["criterion: margin: 2", "less than 1"]),
        ({"criterion": {"margin": 0.9}}, "bad-recipe-key", ["criterion", "'maximise' is missing"]),
        ({"first_pass": {"max_samples": 1}}, "bad-recipe-value", ["first_pass: max_samples: 1"]),
        (
            {"development": {"French": ["demo_choice_fr"], "English": ["demo_choice_en"]}},
            "bad-recipe-value",
            ["demo_choice_", "is in development and in test"],
        ),
        ({"test": {"French": ["demo_choice_fr"]}}, "bad-recipe-value", ["test", "'English'"]),
        (
            {"test": {**SWEEP["test"], "More": ["demo_chose_fr"]}},
            "unknown-task",
            ["'demo_chose_fr' (did you mean 'demo_choice"],
        ),
        ({"evaluation": {"num_runs": 3}}, "bad-recipe-value", ["evaluation: num_runs"]),
        ({"evaluation": {"batchsize": 3}}, "bad-recipe-key", ["unknown key 'batchsize'"]),
        ({"evaluation": {"max_samples": {"boolq_fr": 3}}}, "unknown-task", ["max_samples: 'boolq_fr'"]),
        ({"methods": []}, "step-unclear", ["unknown key 'methods' (did you mean 'merge_methods'?)"]),
        ({"model": "out/nothing"}, "bad-model", ["out/nothing"]),
    ],
)
def test_mistakes_are_one_line(recipe, run, tmp_path, changes, code, facts):
    status, _, err = run("sweep", recipe(**changes))
    assert status == 2 and f"[{code}]" in err and "Traceback" not in err, err
    assert all(fact in err for fact in facts), err
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1
    assert not (tmp_path / "sweep").exists()


@pytest.mark.slow
def test_a_merge_that_fails_leaves_the_others(recipe, make_model, run, tmp_path):
    """At lambda 3 one value, of a token that no item has, is too large for float32."""
    for seed, (name, value) in enumerate((("base", 2e38), ("tuned", 3e38))):
        weights = load_file(make_model(tmp_path / name, seed=seed, tied=False) / "model.safetensors")
        weights["model.embed_tokens.weight"][4, 0] = value
        save_file(weights, tmp_path / name / "model.safetensors", {"format": "pt"})
    methods = [{"merge_method": "task_arithmetic", "coefficients": [0.5, 1, 3]}]
    given = recipe(merge_methods=methods)
    code, out, err = run("sweep", given)
    folder = tmp_path / "sweep"
    assert code == 2 and "1 merges failed (task_arithmetic-3: " in err and "[merge-failed]" in err, err
    assert "Traceback" not in err and json.loads((folder / "run.json").read_text())["status"] == "running"
    with (folder / "cells.csv").open() as file:
        rows = {row["merge"]: row for row in csv.DictReader(file)}
    assert rows["task_arithmetic-3"]["race"].startswith("failed: ") and not rows["task_arithmetic-3"]["French"]
    assert all(rows[f"task_arithmetic-{value}"]["race"] == "to the end" for value in ("0.5", "1"))
    assert json.loads((folder / "verified/task_arithmetic.json").read_text())["in_memory"]

    found = json.loads((folder / "sweep.json").read_text())
    assert found["winner"] in ("task_arithmetic-0.5", "task_arithmetic-1") and found["verdict"] in out
    assert set(found["test"]["scores"]) == {"French", "English", "Answers"}
    record = json.loads((folder / "winner/run.json").read_text())
    assert record["recipe"] == yaml.safe_load((folder / "winner.yaml").read_text())
    assert "failed: the tensor" in (folder / "sweep.md").read_text("utf-8")
    assert all((folder / f"{name}.png").stat().st_size > 10_000 for name in ("frontier", "curve"))
    # Nothing but the winner is left of the merges.
    assert {path.parent.name for path in folder.rglob("*.safetensors")} == {"winner"}

    before = finished(folder)
    code, _, err = run("sweep", given)
    assert code == 2 and "1 merges failed" in err and finished(folder) == before
    code, _, err = run("sweep", recipe(merge_methods=methods, coefficients=[0.1]))
    assert code == 2 and "[output-unusable]" in err and "(different: coefficients)" in err


@pytest.mark.slow
def test_killed_and_then_shared_by_two_nothing_is_done_twice(recipe, run, tmp_path):
    given, folder = recipe(), tmp_path / "sweep"
    killed = start(given)
    wait_for(killed, lambda: len(finished(folder / "first")) == 1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    before = finished(folder)
    two = [start(given), start(given)]
    for process in two:
        said, error = process.communicate(timeout=300)
        assert process.returncode == 0, said + error
    after = finished(folder)
    assert {path: after[path] for path in before} == before
    # Two parents on all items, three merges on few, two on all; parents and winner on the test's.
    assert Counter(path.relative_to(folder).parts[0] for path in after) == {"full": 4, "first": 3, "test": 3}
    for path in after:
        assert len(list(path.parent.glob("results_*.json"))) == 1
    for path in folder.rglob("*.jsonl"):
        asked = [json.loads(line)["key"] for line in path.read_text("utf-8").splitlines()]
        assert len(asked) == len(set(asked)), path
    code, said, err = run("sweep", given)
    assert code == 0 and "nothing to do" in said, err
    assert not any((folder / "work").iterdir()) and finished(folder) == after


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "in_memory"), [("float32", True), ("float16", False)])
def test_methods_on_task_vectors_are_mergekit_s(recipe, run, tmp_path, dtype, in_memory):
    """In float16 MergeKit rounds the task vector, what is computed in memory is another merge, and so it is not."""
    methods = [{"merge_method": "ties", "parameters": {"density": 0.5}}, {"merge_method": "task_arithmetic"}]
    grid = {"merge_methods": methods, "coefficients": [0.3, 0.7], "first_pass": None}
    code, out, err = run("sweep", recipe(dtype=dtype, **grid))
    assert code == 0, err
    for method in ("ties-density-0.5", "task_arithmetic"):
        verified = json.loads((tmp_path / f"sweep/verified/{method}.json").read_text())
        assert verified["in_memory"] == in_memory
        assert in_memory or "apart from mergekit-yaml's" in verified["reason"]
    assert "Its weights are those that were evaluated" in out
    with (tmp_path / "sweep/cells.csv").open() as file:
        assert [row["race"] for row in csv.DictReader(file)] == ["parent"] * 2 + ["to the end"] * 4


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_one_line_and_loses_nothing(recipe, run, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this machine does not let a test mount a disk")
    try:
        code, _, err = run("sweep", recipe(output_dir=str(disk / "sweep")))
        assert code == 2 and "[disk-full]" in err and "Traceback" not in err, err
        assert not (disk / "sweep/winner").exists() and not list((disk / "sweep").rglob("*.safetensors"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)

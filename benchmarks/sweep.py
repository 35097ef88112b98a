"""scripts/sweep.py beside mergekit-yaml and scripts/evaluate.py once for every merge, on a CPU, in one run.

    python benchmarks/sweep.py

Measured: the seconds that scripts/sweep.py takes, parents and first pass included, until it has chosen among 11
coefficients of 2 methods (linear, ties) on the demo's development tasks, raced as in the demo's recipe; those of
mergekit-yaml and scripts/evaluate.py on two merges of each method, scaled to all of them; the peak memory of each
process by itself; and whether the choice is as good as that of a sweep that looks at all items of all merges. It wants
the demo's base and fine-tuned model (make demo) and takes less than 20 minutes on 2 cores. The last line is the
verdict.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from luth.core.errors import UserError, run_script
from luth.core.recipes import build
from luth.sweep.recipe import Cell, SweepRecipe

TIME_GOAL, MEMORY_GOAL = 1 / 3, 3.0
ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "recipes/demo/sweep.yaml"
COEFFICIENTS = [0.05, *(step / 10 for step in range(1, 10)), 0.95]
METHODS: list[dict[str, Any]] = [
    {"merge_method": "linear"},
    {"merge_method": "ties", "parameters": {"density": 0.5}},
]
# The merges that are made and evaluated one by one.
ALONE = (0.3, 0.8)
# The test is not what is measured.
FEW_TEST_ITEMS = 4


def run(*command: str | Path) -> tuple[float, float]:
    """Run a program on all cores; return its seconds and its own peak memory in GiB, without what it starts."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0))), "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as printed:
        begun, peak = time.perf_counter(), 0.0
        process = subprocess.Popen([str(part) for part in command], env=environment, stdout=printed, stderr=printed)
        while process.poll() is None:
            peak = max(peak, peak_memory(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - begun
        if process.returncode:
            printed.seek(0)
            lines = printed.read().decode(errors="replace").strip().splitlines() or ["no message"]
            raise UserError("merge-failed", f"{' '.join(map(str, command[:2]))} failed: {lines[-1]}")
    return seconds, peak


def peak_memory(pid: int) -> float:
    """Return the most memory that a running process has held so far, in GiB, mapped files included; 0 if it ended."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("VmHWM:")), 0.0)


def sweep(recipe: dict[str, Any], folder: Path) -> tuple[float, float, dict[str, Any]]:
    """Run scripts/sweep.py; return the seconds until it had chosen, its peak memory in GiB, and sweep.json."""
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump({**recipe, "output_dir": str(folder)}))
    begun = time.time()
    _, memory = run(sys.executable, ROOT / "scripts/sweep.py", path)
    # The table of all merges is written when the race is over, and the winner is made after it.
    chosen = (folder / "cells.md").stat().st_mtime - begun
    return chosen, memory, json.loads((folder / "sweep.json").read_text("utf-8"))


def one_by_one(cell: Cell, recipe: SweepRecipe, folder: Path) -> tuple[float, float, dict[str, float]]:
    """Make and evaluate one merge; return the seconds, scripts/evaluate.py's memory in GiB, and the tasks' scores."""
    folder.mkdir()
    (folder / "merge.yaml").write_text(yaml.safe_dump(recipe.mergekit_recipe(cell)))
    merging, held = run(Path(sys.executable).with_name("mergekit-yaml"), folder / "merge.yaml", folder / "out")
    tasks = [task for group in recipe.development.values() for task in group]
    sizes = recipe.evaluation.get("max_samples") or {}
    sizes = {task: sizes[task] for task in tasks if task in sizes} or None
    own = {"models": [str(folder / "out")], "tasks": tasks, "output_dir": str(folder / "eval"), "max_samples": sizes}
    (folder / "eval.yaml").write_text(yaml.safe_dump({"step": "evaluate", **recipe.evaluation, **own}))
    evaluating, memory = run(sys.executable, ROOT / "scripts/evaluate.py", folder / "eval.yaml")
    (path,) = (folder / "eval").rglob("results_*.json")
    results = json.loads(path.read_text("utf-8"))["results"]
    scores = {task: next(iter(results[f"{task}|0"].values())) for task in tasks}
    print(
        f"{cell.name}: mergekit-yaml {merging:.0f} s, {held:.1f} GiB; scripts/evaluate.py {evaluating:.0f} s, "
        f"{memory:.1f} GiB",
        flush=True,
    )
    return merging + evaluating, memory, scores


def as_good(chosen: str, exhaustive: dict[str, Any], recipe: SweepRecipe) -> tuple[bool, str]:
    """Tell whether a merge's score on all items is within the interval of the best one's, and say both."""
    cells = {cell["name"]: cell["scores"] for cell in exhaustive["cells"]}
    gained, kept = next(iter(recipe.criterion.weights())), recipe.criterion.keep
    least = exhaustive["parents"][recipe.base_model][kept]["value"] - recipe.criterion.margin
    ours, best = cells[chosen][gained], cells[exhaustive["winner"]][gained]
    line = (
        f"chosen {chosen}, {ours['value']:.3f} in {gained} on all items; the exhaustive search's best "
        f"{exhaustive['winner']}, {best['value']:.3f} [{best['low']:.3f}, {best['high']:.3f}]"
    )
    return ours["value"] >= best["low"] and cells[chosen][kept]["value"] >= least - 1e-9, line


def read_recipe() -> dict[str, Any]:
    """Return the demo's sweep with this benchmark's grid and few test items."""
    keys = yaml.safe_load(RECIPE.read_text("utf-8"))
    for model in (keys["base_model"], keys["model"]):
        if not Path(model, "model.safetensors").exists():
            raise UserError("bad-model", f"{model} is missing: make demo")
    tests = [task for group in keys["test"].values() for task in group]
    evaluation = {**keys["evaluation"], "max_samples": dict.fromkeys(tests, FEW_TEST_ITEMS)}
    return keys | {"merge_methods": METHODS, "coefficients": COEFFICIENTS, "evaluation": evaluation}


def main(arguments: list[str]) -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    os.chdir(ROOT)
    keys, begun = read_recipe(), time.monotonic()
    recipe = build(str(RECIPE), {key: value for key, value in keys.items() if key != "step"}, SweepRecipe)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        seconds, memory, raced = sweep(keys, folder / "raced")
        print(
            f"scripts/sweep.py: {len(raced['cells'])} merges, chosen after {seconds:.0f} s; {memory:.1f} GiB, beside "
            f"the mergekit-yaml that it starts",
            flush=True,
        )
        checkpoint = (folder / "raced/winner/model.safetensors").stat().st_size / 2**30
        _, _, exhaustive = sweep({**keys, "first_pass": None}, folder / "exhaustive")
        good, line = as_good(raced["winner"], exhaustive, recipe)
        print(line, flush=True)
        alone, evaluating, apart = 0.0, 0.0, 0.0
        for cell in recipe.cells():
            if cell.coefficient in ALONE:
                spent, held, scores = one_by_one(cell, recipe, folder / cell.name)
                alone += spent / len(ALONE) * len(COEFFICIENTS)
                evaluating = max(evaluating, held)
                apart = max(apart, difference(cell, scores, exhaustive, recipe))
    # scripts/evaluate.py holds one checkpoint beside the libraries and what a batch needs.
    held = 1 + (memory - evaluating) / checkpoint
    met = [seconds <= TIME_GOAL * alone, good, held <= MEMORY_GOAL]
    print(
        f"{'reached' if all(met) else 'NOT reached'}: {seconds:.0f} s against {alone:.0f} s one by one (scaled from "
        f"{len(ALONE) * len(METHODS)} of {len(raced['cells'])} merges), ratio {seconds / alone:.2f} (goal "
        f"{TIME_GOAL:.2f}); the choice is {'' if good else 'NOT '}within the interval of the best; peak memory "
        f"{memory:.1f} GiB, scripts/evaluate.py's {evaluating:.1f}, so {held:.1f} checkpoints of {checkpoint:.2f} GiB "
        f"(goal {MEMORY_GOAL:g}); scores at most {apart:.3f} apart; {(time.monotonic() - begun) / 60:.0f} minutes"
    )
    sys.exit(0 if all(met) else 1)


def difference(cell: Cell, scores: dict[str, float], exhaustive: dict[str, Any], recipe: SweepRecipe) -> float:
    """Return how far the groups' means of one merge are apart between both sides."""
    swept = next(merge["scores"] for merge in exhaustive["cells"] if merge["name"] == cell.name)
    means = {name: sum(scores[task] for task in tasks) / len(tasks) for name, tasks in recipe.development.items()}
    return max(abs(mean - swept[name]["value"]) for name, mean in means.items())


if __name__ == "__main__":
    run_script(main)

"""Step D: a small Qwen3 under each launch file, one process: six steps, held-out rows, and the second half again.

Under every file the same recipe is trained three times: whole; its first three steps; and on from there to the sixth.
All losses are compared with one plain process's. Several launches share the card at a time.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from figures import attempt, failed, figure, left_out, step_arguments
from shapes import QWEN3_SMALL, ROOT, TINY, write_model, write_recipe, write_rows

# The launch files on a GPU, the plain process first; on a CPU the nearest, None where there is none.
FILES = {
    "single_gpu": "cpu",
    "zero1": "zero1_cpu",
    "zero2": "zero2_cpu",
    "zero3": "zero3_cpu",
    "fsdp2": None,
}
STEPS, HALF = 6, 3


def launch(name: str, file: str, recipe: Path, output: Path, steps: int) -> None:
    """Train `steps` steps in a launch of one process; a second call of the same folder goes on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", f"accelerate_configs/{file}.yaml"]
    # A port, and no other launch on this machine may have it.
    command += ["--num_processes", "1", "--main_process_port", str(port), "scripts/sft.py", str(recipe)]
    command += ["--max_steps", str(steps), "--output_dir", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(f"-- {name}, {steps} steps: exit code {done.returncode}")
    print(done.stdout[-2000:], done.stderr[-6000:], flush=True)
    if done.returncode:
        lines = done.stderr.splitlines() or ["no word"]
        raise RuntimeError([*lines, *(line for line in lines if "rror" in line)][-1][:300])


def history(output: Path) -> tuple[list[float], float]:
    """Return the losses of a run's steps and its held-out loss."""
    lines = [json.loads(line) for line in (output / "log_history.jsonl").read_text("utf-8").splitlines()]
    held_out = [line["eval_loss"] for line in lines if "eval_loss" in line]
    return [line["loss"] for line in lines if "loss" in line], held_out[-1]


def apart(ones: list[float], others: list[float]) -> float:
    """Return the largest relative difference; not a number where there are not as many."""
    if len(ones) != len(others):
        return float("nan")
    return max(abs(one - other) / abs(other) for one, other in zip(ones, others, strict=True))


def train_all(jobs: list[tuple[str, str, int]], recipe: Path, scratch: Path) -> dict[str, Exception | None]:
    """Train runs, by name, launch file and steps; return what went wrong, by name."""
    found: dict[str, Exception | None] = {}

    def one(job: tuple[str, str, int]) -> None:
        name, file, steps = job
        try:
            launch(name, file, recipe, scratch / name, steps)
            found[name] = None
        except Exception as error:
            found[name] = error

    # On a lent card, 10 at a time; a laptop's cores are the limit elsewhere.
    with ThreadPoolExecutor(max(1, min(10, (os.cpu_count() or 2)))) as pool:
        list(pool.map(one, jobs))
    return found


def give(found: dict[str, Exception | None], files: dict[str, str], folder: Path, kind: str) -> None:
    """Give the figures of the whole runs, or of those that went on from their half."""
    prefix = "" if kind == "whole" else "resumed, "
    for name in files:
        problem = found.get(f"{name}-{kind}")
        if problem is not None:
            failed(f"{name}: {prefix}losses apart", str(problem))
            continue
        with attempt(f"{name}: {prefix}losses apart"):
            losses, held_out = history(folder / f"{name}-{kind}")
            # A resumed run is compared with its own whole one.
            wanted = history(folder / f"{'single_gpu' if kind == 'whole' else name}-whole")
            if (name, kind) != ("single_gpu", "whole"):
                figure(f"{name}: {prefix}losses apart", apart(losses, wanted[0]))
                figure(f"{name}: {prefix}eval_loss apart", apart([held_out], [wanted[1]]))


def main() -> None:
    args = step_arguments(__doc__ or "")
    shape = TINY["qwen3"] if args.on_cpu else QWEN3_SMALL
    folder = args.scratch / "launches"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model = write_model(folder / "model", shape, "cpu" if args.on_cpu else "cuda")
    rows = write_rows(folder / "rows.jsonl", 40 * 600, 500)
    keys: dict[str, Any] = {
        "max_length": 512,
        "global_batch_size": 2,
        "use_cpu": args.on_cpu,
        "test_split_size": 0.25,
        "eval_strategy": "steps",
        "eval_steps": HALF,
        "save_strategy": "steps",
        "save_steps": HALF,
        # The first half knows nothing of the second.
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "learning_rate": 1e-3,
        # Not under ZeRO-3; and here it would cost more time than it saves.
        "torch_compile": None,
    }
    recipe = write_recipe(folder / "recipe.yaml", "recipes/luth-0.6b.yaml", model, rows, **keys)
    files = {name: on_cpu if args.on_cpu else name for name, on_cpu in FILES.items()}
    for name in [name for name, file in files.items() if file is None]:
        for what in ("losses apart", "eval_loss apart", "resumed, losses apart"):
            left_out(f"{name}: {what}", "accelerate makes plain data-parallel of it on a CPU")
    here = {name: file for name, file in files.items() if file}
    jobs = [
        (f"{name}-{kind}", here[name], steps) for name in here for kind, steps in (("whole", STEPS), ("half", HALF))
    ]
    found = train_all(jobs, recipe, folder)
    give(found, here, folder, "whole")
    jobs = [(f"{name}-half", here[name], STEPS) for name in here if found[f"{name}-half"] is None]
    give(found | train_all(jobs, recipe, folder), here, folder, "half")


if __name__ == "__main__":
    main()

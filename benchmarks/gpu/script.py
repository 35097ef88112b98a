"""Step G: `accelerate launch scripts/sft.py` on Qwen3-0.6B's shape, start to saved model; beside step C and --plan."""

import json
import re
import subprocess
import sys
from pathlib import Path

from figures import attempt, figure, left_out, step_arguments
from shapes import QWEN3_06B, ROOT, TINY, write_model, write_recipe, write_rows
from training import PACKS

RECIPE = "recipes/luth-0.6b.yaml"
# The last line of the plan's table of memory, in GB.
PLANNED = re.compile(r"^all +([\d.]+)$", re.MULTILINE)


def speed_of_step_c(results: Path | None) -> float | None:
    """Return the tokens a second that step C found for the recipe as it is, None where it did not."""
    if results is None or not results.exists():
        return None
    steps = json.loads(results.read_text("utf-8"))["steps"]
    found = {figure["name"]: figure.get("value") for step in steps for figure in step["figures"]}
    return found.get(f"{RECIPE}: tokens/s")


def planned_bytes(recipe: Path) -> float | str:
    """Return the peak memory that scripts/sft.py --plan expects of a recipe, or why it says none."""
    command = [sys.executable, "scripts/sft.py", str(recipe), "--plan"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(done.stdout, done.stderr, flush=True)
    found = PLANNED.search(done.stdout)
    if done.returncode or found is None:
        lines = done.stderr.strip().splitlines() or ["its output names no total"]
        return f"sft.py --plan: {lines[-1]}"
    return float(found[1]) * 1e9


def main() -> None:
    args = step_arguments(__doc__ or "")
    device, length, steps = ("cpu", 256, 5) if args.on_cpu else ("cuda", 16384, 6)
    shape = TINY["qwen3"] if args.on_cpu else QWEN3_06B
    model = write_model(args.scratch / f"model-{shape['hidden_size']}", shape, device)
    rows = write_rows(args.scratch / "script.jsonl", steps * PACKS * length * 5 // 4, length)
    keys = {"max_length": length, "global_batch_size": PACKS, "max_steps": steps, "use_cpu": args.on_cpu}
    output, times = args.scratch / "script-out", args.scratch / "times.json"
    recipe = write_recipe(args.scratch / "script.yaml", RECIPE, model, rows, output_dir=str(output), **keys)
    file = "cpu" if args.on_cpu else "single_gpu"
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", f"accelerate_configs/{file}.yaml"]
    command += ["benchmarks/gpu/timed.py", "whole", str(times), "scripts/sft.py", str(recipe)]
    subprocess.run(command, cwd=ROOT, check=True)
    found = json.loads(times.read_text("utf-8"))
    record = json.loads((output / "run.json").read_text("utf-8"))
    assert record["status"] == "finished" and any(output.glob("*.safetensors"))
    figure("tokens/s", found["tokens_per_second"])
    figure("peak GB", found["peak_memory_bytes"] / 1e9)
    needed = found["card_memory_bytes"] or found["peak_memory_bytes"]
    figure("on the card GB", needed / 1e9)
    alone = speed_of_step_c(args.results)
    if alone is None:
        left_out("speed by step C's", "step C has no such figure in this run")
    else:
        figure("speed by step C's", found["tokens_per_second"] / alone)
    with attempt("peak memory by --plan's"):
        planned = planned_bytes(recipe)
        if isinstance(planned, str):
            left_out("peak memory by --plan's", planned)
        else:
            figure("peak memory by --plan's", needed / planned)


if __name__ == "__main__":
    main()

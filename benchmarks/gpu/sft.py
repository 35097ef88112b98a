"""Step H, and a benchmark of its own: scripts/sft.py beside `trl sft` on one GPU, with the same attention, batch,
packs and checkpointing.

    python benchmarks/gpu/sft.py
    python benchmarks/gpu/sft.py --try

TRL's sides: with Liger's layers and our variable-length attention, which benchmarks/gpu/timed.py registers for it;
with that attention alone; with FlashAttention where flash_attn is installed; with plain sdpa, whose cost grows with
the square of the pack. Ours: the recipe, with Liger's layers, with plain ones. Shape, rows and the median step are
those of the other steps. Alone it trains packs of 4,096 and 16,384 tokens in about 10 minutes on an H100 (an
estimate); --short, as in `make gpu-check`, packs of 16,384.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from figures import BEGUN, attempt, figure, left_out, too_late
from shapes import QWEN3_06B, ROOT, TINY, write_model, write_recipe, write_rows

RECIPE, TRL = "recipes/luth-0.6b.yaml", "trl.scripts.sft"
# Keys of the recipe that TRL has not, or in another sense: its torch_compile is of the whole model.
OURS = ("step", "global_batch_size", "max_dropped_fraction", "chat_template_path", "torch_compile")
LIGER = {"attn_implementation": "varlen", "use_liger_kernel": True}
# Seconds of a side, or less: it is not begun with fewer left.
NEEDED = 12
# Of the seconds that are left, what one side may take.
SHARE = 0.6
# Name; whose script; what it changes. Those that the goal is about come first.
SIDES: tuple[tuple[str, bool, dict[str, Any]], ...] = (
    ("TRL, Liger and varlen", False, LIGER),
    ("recipe", True, {}),
    ("TRL, varlen", False, {"attn_implementation": "varlen"}),
    ("Liger", True, {"use_liger_kernel": True, "torch_compile": False}),
    ("plain layers", True, {"torch_compile": False}),
    ("TRL, flash", False, {"attn_implementation": "flash_attention_2"}),
    ("TRL, sdpa", False, {"attn_implementation": "sdpa"}),
)


def write_side(path: Path, model: Path, rows: Path, ours: bool, keys: dict[str, Any]) -> None:
    """Write one side's recipe."""
    if ours:
        write_recipe(path, RECIPE, model, rows, **keys)
        return
    template = str(ROOT / "src/luth/templates/qwen3.jinja")
    left = dict.fromkeys(OURS) | {"chat_template_path": template}
    accumulated = keys.pop("global_batch_size")
    write_recipe(path, RECIPE, model, rows, **(left | {"gradient_accumulation_steps": accumulated} | keys))


def unavailable(changed: dict[str, Any]) -> str | None:
    """Say why a side cannot run here, None if it can."""
    if changed.get("use_liger_kernel"):
        if importlib.util.find_spec("liger_kernel") is None:
            return "liger-kernel is not installed"
        if not torch.cuda.is_available():
            return "Liger's kernels need a GPU"
    if changed.get("attn_implementation") == "flash_attention_2" and importlib.util.find_spec("flash_attn") is None:
        return "flash_attn is not installed"
    return None


def train(ours: bool, recipe: Path, times: Path, seconds: float) -> dict[str, Any]:
    """Train one side in a process of its own, for so long at most; return its times and its peak memory."""
    script = ["scripts/sft.py", str(recipe)] if ours else [TRL, "--config", str(recipe)]
    command = [sys.executable, "benchmarks/gpu/timed.py", "unsaved", str(times), *script]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"stopped after {seconds:.0f} seconds, its share of the step") from error
    print(done.stdout[-2000:], done.stderr[-4000:], flush=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    return json.loads(times.read_text("utf-8"))


def compare(folder: Path, on_cpu: bool, length: int, batch: int, steps: int, seconds: float) -> None:
    """Train every side and give its figures."""
    shape = TINY["qwen3"] if on_cpu else QWEN3_06B
    model = write_model(folder / f"model-{shape['hidden_size']}", shape, "cpu" if on_cpu else "cuda")
    rows = write_rows(folder / f"sides-{length}.jsonl", steps * batch * length * 5 // 4, length)
    speeds: dict[str, float] = {}
    for at, (name, ours, changed) in enumerate(SIDES):
        label = f"{length:,}: {name}"
        why = unavailable(changed) or too_late(seconds, NEEDED)
        if why:
            left_out(f"{label}: tokens/s", why)
            continue
        with attempt(f"{label}: tokens/s"):
            output, recipe = folder / f"side-{length}-{at}", folder / f"side-{length}-{at}.yaml"
            common = {"max_length": length, "max_steps": steps, "use_cpu": on_cpu, "global_batch_size": batch}
            write_side(recipe, model, rows, ours, common | {"output_dir": str(output)} | changed)
            # One that hangs leaves time for another.
            most = max(NEEDED, SHARE * (seconds - (time.monotonic() - BEGUN)))
            found = train(ours, recipe, folder / f"side-{length}-{at}.json", most)
            speeds[name] = found["tokens_per_second"]
            figure(f"{label}: tokens/s", speeds[name])
            figure(f"{label}: peak GB", found["peak_memory_bytes"] / 1e9)
            if "TRL, Liger and varlen" in speeds and ours:
                figure(f"{name}, by TRL with Liger and varlen", speeds[name] / speeds["TRL, Liger and varlen"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", dest="on_cpu", action="store_true", help="on a CPU, tiny")
    parser.add_argument("--short", action="store_true", help="one length, few steps")
    parser.add_argument("--scratch", type=Path, help="a folder for models and rows")
    parser.add_argument("--results", type=Path, help="what the steps before this one found: not used")
    parser.add_argument("--seconds", type=float, default=3600, help="after which this is stopped")
    args = parser.parse_args()
    if not args.on_cpu and not torch.cuda.is_available():
        print("error: PyTorch sees no GPU here: --try runs the same on a CPU [no-gpu]", file=sys.stderr)
        sys.exit(2)
    lengths = (256,) if args.on_cpu else (16384,) if args.short else (4096, 16384)
    with tempfile.TemporaryDirectory() as scratch:
        for length in lengths:
            batch, steps = (1, 6) if args.short or args.on_cpu else (4, 10)
            compare(args.scratch or Path(scratch), args.on_cpu, length, batch, steps, args.seconds)


if __name__ == "__main__":
    main()

"""Step C: a recipe's own training on Qwen3's shapes, in packs of 16,384 tokens, and other ways to compute it.

A step accumulates two packs; ms is of one. It is scripts/sft.py itself, in this process, so that the libraries are
imported once. Times are the median step's.
"""

import argparse
import faulthandler
import gc
import importlib.util
import re
import sys
import time
from pathlib import Path
from typing import Any

import torch
from figures import attempt, figure, left_out, measured, note, step_arguments, too_late
from shapes import QWEN3_06B, QWEN3_17B, ROOT, TINY, write_model, write_recipe, write_rows
from timing import StopAfterTraining, TrainedEnough, peak_bytes, watch
from transformers.models.qwen3 import modeling_qwen3

SMALL, LARGE = "recipes/luth-0.6b.yaml", "recipes/luth-1.7b.yaml"
PLAIN = {"torch_compile": False}
# Name, recipe, and what it changes; compiled layers after others, which gives the background time to compile.
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("plain layers", SMALL, PLAIN),
    ("plain, no checkpointing", SMALL, PLAIN | {"gradient_checkpointing": False}),
    ("Liger layers", SMALL, PLAIN | {"use_liger_kernel": True}),
    (SMALL, SMALL, {}),
    (LARGE, LARGE, {}),
    ("no checkpointing", SMALL, {"gradient_checkpointing": False}),
    ("every second layer checkpointed", SMALL, {"gradient_checkpointing_every": 2}),
    ("bf16 weights", SMALL, {"dtype": "bfloat16"}),
    ("use_kernels", SMALL, PLAIN | {"model_init_kwargs": {"use_kernels": True}}),
)
PROFILED = (SMALL, "plain layers")
STEPS, TRIED_STEPS = 7, 5
# Packs of a step: with more than one the gradients stay while the next pack is computed, as in the recipes.
PACKS = 2
# Seconds of a variant, or less: it is not begun with fewer left.
NEEDED = 12


def train(recipe: Path, profiled: bool) -> tuple[StopAfterTraining, int]:
    """Run scripts/sft.py on a recipe; return its times, and the peak memory of its tensors in bytes."""
    from accelerate.state import AcceleratorState

    from luth.scripts.sft import main as sft

    stopwatch = StopAfterTraining(1 if profiled else None)
    watch(stopwatch)
    # Compiled code of the run before belongs to another model.
    torch.compiler.reset()
    AcceleratorState._reset_state(reset_partial_state=True)
    # Liger puts its layers into transformers' module, where the run after it would find them.
    kept = dict(vars(modeling_qwen3))
    try:
        sft([str(recipe)])
    except TrainedEnough:
        pass
    finally:
        vars(modeling_qwen3).update(kept)
    peak = peak_bytes()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return stopwatch, peak


def unavailable(changed: dict[str, Any]) -> str | None:
    """Say why a variant cannot run here, None if it can."""
    if changed.get("use_liger_kernel") and importlib.util.find_spec("liger_kernel") is None:
        return "liger-kernel is not installed"
    if changed.get("use_liger_kernel") and not torch.cuda.is_available():
        return "Liger's kernels need a GPU"
    if "model_init_kwargs" in changed and importlib.util.find_spec("kernels") is None:
        return "the package kernels is not installed; it fetches its kernels from the Hub"
    return None


def compile_only(args: argparse.Namespace) -> None:
    """Train a few steps of every variant with compiled layers, for what the compilers keep; say now and then where."""
    faulthandler.dump_traceback_later(60, repeat=True)
    for name, recipe, changed in VARIANTS:
        if changed.get("torch_compile") is None:
            begun = time.monotonic()
            one_variant(args, name, recipe, changed, profiled=False)
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)


def one_variant(
    args: argparse.Namespace, name: str, recipe: str, changed: dict[str, Any], profiled: bool
) -> tuple[StopAfterTraining, int]:
    """Train a variant; return what `train` does."""
    device, length, steps = ("cpu", 256, TRIED_STEPS) if args.on_cpu else ("cuda", 16384, STEPS)
    args.scratch.mkdir(exist_ok=True)
    rows = args.scratch / "rows.jsonl"
    if not rows.exists():
        write_rows(rows, steps * PACKS * length * 5 // 4, length)
    shape = TINY["qwen3"] if args.on_cpu else {SMALL: QWEN3_06B, LARGE: QWEN3_17B}[recipe]
    model = write_model(args.scratch / f"model-{shape['hidden_size']}", shape, device)
    here = {"use_cpu": args.on_cpu, "global_batch_size": PACKS, "max_steps": steps, "max_length": length}
    output = args.scratch / f"variant-{re.sub(r'[^a-z0-9]+', '-', name.lower())}"
    path = write_recipe(args.scratch / "recipe.yaml", recipe, model, rows, output_dir=str(output), **here, **changed)
    return train(path, profiled)


def main() -> None:
    args = step_arguments(__doc__ or "", "--compile")
    if args.compile:
        compile_only(args)
        return
    for name, recipe, changed in VARIANTS:
        why = unavailable(changed) or too_late(args.seconds, NEEDED)
        if why:
            left_out(f"{name}: ms", why)
            continue
        with attempt(f"{name}: ms"):
            stopwatch, peak = one_variant(args, name, recipe, changed, profiled=name in PROFILED)
            figure(f"{name}: ms", 1000 * stopwatch.step_seconds / PACKS)
            figure(f"{name}: tokens/s", stopwatch.tokens_per_second)
            figure(f"{name}: peak GB", peak / 1e9)
            if stopwatch.on_card:
                figure(f"{name}: on the card GB", stopwatch.on_card / 1e9)
            measured(recipe, stopwatch.tokens_per_second, peak, changed)
            if stopwatch.profile is not None:
                note(f"{name}: where the time of a step goes", stopwatch.top(10))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

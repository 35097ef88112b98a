"""scripts/sft.py beside `trl sft`: same model, rows, order, precision and batch, on a CPU, in one run.

    python benchmarks/sft.py

Measured, unpacked and packed: tokens per second (padding is no token), peak memory, the share of the machine's
matrix-product peak in bfloat16 that training uses (6 x parameters x tokens), and how far the losses are apart. The two
take turns; a pair's ratio is of their training times, since they see the same tokens. It needs the demo's base model
(`make demo`, or scripts/import_gguf.py) and takes 15 minutes on 2 cores. The last line says whether the goals are met.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import safe_open
from transformers import AutoTokenizer

from luth.core.errors import UserError, run_script
from luth.training.masking import mask, read_training_template

SPEED_GOAL, PEAK_GOAL = 2.2, 0.45
# Losses of about 2 nats in bfloat16, whose numbers are 0.4% apart, after steps that differ by as much.
FIRST_APART, APART = 0.01, 0.05
STEPS, ROWS, PACKS, LENGTH, PACK = 4, 8, 2, 512, 1024
ROOT = Path(__file__).parents[1]
BASE, TEMPLATE = "out/demo/base", "src/luth/templates/smollm2.jinja"


@dataclass
class Run:
    """One training: seconds without start-up, peak memory in GiB, and every step's loss."""

    seconds: float
    memory: float
    losses: list[float]


def matmul_peak(dtype: torch.dtype) -> float:
    """Return the best of ten square matrix products, in FLOP/s."""
    size = 4096
    left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    best = float("inf")
    for _ in range(10):
        begun = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def write_rows(path: Path) -> list[int]:
    """Write conversations of 100 to 500 tokens, made of the demo's, the same every time; return their lengths."""
    tokenizer, template = AutoTokenizer.from_pretrained(ROOT / BASE), read_training_template(str(ROOT / TEMPLATE))
    files = sorted((ROOT / "recipes/demo/data/train").rglob("*.jsonl"))
    exchanges = [json.loads(line)["messages"] for file in files for line in file.read_text("utf-8").splitlines()]
    exchanges = [messages for messages in exchanges if messages[0]["role"] == "user"]
    chance = random.Random(0)
    chance.shuffle(exchanges)
    lengths = []
    with open(path, "w", encoding="utf-8") as file:
        while len(lengths) < STEPS * ROWS:
            wanted, messages = chance.randint(100, 480), []
            while (length := len(mask(messages, tokenizer, template)["input_ids"]) if messages else 0) < wanted:
                messages = messages + exchanges.pop()
            if length <= LENGTH:
                file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
                lengths.append(length)
    return lengths


def settings(rows: Path, precision: str, packed: bool) -> dict[str, Any]:
    """Return the settings that both sides have in common."""
    return {
        "model_name_or_path": BASE,
        "dtype": "float32",
        "chat_template_path": TEMPLATE,
        "output_dir": "out/benchmark",
        "datasets": [{"path": "json", "data_files": str(rows)}],
        "assistant_only_loss": True,
        "max_length": PACK if packed else LENGTH,
        "packing": packed,
        "train_sampling_strategy": "sequential",
        "per_device_train_batch_size": PACKS if packed else ROWS,
        "num_train_epochs": 1,
        "learning_rate": 1e-5,
        "bf16": precision == "bf16",
        "gradient_checkpointing": False,
        "use_cpu": True,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "max_steps": STEPS if not packed else -1,
    }


def train(command: list[str], output: Path) -> Run:
    """Run one training on all cores and read its log."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0))), "HF_HUB_OFFLINE": "1"}
    with open(output.with_suffix(".log"), "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, "--output_dir", output], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        memory = watch(process)
        log.seek(0)
        output_text = log.read()
    history = output / "log_history.jsonl"
    text = history.read_text("utf-8").replace('"', "'") if history.exists() else output_text
    seconds = re.search(r"'train_runtime': '?([\d.]+)", text)
    if process.returncode or seconds is None:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))} failed:\n{output_text}")
    return Run(float(seconds[1]), memory, [float(loss) for loss in re.findall(r"'loss': '?([\d.]+)", text)])


def watch(process: subprocess.Popen) -> float:
    """Wait for a process and its children; return the largest peak of resident memory among them, in GiB."""
    import psutil

    peak = 0
    while process.poll() is None:
        for member in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            try:
                status = Path(f"/proc/{member.pid}/status").read_text()
            except OSError:
                continue
            high = re.search(r"VmHWM:\s+(\d+) kB", status)
            peak = max(peak, int(high[1]) if high else 0)
        time.sleep(0.05)
    return peak / 2**20


def compare(
    kind: str, folder: Path, rows: Path, tokens: int, precision: str, pairs: int, peak: float
) -> tuple[list[bool], float]:
    """Run and print the pairs of one kind; return which goals are met, and the median ratio of speed."""
    common = settings(rows, precision, kind == "packed")
    ours = common | {"attn_implementation": "varlen", "global_batch_size": common["per_device_train_batch_size"]}
    ours |= {} if common["packing"] else {"padding_free": True}
    (folder / "ours.yaml").write_text(yaml.safe_dump(ours))
    (folder / "trl.yaml").write_text(yaml.safe_dump(common | {"attn_implementation": "sdpa"}))
    trl = [Path(sys.executable).with_name("trl"), "sft", "--config", folder / "trl.yaml"]
    results = []
    for pair in range(1, pairs + 1):
        mine = train([sys.executable, "scripts/sft.py", folder / "ours.yaml"], folder / f"ours-{kind}-{pair}")
        theirs = train(trl, folder / f"trl-{kind}-{pair}")
        steps = min(len(mine.losses), len(theirs.losses))
        seen = tokens * len(mine.losses) // len(theirs.losses)
        apart = [abs(a - b) for a, b in zip(mine.losses[:steps], theirs.losses[:steps], strict=True)]
        peak = max(peak, matmul_peak(torch.bfloat16))
        used = 6 * parameters() * seen / mine.seconds / peak
        results.append((theirs.seconds / mine.seconds, mine.memory / theirs.memory, used, apart[0], max(apart)))
        print(
            f"{kind}, pair {pair}: scripts/sft.py {seen / mine.seconds:.0f} tokens/s, {mine.memory:.1f} GiB, "
            f"{used:.0%} of the bf16 peak; trl sft {seen / theirs.seconds:.0f} tokens/s, {theirs.memory:.1f} GiB; "
            f"ratio {results[-1][0]:.2f}, memory {results[-1][1]:.2f}; losses {apart[0]:.4f} apart at step 1, at most "
            f"{max(apart):.4f}",
            flush=True,
        )
    speed, memory, used, first, most = (statistics.median(column) for column in zip(*results, strict=True))
    return [speed >= SPEED_GOAL, memory <= 1, used >= PEAK_GOAL, first <= FIRST_APART, most <= APART], speed


def parameters() -> int:
    """Count the base model's weights."""
    with safe_open(ROOT / BASE / "model.safetensors", "pt") as weights:
        return sum(weights.get_tensor(name).numel() for name in weights.keys())


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--precision", choices=["bf16", "fp32"], help="default: the one whose products are faster here"
    )
    parser.add_argument("--pairs", type=int, default=2)
    args = parser.parse_args(arguments)
    if not (ROOT / BASE / "model.safetensors").exists():
        raise UserError("step-order", f"{BASE} is missing: python scripts/import_gguf.py recipes/demo/base.yaml")
    peaks = {"bf16": matmul_peak(torch.bfloat16), "fp32": matmul_peak(torch.float32)}
    precision = args.precision or max(peaks, key=peaks.__getitem__)
    print(
        f"matrix products: bf16 {peaks['bf16'] / 1e9:.0f}, fp32 {peaks['fp32'] / 1e9:.0f} GFLOP/s; "
        f"training in {precision}"
    )
    met, speeds = [], []
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "rows.jsonl"
        tokens = sum(write_rows(rows))
        for kind in ("unpacked", "packed"):
            goals, speed = compare(kind, Path(scratch), rows, tokens, precision, args.pairs, peaks["bf16"])
            met += goals
            speeds.append(speed)
    print(
        f"scripts/sft.py does {speeds[0]:.2f} (unpacked) and {speeds[1]:.2f} (packed) times the tokens per second of "
        f"trl sft; goals {SPEED_GOAL} at no more memory, {PEAK_GOAL:.0%} of the bf16 peak, losses within {APART}: "
        f"{'all reached' if all(met) else 'MISSED'}"
    )
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    run_script(main)

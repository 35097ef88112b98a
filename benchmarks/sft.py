"""Tokens per second of scripts/sft.py beside `trl sft`: same model, rows, order, precision and batch, in one run.

    python benchmarks/sft.py

It wants the demo's base model (`make demo`, or scripts/import_gguf.py) and takes about 8 minutes on 2 cores. The two
take turns; a pair's ratio is of their training times, since they see the same tokens. The last line is the verdict.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from luth.errors import UserError, run_script
from luth.recipe import read_recipe

GOAL = 1.3
STEPS = 8
ROWS = 8
ROOT = Path(__file__).parents[1]


def settings(precision: str, folder: Path) -> dict[str, Any]:
    """Return the demo's recipe with what `trl sft` does not know taken out, and a few steps in random order."""
    recipe = read_recipe(ROOT / "recipes/demo/sft.yaml")
    del recipe["global_batch_size"]
    data = [source["data_files"] for source in recipe.pop("datasets")]
    rows = folder / "rows.jsonl"
    lines = [line for name in data for line in (ROOT / name).read_text("utf-8").splitlines()]
    # `trl sft` keeps all columns of a row; only the messages are wanted.
    rows.write_text("".join(json.dumps({"messages": json.loads(line)["messages"]}) + "\n" for line in lines), "utf-8")
    return recipe | {
        "datasets": [{"path": "json", "data_files": str(rows)}],
        "bf16": precision == "bf16",
        "max_steps": STEPS,
        "save_strategy": "no",
        "train_sampling_strategy": "random",
        "per_device_train_batch_size": ROWS,
    }


def train(command: list[str], output: Path) -> tuple[float, list[float]]:
    """Run one training; return its seconds, start-up left out, and the loss of every step."""
    done = subprocess.run([*command, "--output_dir", output], cwd=ROOT, capture_output=True, text=True)
    log = output / "log_history.jsonl"
    said = log.read_text("utf-8").replace('"', "'") if log.exists() else done.stdout
    seconds = re.search(r"'train_runtime': '?([\d.]+)", said)
    if done.returncode or seconds is None:
        raise UserError(f"{' '.join(command[:3])} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return float(seconds[1]), [float(loss) for loss in re.findall(r"'loss': '?([\d.]+)", said)]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=["bf16", "fp32"], default=None, help="default: bf16 where there is AMX")
    parser.add_argument("--pairs", type=int, default=2)
    args = parser.parse_args(arguments)
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    precision = args.precision or ("bf16" if "amx_bf16" in flags else "fp32")
    if not (ROOT / "out/demo/base/model.safetensors").exists():
        raise UserError("out/demo/base is missing: python scripts/import_gguf.py recipes/demo/base.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        common = settings(precision, folder)
        (folder / "ours.yaml").write_text(yaml.safe_dump(common | {"global_batch_size": ROWS}))
        (folder / "trl.yaml").write_text(yaml.safe_dump(common))
        ratios = []
        for pair in range(1, args.pairs + 1):
            command = [sys.executable, "scripts/sft.py", str(folder / "ours.yaml")]
            ours, our_losses = train(command, folder / f"ours-{pair}")
            command = [str(Path(sys.executable).with_name("trl")), "sft", "--config", str(folder / "trl.yaml")]
            theirs, their_losses = train(command, folder / f"trl-{pair}")
            ratios.append(theirs / ours)
            apart = max(abs(a - b) for a, b in zip(our_losses, their_losses, strict=True))
            print(
                f"pair {pair}, {precision}, {STEPS} steps of {ROWS} rows: scripts/sft.py {ours:.1f} s, "
                f"trl sft {theirs:.1f} s, ratio {ratios[-1]:.2f}; losses at most {apart:.3f} apart",
                flush=True,
            )
        ratio = statistics.median(ratios)
    verdict = "reached" if ratio >= GOAL else "MISSED"
    print(f"scripts/sft.py does {ratio:.2f} times the tokens per second of trl sft; goal {GOAL}: {verdict}")
    sys.exit(0 if ratio >= GOAL else 1)


if __name__ == "__main__":
    run_script(main)

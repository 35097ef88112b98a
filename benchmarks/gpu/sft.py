"""scripts/sft.py beside `trl sft`, plain and with Liger, on one GPU: packs of 4,096 and 16,384 tokens.

    python benchmarks/sft_gpu.py
    python benchmarks/sft_gpu.py --try

The model has Qwen3-0.6B's shape, its weights are random and the tokens made up: speed and memory do not depend on
them. Each side trains 2 and then 10 steps, and the difference counts: not start-up, nor the first compilation.
Printed: tokens per second, peak memory on the device, model FLOPs utilisation (6 x parameters x tokens over the
measured bf16 peak). `--try` runs the same on a CPU with a tiny model, to see that the benchmark works. About 20
minutes on an H100 (an estimate: not run on one yet).
"""

import argparse
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import torch
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen3Config

from luth.core.errors import UserError, run_script
from luth.training.masking import inference_template

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "src/luth/templates/qwen3.jinja"
QWEN3_06B = {
    "vocab_size": 151936,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
}
TINY = QWEN3_06B | {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "head_dim": 16,
}
BATCH, SHORT, LONG = 4, 2, 10


def write_model(folder: Path, size: dict[str, int]) -> int:
    """Save random weights and a tokenizer of one token a byte; return the number of parameters."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    vocabulary = {word: at for at, word in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=inference_template(TEMPLATE.read_text("utf-8")),
    )
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    tokenizer.save_pretrained(folder)
    config = Qwen3Config(
        **size, tie_word_embeddings=True, max_position_embeddings=32768, eos_token_id=2, pad_token_id=0
    )
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def write_rows(path: Path, tokens: int, longest: int) -> None:
    """Write conversations of about 600 tokens, as in Luth-SFT, half of them the assistant's."""
    chance = random.Random(0)
    with open(path, "w", encoding="utf-8") as file:
        while tokens > 0:
            length = min(max(40, int(chance.expovariate(1 / 600))), longest - 80)
            words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=length // 2)) for _ in range(2)]
            turns = [
                {"role": role, "content": f"x{text}x"} for role, text in zip(("user", "assistant"), words, strict=True)
            ]
            file.write(json.dumps({"messages": turns}) + "\n")
            tokens -= length


def settings(model: Path, rows: Path, length: int, cpu: bool) -> dict[str, Any]:
    """Return the settings that all sides have in common."""
    return {
        "model_name_or_path": str(model),
        "dtype": "float32",
        "chat_template_path": str(TEMPLATE),
        "datasets": [{"path": "json", "data_files": str(rows)}],
        "output_dir": "out/benchmark",
        "assistant_only_loss": True,
        "max_length": length,
        "packing": True,
        "train_sampling_strategy": "sequential",
        "per_device_train_batch_size": 1,
        "learning_rate": 1e-5,
        "bf16": True,
        "gradient_checkpointing": True,
        "use_cpu": cpu,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
    }


def train(command: list[Any], steps: int, output: Path) -> tuple[float, float]:
    """Run one training; return its seconds without start-up, and the peak of the device's memory in GiB."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    words = [str(word) for word in [*command, "--max_steps", steps, "--output_dir", output]]
    # The memory that this process itself holds on the device is not the training's.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        free, whole = torch.cuda.mem_get_info()
    before = whole - free if torch.cuda.is_available() else 0
    peak, over = [before], threading.Event()

    def watch() -> None:
        while torch.cuda.is_available() and not over.wait(0.05):
            free, whole = torch.cuda.mem_get_info()
            peak[0] = max(peak[0], whole - free)

    watcher = threading.Thread(target=watch)
    watcher.start()
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    over.set()
    watcher.join()
    history = output / "log_history.jsonl"
    text = history.read_text("utf-8").replace('"', "'") if history.exists() else done.stdout
    seconds = re.search(r"'train_runtime': '?([\d.]+)", text)
    if done.returncode or seconds is None:
        raise RuntimeError(f"{' '.join(words[:3])} failed:\n{done.stderr}")
    return float(seconds[1]), (peak[0] - before) / 2**30


def bf16_peak(device: str) -> float:
    """Return the best of 20 square matrix products in bfloat16, in FLOP/s."""
    size = 8192 if device == "cuda" else 2048
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(20):
        begun = time.perf_counter()
        left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", dest="on_cpu", action="store_true", help="on a CPU, tiny")
    args = parser.parse_args(arguments)
    if not args.on_cpu and not torch.cuda.is_available():
        raise UserError(
            "no-gpu",
            "there is no GPU here that PyTorch can see: --try runs the same on a CPU with a tiny model",
        )
    peak = bf16_peak("cpu" if args.on_cpu else "cuda")
    print(f"{'CPU' if args.on_cpu else torch.cuda.get_device_name()}: bf16 products at {peak / 1e12:.2f} TFLOP/s")
    trl = [Path(sys.executable).with_name("trl"), "sft", "--config"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        parameters = write_model(folder / "model", TINY if args.on_cpu else QWEN3_06B)
        for length in (256, 512) if args.on_cpu else (4096, 16384):
            tokens = (LONG - SHORT) * BATCH * length
            write_rows(folder / "rows.jsonl", LONG * BATCH * length * 5 // 4, length)
            common = settings(folder / "model", folder / "rows.jsonl", length, args.on_cpu)
            theirs = common | {"attn_implementation": "sdpa", "gradient_accumulation_steps": BATCH}
            ours = common | {"attn_implementation": "varlen", "global_batch_size": BATCH}
            sides = {
                "scripts/sft.py": ([sys.executable, "scripts/sft.py"], ours),
                "trl sft": (trl, theirs),
                "trl sft, Liger": (trl, theirs | {"use_liger_kernel": True}),
            }
            if importlib.util.find_spec("liger_kernel") is None:
                print("Liger is not installed (pip install liger-kernel): left out")
                del sides["trl sft, Liger"]
            for side, (command, recipe) in sides.items():
                (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
                name = f"{side.replace('/', '-')}-{length}"
                first, _ = train([*command, folder / "recipe.yaml"], SHORT, folder / f"{name}-short")
                seconds, memory = train([*command, folder / "recipe.yaml"], LONG, folder / f"{name}-long")
                speed = tokens / (seconds - first)
                print(
                    f"{length} tokens a pack, {side}: {speed:,.0f} tokens/s, {memory:.1f} GiB, "
                    f"{6 * parameters * speed / peak:.1%} of the bf16 peak",
                    flush=True,
                )


if __name__ == "__main__":
    run_script(main)

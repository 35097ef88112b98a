"""The planned memory beside the real peak of a process on a CPU, and the shares of a launch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from transformers import AutoConfig

from luth.training.planning.footprint import MicroBatch, memory, state_bytes
from luth.training.planning.setting import setting_of
from luth.training.planning.shape import Shape, shape_of

ROOT = Path(__file__).parents[3]
BASE = ROOT / "out/demo/base"
QWEN3 = Shape("qwen3", 28, 1024, 3072, 16, 8, 128, 151936, True)
QWEN3_17B = Shape("qwen3", 28, 2048, 6144, 16, 8, 128, 151936, True)
RECIPE = {
    "global_batch_size": 24,
    "per_device_train_batch_size": 1,
    "max_length": 16384,
    "packing": True,
    "attn_implementation": "varlen",
    "dtype": "float32",
    "bf16": True,
    "gradient_checkpointing": True,
    "optim": "adamw_torch_fused",
}
PACK = MicroBatch(16384, 10600)
# The peak of a process, without what its imports take, and the largest micro-batch that it saw.
MEASURE = """
import json, re, sys
def size(key):
    return 1024 * int(re.search(key + r":\\s+(\\d+)", open("/proc/self/status").read())[1])
sys.path.insert(0, "scripts")
from luth.core.console import quiet_libraries
quiet_libraries()
import luth.training.finetune, luth.training.preview, luth.training.sft_keys, transformers.models.llama.modeling_llama
from luth.training.trainer import MaskedSFTTrainer
imports, seen, loss = size("VmRSS"), [], MaskedSFTTrainer.compute_loss
def watch(self, model, inputs, *more, **others):
    seen.append((inputs["input_ids"].numel(), int((inputs["labels"] != -100).sum())))
    return loss(self, model, inputs, *more, **others)
MaskedSFTTrainer.compute_loss = watch
import sft
sft.main(sys.argv[1:])
print(json.dumps([size("VmHWM") - imports, *max(seen)]))
"""


def parts(**changed):
    kind, processes = changed.pop("kind", "one process"), changed.pop("processes", 1)
    setting = setting_of(RECIPE | changed, QWEN3, kind, processes)
    return {part.name: part.size / 1e9 for part in memory(QWEN3, setting, PACK)}


@pytest.mark.slow
@pytest.mark.skipif(not (BASE / "model.safetensors").is_file(), reason="make demo has not made its base")
@pytest.mark.parametrize(
    ("words", "turns"),
    [
        ([], 1),
        (["--gradient_checkpointing", "true", "--max_length", "4096"], 40),
        (["--max_length", "4096", "--per_device_train_batch_size", "2"], 60),
        (["--bf16", "true", "--max_length", "4096"], 40),
    ],
)
def test_the_plan_is_within_15_percent_of_the_real_peak(words, turns, tmp_path):
    recipe = yaml.safe_load((ROOT / "recipes/demo/sft.yaml").read_text("utf-8"))
    if turns > 1:
        file = tmp_path / "rows.jsonl"
        text = "Le chat dort sur le canapé pendant que la pluie tombe doucement. " * (turns // 2)
        row = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
        file.write_text(
            "".join(
                json.dumps({"messages": [{"role": "user", "content": f"{n}"}, row[1]] if n % 3 else row}) + "\n"
                for n in range(64)
            )
        )
        recipe["datasets"] = [{"path": "json", "data_files": str(file)}]
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    command = [
        sys.executable,
        "-c",
        MEASURE,
        str(tmp_path / "recipe.yaml"),
        "--max_steps",
        "3",
        "--save_strategy",
        "no",
    ]
    done = subprocess.run(
        [*command, "--output_dir", str(tmp_path / "out"), *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    real, tokens, trained = json.loads(done.stdout.splitlines()[-1])
    keys = dict(zip((word[2:] for word in words[::2]), map(yaml.safe_load, words[1::2]), strict=True))
    shape = shape_of(AutoConfig.from_pretrained(BASE))
    planned = memory(shape, setting_of(recipe | keys, shape, "one process", 1), MicroBatch(tokens, trained))
    assert sum(part.size for part in planned) == pytest.approx(real, rel=0.15), planned


def test_what_stays_is_sixteen_bytes_a_weight():
    found = parts()
    standing = found["weights"] + found["gradients"] + found["optimiser states"]
    assert standing == pytest.approx(16 * 0.59605, rel=1e-4)
    # As GPU.md's reading of autocast has it: 2 bytes for each weight of the layers' matrices.
    assert parts(use_cpu=True)["autocast's bf16 weights"] == pytest.approx(0.88, abs=0.01)


# GB on one H200: of tensors, and all that the card held; packs of 16,384 tokens, 7,900 of them trained (docs/gpu.md).
MEASURED = [
    (QWEN3, {}, 13.77, 15.85),
    (QWEN3, {"gradient_checkpointing": False}, 51.31, 53.05),
    (QWEN3, {"use_liger_kernel": True}, 13.29, 15.28),
    (QWEN3, {"torch_compile": True}, 13.34, 15.23),
    (QWEN3, {"global_batch_size": 1}, 11.39, None),
    (QWEN3_17B, {}, 35.36, 39.05),
]


@pytest.mark.parametrize(("shape", "changed", "of_tensors", "on_card"), MEASURED)
def test_the_plan_is_within_10_percent_of_what_a_card_held(shape, changed, of_tensors, on_card):
    setting = setting_of(RECIPE | {"global_batch_size": 2} | changed, shape, "one process", 1)
    found = {part.name: part.size / 1e9 for part in memory(shape, setting, MicroBatch(16384, 7900))}
    whole = sum(found.values())
    assert whole - found["CUDA and freed pieces"] == pytest.approx(of_tensors, rel=0.1)
    assert on_card is None or whole == pytest.approx(on_card, rel=0.1)


def test_a_launch_shares_out_what_its_stage_says():
    ddp, two, three, fsdp = (parts(kind=kind, processes=8) for kind in ("DDP", "ZeRO-2", "ZeRO-3", "FSDP2"))
    assert ddp["buckets"] == pytest.approx(4 * 0.596, rel=0.01)
    assert two["weights"] == pytest.approx(2 * 0.596, rel=0.01)
    assert two["gradients"] == pytest.approx(4 * 0.596 / 8, rel=0.01)
    assert three["weights"] == pytest.approx(2 * 0.596 / 8, rel=0.01)
    assert fsdp["optimiser states"] == pytest.approx(8 * 0.596 / 8, rel=0.01)
    assert sum(three.values()) < sum(two.values()) < sum(ddp.values())


def test_checkpointing_every_second_layer_lies_between_all_and_none():
    every, second, none = (
        parts(gradient_checkpointing_every=1),
        parts(gradient_checkpointing_every=2),
        parts(gradient_checkpointing=False),
    )
    kept = "kept for the backward pass"
    assert every[kept] < second[kept] < none[kept]
    assert second[kept] == pytest.approx((every[kept] + none[kept]) / 2, rel=0.01)


def test_an_adapter_has_gradients_and_states_of_its_own_alone():
    lora = {"use_peft": True, "lora_r": 32, "lora_target_modules": ["all-linear"], "dtype": "bfloat16"}
    full, low, four = parts(), parts(**lora), parts(**lora, load_in_4bit=True)
    assert low["optimiser states"] == pytest.approx(8 * 0.0202, rel=0.01)
    assert low["weights"] == pytest.approx(2 * 0.596 + 4 * 0.0202, rel=0.01)
    assert four["weights"] < low["weights"] < full["weights"]


@pytest.mark.parametrize(
    ("optimiser", "least", "most"),
    [
        ("adamw_torch_fused", 8, 8),
        ("adamw_torch_8bit", 2, 2.2),
        ("adafactor", 0, 0.1),
        ("sgd", 0, 0),
        ("lion_32bit", 4, 4),
    ],
)
def test_optimisers_keep_what_they_keep(optimiser, least, most):
    assert least <= state_bytes(optimiser, 4) <= most

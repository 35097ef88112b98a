"""The card says what the record holds, and nothing secret."""

import hashlib
import json
import re

import pytest
import yaml
from huggingface_hub import ModelCard

from luth.training.arguments import recipe_problems
from luth.training.card import without_secrets, write_card
from luth.training.sft_keys import SFT

HUB_RECIPE = {
    "model_name_or_path": "Qwen/Qwen3-0.6B",
    "model_revision": "main",
    "chat_template_path": "src/luth/templates/qwen3.jinja",
    "datasets": [
        {"path": "kurakurai/luth-sft", "name": None, "split": "luth_scholar", "revision": "v1.0"},
        {"path": "kurakurai/luth-sft", "name": None, "split": "luth_aya_dataset"},
        {"path": "json", "data_files": ["données/écrit|à la main.jsonl"], "split": "train"},
    ],
    "assistant_only_loss": True,
    "global_batch_size": 24,
    "learning_rate": 2e-05,
    "warmup_steps": 0.1,
    "push_to_hub": True,
    "hub_model_id": "équipe/luth-0.6b",
    "seed": 42,
}


def record(recipe=HUB_RECIPE, **facts):
    """The record of a run that has just begun; `finished` has the rest."""
    return {
        "step": "sft",
        "status": "running",
        "recipe": recipe,
        "recipe_hash": hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest(),
        "inputs": {
            "kurakurai/luth-sft, v1.0, split luth_scholar": "1000 rows, SHA-256 8d1fa4b2",
            "kurakurai/luth-sft, split luth_aya_dataset": "10 rows, SHA-256 9e1fa4b2",
            "données/écrit|à la main.jsonl": "c" * 64,
            "Qwen/Qwen3-0.6B": "commit c1899de289a04d12100db370d81485cdf75e47ca",
            "src/luth/templates/qwen3.jinja": "d" * 64,
        },
        "seed": 42,
        "git_commit": "c16042e1c16042e1c16042e1c16042e1c16042e1",
        "packages": {"torch": "2.13.0", "trl": "1.16.0", "lighteval": None},
        "hardware": {"processor": "AMD EPYC", "cores": 16, "memory_gib": 128.04, "gpus": ["NVIDIA H100"] * 8},
        "started": "2026-11-24T08:00:00Z",
        **facts,
    }


FINISHED = {
    "status": "finished",
    "rows": {
        "rows": 336976,
        "tokens": 338123456,
        "trained_tokens": 270000001,
        "dropped_too_long": 12,
        "held_out": 1024,
        "dropped_unusable": 3,
        "sources": [
            {
                "source": "kurakurai/luth-sft, v1.0, split luth_scholar",
                "rows": 336990,
                "tokens": 337990000,
                "trained_tokens": 269890000,
                "dropped_too_long": 12,
                "dropped_unusable": 3,
            },
            {"source": "kurakurai/luth-sft, split luth_aya_dataset", "rows": 10, "tokens": 10000},
            {
                "source": "données/écrit|à la main.jsonl",
                "rows": 1000,
                "tokens": 123456,
                "trained_tokens": 100001,
                "dropped_too_long": 0,
            },
        ],
    },
    "strategy": "fsdp2, 8 processes",
    "processes": 8,
    "precision": "bf16",
    "train_loss": 1.23456789,
    "steps": 12345,
    "seconds": 18061.2,
    "tokens_per_second": 401234.6,
    "share_of_peak": 0.413,
    "peak_memory_gib": 23.12,
    "hub_repository": "équipe/luth-0.6b",
}
HISTORY = [
    {"step": 10, "loss": 2.5, "learning_rate": 1e-05},
    {"step": 12340, "loss": 1.0004321},
    {"step": 12345, "eval_loss": 1.1117},
    {"step": 12345, "train_loss": 1.23456789},
]


def card(folder, facts, history=HISTORY):
    write_card(folder, facts, history)
    return ModelCard.load(folder / "README.md"), (folder / "README.md").read_text("utf-8")


def test_a_finished_run(tmp_path):
    (tmp_path / "loss.png").write_bytes(b"")
    loaded, text = card(tmp_path, record(**FINISHED))
    assert loaded.data.to_dict() == {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["trl", "sft", "luth"],
        "base_model": "Qwen/Qwen3-0.6B",
        "base_model_relation": "finetune",
        "datasets": ["kurakurai/luth-sft"],
    }
    for line in (
        "# luth-0.6b",
        "![Loss over optimiser steps](loss.png)",
        'chat = pipeline("text-generation", model="équipe/luth-0.6b")',
        "[Qwen/Qwen3-0.6B](https://huggingface.co/Qwen/Qwen3-0.6B), revision `main`, "
        "`commit c1899de289a04d12100db370d81485cdf75e47ca`",
        "| `kurakurai/luth-sft` | luth_scholar | v1.0 | 336,990 | 337,990,000 | 269,890,000 | 12 | 3 "
        "| `1000 rows, SHA-256 8d1fa4b2` |",
        "| `kurakurai/luth-sft` | luth_aya_dataset |  | 10 | 10,000 |  |  |  | `10 rows, SHA-256 9e1fa4b2` |",
        f"| `données/écrit\\|à la main.jsonl` | train |  | 1,000 | 123,456 | 100,001 | 0 |  | `{'c' * 64}` |",
        "| **All** |  |  | 338,000 | 338,123,456 | 270,000,001 | 12 | 3 |  |",
        "1,024 of these rows were held out of training.",
        f"- `src/luth/templates/qwen3.jinja`: `{'d' * 64}`",
        "- Method: full fine-tuning",
        "- Optimiser steps: 12,345",
        "- Training loss, mean: 1.002 (steps 1 to 12,340)",
        "- Training loss, last logged: 1.000 (step 12,340)",
        "- Held-out loss, last measured: 1.112 (step 12,345)",
        "- Seed: 42",
        "- Precision: bf16",
        "- Processes: fsdp2, 8 processes",
        "- Hardware: 8 x NVIDIA H100, AMD EPYC, 16 cores, 128 GiB of memory",
        "- Time: 5 h 01 min",
        "- Speed: 401,235 tokens a second, 41% of the hardware's peak in bfloat16",
        "- Memory, most at once: 23.1 GiB, in the first process",
        "- Code: Luth, commit `c16042e1c16042e1c16042e1c16042e1c16042e1`",
        "- Packages: torch 2.13.0, trl 1.16.0",
        "accelerate launch scripts/sft.py recipe.yaml",
    ):
        assert line in text.splitlines(), line
    assert "checkpoint" not in text and "None" not in text and str(tmp_path.parent) not in text


def test_the_recipe_on_the_card_is_the_one_that_ran(tmp_path):
    long = {**HUB_RECIPE, "logging_dir": "sorties/" + "très long, " * 30}
    _, text = card(tmp_path, record(long, recipe_path="recipes/luth-0.6b.yaml"))
    given = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    assert given == long
    assert hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest() in text
    assert "as given (`recipes/luth-0.6b.yaml`, with what the command line changed)" in text
    assert "save it as `recipe.yaml`, add `output_dir:`" in text
    del given["logging_dir"]
    assert recipe_problems({**given, "output_dir": "out/again"}, SFT) == []


def test_a_checkpoint_says_its_step_and_claims_nothing_more(tmp_path):
    _, text = card(tmp_path, record(), HISTORY[:1])
    assert "**A checkpoint at step 10: the run is not finished.**" in text
    row = "| `kurakurai/luth-sft` | luth_aya_dataset |  |  |  |  |  |  | `10 rows, SHA-256 9e1fa4b2` |"
    assert row in text.splitlines()
    assert "- Training loss, last logged: 2.500 (step 10)" in text
    assert not any(words in text for words in ("Held-out", "held out", "Time", "loss.png", "**All**"))
    _, text = card(tmp_path, record(steps=12), [])
    assert "**A checkpoint at step 12:" in text and "last logged" not in text


def test_lora_is_an_adapter_until_it_is_merged(tmp_path):
    recipe = {**HUB_RECIPE, "use_peft": True, "lora_r": 16, "lora_alpha": 32}
    loaded, text = card(tmp_path, record(recipe, steps=5))
    assert loaded.data.base_model_relation == "adapter" and "- Method: LoRA (r 16, alpha 32)" in text.splitlines()
    assert "The weights are the adapter alone, not yet merged." in text
    loaded, text = card(tmp_path, record(recipe, **FINISHED, adapter_logit_difference=2.345e-7))
    assert loaded.data.base_model_relation == "finetune"
    assert "- Method: LoRA (r 16, alpha 32), merged into the base's weights" in text.splitlines()
    assert "largest relative difference: 2.3e-07" in text


def test_local_models_and_files_are_not_passed_off_as_the_hubs(tmp_path):
    recipe = {
        "model_name_or_path": "out/demo/base",
        "datasets": [
            {"path": "json", "data_files": "recipes/demo/a.jsonl"},
            {"path": str(tmp_path), "split": "train"},
        ],
    }
    facts = record(recipe, status="finished", seconds=192.4, inputs={"out/demo/base": "e" * 64})
    (tmp_path / "français").mkdir()
    loaded, text = card(tmp_path / "français", facts)
    assert {"base_model", "base_model_relation", "datasets"}.isdisjoint(loaded.data.to_dict())
    assert f"`out/demo/base`, a local folder; SHA-256 of its files: `{'e' * 64}`" in text
    assert "| `recipes/demo/a.jsonl` |" in text and f"| `{tmp_path}` | train |" in text
    assert "# français" in text and 'model="français"' in text and "- Time: 3 min 12 s" in text


@pytest.mark.parametrize("facts", [{}, {"recipe": None, "rows": None}, {"status": "finished", "hardware": {}}])
def test_a_record_that_lacks_nearly_everything_still_has_a_card(tmp_path, facts):
    loaded, text = card(tmp_path, facts, [])
    assert loaded.data.tags == ["trl", "sft", "luth"] and "None" not in text


def test_no_secret_is_on_the_card(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef0123456789abcdef01234567")
    monkeypatch.setenv("HF_TOKEN", "a-key-of-another-form")
    token = "hf_" + "AbC3" * 8
    secrets = (token, "0123456789abcdef0123456789abcdef01234567", "a-key-of-another-form")
    recipe = {
        **HUB_RECIPE,
        "run_name": f"essai {secrets[1]}",
        "model_init_kwargs": {"use_auth": token},
        "datasets": [{"path": "json", "data_files": f"https://user:{token}@example.org/été.jsonl"}],
    }
    facts = record(recipe, inputs={f"https://user:{token}@example.org/été.jsonl": secrets[2]}, strategy=secrets[2])
    _, text = card(tmp_path, facts)
    assert not any(secret in text for secret in secrets)
    assert "run_name: essai [removed]" in text and "https://user:[removed]@example.org/été.jsonl" in text
    monkeypatch.setenv("HF_TOKEN", "")
    assert without_secrets("hf_hub et hf_transfer, œuvre") == "hf_hub et hf_transfer, œuvre"

"""Of a vision-language model the text part is trained and saved, and found again by a run that goes on."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


@pytest.fixture
def train(run, sft_recipe, write_rows, tmp_path):
    messages = [{"role": "user", "content": "Un ?"}, {"role": "assistant", "content": "Deux."}]
    rows = write_rows([{"messages": messages}] * 16)

    def call(model, name, **changes):
        recipe = sft_recipe(model, [rows], output_dir=str(tmp_path / name), **changes)
        code, said, err = run("sft", recipe)
        assert code == 0, err
        return said, tmp_path / name

    return call


def test_the_text_part_alone_is_trained_and_saved(shell, train):
    said, folder = train(shell, "out", max_steps=1)
    assert "its text part alone is trained and saved (qwen3_5_text)" in said
    config, tensors = json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")
    assert config["model_type"] == "qwen3_5_text" and config["architectures"] == ["Qwen3_5ForCausalLM"]
    assert {name.split(".")[1] for name in tensors} == {"embed_tokens", "layers", "norm"}
    before = AutoModelForCausalLM.from_pretrained(shell).state_dict()
    changed = [name for name, tensor in tensors.items() if not torch.equal(tensor, before[name])]
    assert set(tensors) == set(before) - {"lm_head.weight"} and len(changed) > len(tensors) / 2


@pytest.mark.slow
def test_an_adapter_on_the_text_part_is_merged_into_it(shell, train):
    _, folder = train(shell, "out", max_steps=1, use_peft=True, lora_target_modules=["q_proj", "down_proj"])
    assert "model.layers.0.mlp.down_proj.weight" in load_file(folder / "model.safetensors")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shell", "text with the shell's names"])
def test_a_run_that_goes_on_has_the_weights_of_its_checkpoint(kind, shell, tokenizer, train, tmp_path):
    model = shell
    if kind != "shell":
        model = tmp_path / "text"
        AutoModelForCausalLM.from_pretrained(shell).save_pretrained(model)
        tokenizer.save_pretrained(model)
        assert all("language_model" in name for name in load_file(model / "model.safetensors"))
    more = {"save_strategy": "steps", "save_steps": 1, "lr_scheduler_type": "constant"}
    _, once = train(model, "once", max_steps=2, **more)
    train(model, "twice", max_steps=1, **more)
    _, twice = train(model, "twice", max_steps=2, **more)
    first, second = (load_file(folder / "model.safetensors") for folder in (once, twice))
    assert set(first) == set(second) and all(torch.equal(first[name], second[name]) for name in first)

"""Layers checkpointed or compiled: the same losses and gradients, the same names of weights, or one line."""

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open
from torch._dynamo.utils import counters
from transformers import AutoModelForCausalLM
from transformers.models.qwen3.modeling_qwen3 import Qwen3MLP

from luth.core.errors import UserError
from luth.training.arguments import recipe_problems
from luth.training.layers import prepare_layers, require_compilable
from luth.training.sft_keys import SFT
from tests.conftest import ROOT

CPU = torch.device("cpu")


@pytest.fixture
def train(make_model, write_rows, sft_recipe, run, tmp_path):
    """Train a tiny Qwen3 packed, two steps, and return each step's loss and norm of the gradients."""
    turns = [
        [{"role": "user", "content": "Un."}, {"role": "assistant", "content": "Deux " * (1 + 7 * n % 12)}]
        for n in range(32)
    ]
    model, rows = make_model(tmp_path / "model", "qwen3"), write_rows([{"messages": messages} for messages in turns])
    settings = {
        "packing": True,
        "max_length": 256,
        "max_steps": 2,
        "attn_implementation": "varlen",
        "train_sampling_strategy": None,
    }

    def call(name, **more):
        recipe = sft_recipe(model, [rows], output_dir=str(tmp_path / name), **{**settings, **more})
        code, _, err = run("sft", recipe)
        assert code == 0, err
        entries = map(json.loads, (tmp_path / name / "log_history.jsonl").read_text("utf-8").splitlines())
        return [(entry["loss"], entry["grad_norm"]) for entry in entries if "loss" in entry]

    return call


def close(found, expected):
    return [pytest.approx(pair, rel=1e-4) for pair in expected] == found


EVERY_SECOND = {"activation_checkpointing": True, "gradient_checkpointing": None, "gradient_checkpointing_every": 2}


def test_checkpointed_and_compiled_layers_train_the_same(train, tmp_path, monkeypatch):
    """Compiled here are the graphs that PyTorch traces, run as they are."""
    forward, calls = Qwen3MLP.forward, []
    monkeypatch.setattr(Qwen3MLP, "forward", lambda self, states: calls.append(self.training) or forward(self, states))
    plain, counted = train("none"), {"none": calls.count(True)}
    for name, settings in {"all": {"gradient_checkpointing": True}, "every second": EVERY_SECOND}.items():
        calls.clear()
        assert close(train(name, **settings), plain)
        counted[name] = calls.count(True)
    # Two layers, of which none, both or one is computed again.
    one = counted["none"] // 2
    assert counted == {"none": 2 * one, "all": 4 * one, "every second": 3 * one}
    monkeypatch.undo()
    monkeypatch.chdir(ROOT)
    compiled(train, tmp_path, plain, "eager")


def compiled(train, tmp_path, plain, backend):
    torch._dynamo.reset()
    counters.clear()
    assert close(train("compiled", torch_compile=True, torch_compile_backend=backend, **EVERY_SECOND), plain)
    # The trainer's own steps and the output projection are in no graph, and a layer serves for all of its kind.
    assert 1 <= counters["stats"]["unique_graphs"] < 12
    names = []
    for name in ("none", "compiled"):
        with safe_open(tmp_path / name / "model.safetensors", "pt") as weights:
            names.append(sorted(weights.keys()))
    assert names[0] == names[1] and not any("_orig_mod" in name for name in names[1])


def test_numbers_of_a_layer_are_constants_where_it_is_compiled(make_model, tmp_path):
    """As inputs they would be computed on the processor, beside the card."""
    model, given = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "model", "qwen3")), []

    def backend(graph, inputs):
        given.extend(value for value in inputs if isinstance(value, torch.Tensor))
        return graph.forward

    torch._dynamo.reset()
    prepare_layers(
        model,
        SimpleNamespace(torch_compile=True, torch_compile_backend=backend, torch_compile_mode=None, device=CPU),
    )
    for length in (5, 9):
        model(input_ids=torch.arange(3, 3 + length)[None], use_cache=False)
    assert given and all(value.ndim for value in given)


@pytest.mark.slow
def test_layers_that_inductor_compiled_train_the_same(train, tmp_path):
    compiled(train, tmp_path, train("none"), None)


def test_where_layers_cannot_be_compiled_is_one_line(make_model, write_rows, sft_recipe, run, monkeypatch, tmp_path):
    turns = [{"role": "user", "content": "Un."}, {"role": "assistant", "content": "Deux."}]
    recipe = sft_recipe(make_model(tmp_path / "model"), [write_rows([{"messages": turns}] * 8)], torch_compile=True)
    code, _, err = run("sft", recipe, "--torch_compile_backend", "inductr")
    assert code == 2 and "inductr" in err and "inductor" in err and err.count("\n") == 1
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    code, _, err = run("sft", recipe)
    assert code == 2 and "g++" in err and "CXX" in err and err.count("\n") == 1
    code, _, err = run("sft", recipe, "--preview", "1")
    assert code == 0, err
    settings = type("Settings", (), {"torch_compile": True, "torch_compile_backend": "eager"})()
    with pytest.raises(UserError, match="fsdp2") as error:
        require_compilable(settings, "ZeRO-3")
    assert error.value.code == "launch-mismatch"
    require_compilable(settings, "ZeRO-2")


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        ({"gradient_checkpointing": False, "gradient_checkpointing_every": 2}, "does nothing without"),
        ({"activation_checkpointing": False, "gradient_checkpointing_every": 2}, "does nothing without"),
        ({"activation_checkpointing": False, "gradient_checkpointing": True}, "set one of them"),
        ({"gradient_checkpointing_every": 2, "gradient_checkpointing_kwargs": {"every_n_layers": 3}}, "one setting"),
        ({"gradient_checkpointing_every": 0}, "gradient_checkpointing_every"),
        ({"torch_compile": True, "torch_compile_mode": "reduce-overhead"}, "CUDA graph"),
        ({"torch_compile": False, "torch_compile_backend": "inductor"}, "do nothing"),
        ({"gradient_checkpointing_every": 2}, None),
        ({"torch_compile": True, "torch_compile_mode": "max-autotune-no-cudagraphs"}, None),
        ({"activation_checkpointing": True, "gradient_checkpointing": True}, None),
    ],
)
def test_keys_that_contradict_or_do_nothing_are_said(settings, fact):
    recipe = {
        "model_name_or_path": "model",
        "output_dir": "out",
        "datasets": [{"path": "json", "data_files": "rows.jsonl"}],
        "chat_template_path": "chatml.jinja",
        "global_batch_size": 1,
        "assistant_only_loss": True,
        **settings,
    }
    found = recipe_problems(recipe, SFT)
    assert (len(found) == 1 and fact in found[0]) if fact else not found

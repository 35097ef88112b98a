"""Small real things to test on: a byte-level tokenizer, tiny models of real architectures, a runner for scripts."""

import importlib.util
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# The tests share the cores with one another: a thread that waits for work must not spin on a core meanwhile. Read by
# OpenMP when torch is imported, here and in every process that a test starts.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

from luth.core.errors import run_script
from tests import warm_python
from tests.fake_hub import TOKEN, FakeHub

ROOT = Path(__file__).parents[1]
SMOLLM2_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}"
    "{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


# The files that take longest, the longest first: none of them is begun when the other workers have nothing left to do.
LONG = ("test_distribution.py", "test_sft.py", "test_evaluate.py", "test_build.py", "test_mathematics.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    """Recipes name paths from the repository's root; importing LightEval switches gradients off for good."""
    monkeypatch.chdir(ROOT)
    torch.set_grad_enabled(True)
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """Name a Python that has torch, transformers, trl and peft loaded; torchrun starts its processes with it too."""
    folder = tmp_path_factory.getbasetemp()
    with warm_python.serving(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) as executable:
        os.environ["PYTHON_EXEC"] = executable
        yield executable
        del os.environ["PYTHON_EXEC"]


@pytest.fixture(scope="session")
def tokenizer():
    """A byte-level BPE with ChatML's special tokens, trained on a few lines, with SmolLM2's template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    lines = (ROOT / "recipes/demo/data/train/written.jsonl").read_text("utf-8").splitlines()[:40]
    inner.train_from_iterator(
        [message["content"] for line in lines for message in json.loads(line)["messages"]], trainer
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="<|endoftext|>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        chat_template=SMOLLM2_TEMPLATE,
    )


# What makes a family what it is, in two layers.
OF_FAMILY = {
    "lfm2": {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
    "smollm3": {"no_rope_layers": [1, 0]},
    "gemma3_text": {
        "layer_types": ["sliding_attention", "full_attention"],
        "sliding_window": 8,
        "query_pre_attn_scalar": 16,
    },
    "phi3": {
        "sliding_window": 8,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.75},
    },
    "qwen3_5_text": {
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
}


def tiny_config(family, vocab_size, tied=True):
    from transformers import AutoConfig

    return AutoConfig.for_model(
        family,
        vocab_size=vocab_size,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=1024,
        tie_word_embeddings=tied,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        **OF_FAMILY.get(family, {}),
    )


@pytest.fixture(scope="session")
def make_model(tokenizer):
    """Save a tiny random model of a real architecture as an ordinary Hugging Face folder."""
    from transformers import AutoModelForCausalLM

    def make(folder, family="llama", seed=0, dtype=torch.float32, vocab_size=None, tied=True):
        torch.manual_seed(seed)
        config = tiny_config(family, vocab_size or len(tokenizer), tied)
        model = AutoModelForCausalLM.from_config(config).to(dtype)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 2:
                    parameter.normal_(0, 0.15)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return Path(folder)

    return make


@pytest.fixture(scope="session")
def shell(tmp_path_factory, tokenizer):
    """A tiny Qwen3.5 as the Hub has it: a vision model's shell, weights under model.language_model."""
    from transformers import AutoModelForImageTextToText, Qwen3_5Config

    text = {"vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4}
    text |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "linear_key_head_dim": 16}
    text |= {"linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 4}
    vision = {"depth": 1, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 64}
    config = Qwen3_5Config(
        text_config={**text, "tie_word_embeddings": True, "eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 2},
        vision_config={**vision, "num_position_embeddings": 16},
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.15)
    folder = tmp_path_factory.mktemp("shell")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def run(monkeypatch, capfd):
    """Run a script's main in this process as its command line would: returns exit code, stdout and stderr."""

    def call(script, *arguments):
        path = ROOT / "scripts" / f"{script}.py"
        spec = importlib.util.spec_from_file_location(f"script_{script}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            run_script(module.main)
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub, and huggingface_hub set to it as HF_ENDPOINT and HF_HUB_OFFLINE=0 would have set it at its import."""
    from huggingface_hub import close_session, constants

    with FakeHub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        close_session()
        yield hub
        close_session()


@pytest.fixture
def write_rows(tmp_path):
    """Write JSON lines and return the path."""

    def write(rows, name="rows.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def sft_recipe(tmp_path):
    """Write a recipe for a tiny run on the CPU; keyword arguments replace keys, None removes one."""
    import yaml

    def write(model, files, **changes):
        recipe = {
            "model_name_or_path": str(model),
            "dtype": "float32",
            "chat_template_path": "src/luth/templates/smollm2.jinja",
            "output_dir": str(tmp_path / "out"),
            "datasets": [{"path": "json", "data_files": [str(file) for file in files]}],
            "max_length": 256,
            "assistant_only_loss": True,
            "train_sampling_strategy": "group_by_length",
            "global_batch_size": 4,
            "per_device_train_batch_size": 2,
            "max_steps": 3,
            "learning_rate": 0.001,
            "bf16": False,
            "gradient_checkpointing": False,
            "use_cpu": True,
            "seed": 7,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            **changes,
        }
        path = tmp_path / f"recipe-{len(list(tmp_path.glob('recipe-*.yaml')))}.yaml"
        path.write_text(yaml.safe_dump({key: value for key, value in recipe.items() if value is not None}), "utf-8")
        return path

    return write

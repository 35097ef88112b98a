"""Models of real shapes with random weights, a tokenizer of one token a byte, and made-up conversations.

Speed and memory do not depend on what the weights and the words are.
"""

import json
import random
from pathlib import Path
from typing import Any

import torch
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from luth.training.masking import inference_template

ROOT = Path(__file__).parents[2]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
QWEN3_06B = {
    "model_type": "qwen3",
    "vocab_size": 151936,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
}
QWEN3_17B = QWEN3_06B | {"hidden_size": 2048, "intermediate_size": 6144}
# Small enough to train six steps under five launch files in a minute.
QWEN3_SMALL = QWEN3_06B | {"vocab_size": 8192, "hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 4}
# config.json of LiquidAI/LFM2-350M: attention in layers 2, 5, 8, 10, 12 and 14; feed-forward layers of 4,608.
LFM2_350M = {
    "model_type": "lfm2",
    "vocab_size": 65536,
    "hidden_size": 1024,
    "intermediate_size": 4608,
    "block_auto_adjust_ff_dim": False,
    "num_hidden_layers": 16,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "layer_types": ["full_attention" if at in (2, 5, 8, 10, 12, 14) else "conv" for at in range(16)],
}
SMALLER = {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2}
TINY = {
    "qwen3": QWEN3_06B | SMALLER | {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16},
    "lfm2": LFM2_350M
    | SMALLER
    | {"num_attention_heads": 4, "num_key_value_heads": 2, "layer_types": ["conv", "full_attention"]},
}


def make_model(shape: dict[str, Any], device: str, dtype: torch.dtype = torch.float32, **more: Any) -> Any:
    """Return a model of this shape with random weights."""
    config = AutoConfig.for_model(
        **shape,
        tie_word_embeddings=True,
        max_position_embeddings=32768,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=dtype, **more)


def write_model(folder: Path, shape: dict[str, Any], device: str) -> Path:
    """Save a model of this shape in bfloat16, with its tokenizer; loading it casts to what the recipe says."""
    if not (folder / "config.json").exists():
        template = ROOT / "src/luth/templates" / f"{shape['model_type']}.jinja"
        write_tokenizer(folder, template)
        make_model(shape, device, torch.bfloat16).save_pretrained(folder)
        if device == "cuda":
            torch.cuda.empty_cache()
    return folder


def write_tokenizer(folder: Path, template: Path) -> None:
    """Save a tokenizer of one token a byte with ChatML's special tokens."""
    vocabulary = {word: at for at, word in enumerate([*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=inference_template(template.read_text("utf-8")),
    )
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL})
    tokenizer.save_pretrained(folder)


def write_rows(path: Path, tokens: int, longest: int) -> Path:
    """Write conversations of about 600 tokens, as in Luth-SFT, half of them the assistant's: `tokens` in all."""
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
    return path


def write_recipe(path: Path, recipe: str, model: Path, rows: Path, **changed: Any) -> Path:
    """Write a recipe of this repository with another model, other rows and other keys; None takes a key out."""
    keys = yaml.safe_load((ROOT / recipe).read_text("utf-8"))
    keys |= {
        "model_name_or_path": str(model),
        "datasets": [{"path": "json", "data_files": str(rows)}],
        "dataset_num_proc": 1,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        **changed,
    }
    path.write_text(yaml.safe_dump({key: value for key, value in keys.items() if value is not None}), "utf-8")
    return path

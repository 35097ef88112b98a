"""A LoRA adapter: what a recipe says of it, and how it is merged into its base, which gives an ordinary checkpoint."""

import copy
import os
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase
from transformers.integrations.deepspeed import unset_hf_deepspeed_config
from trl import ModelConfig, get_peft_config

from luth import languages
from luth.core.errors import UserError
from luth.training.resuming import move_in

# float32 sums in another order differ by less, relative to the largest logit.
TOLERANCE = 1e-3


def adapter_config(model: ModelConfig) -> LoraConfig | None:
    """Return the adapter's configuration, None without one.

    One plain name of a module is a name, as it is in a longer list.
    TRL makes a text of a list of one name, and PEFT takes a text for a pattern of whole paths, which no name matches.
    """
    names: Any = model.lora_target_modules
    if isinstance(names, str) and names != "all-linear" and re.fullmatch(r"[\w.]+", names):
        model = copy.copy(model)
        model.lora_target_modules = [names]
    config: Any = get_peft_config(model)
    return config


@torch.no_grad()
def merge_adapter(
    base: str,
    revision: str | None,
    dtype: str | None,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    trained: PreTrainedModel,
) -> float:
    """Merge the adapter in `folder` into its base, in float32, and save the model there.

    A QLoRA base is taken unquantised. The adapter's own files move to `folder`/adapter.

    Args:
        base: the base model's folder or Hub id.
        revision: its revision on the Hub.
        dtype: the dtype of the saved weights; "auto" is the base's, None is float32.
        tokenizer: the model's tokenizer.
        folder: the output folder, which holds the adapter.
        trained: the model in training: generation stops at its tokens, not at the base's.

    Returns:
        the largest difference between the logits of base with adapter and of the merged model, relative to the
        largest logit.

    Raises:
        UserError: the logits are not equal. The adapter is kept, and no merged model is written.
    """
    adapter = _set_aside(folder)
    # Otherwise DeepSpeed would shard the weights over processes that have ended.
    unset_hf_deepspeed_config()
    config = AutoConfig.from_pretrained(base, revision=revision)
    model = AutoModelForCausalLM.from_pretrained(base, revision=revision, dtype=torch.float32)
    merged, difference = _merge(PeftModel.from_pretrained(model, adapter).eval(), tokenizer)
    if not difference < TOLERANCE:
        raise UserError(
            "bad-checkpoint",
            f"the merged model's logits are {difference:.2g} away from those of base and adapter, which is kept in "
            f"{adapter}: merge it with peft by hand",
        )
    merged.generation_config = trained.generation_config
    merged.config.eos_token_id, merged.config.pad_token_id = trained.config.eos_token_id, trained.config.pad_token_id
    beside = folder / ".finished"
    shutil.rmtree(beside, ignore_errors=True)
    merged.to(config.dtype if dtype == "auto" else getattr(torch, dtype or "float32"))
    # The text part of a vision-language model would be written with that model's names.
    merged.save_pretrained(beside, save_original_format=False)
    move_in(beside, folder)
    return difference


def _set_aside(folder: Path) -> Path:
    """Move the adapter's files into a folder of their own, and return it."""
    adapter = folder / "adapter"
    adapter.mkdir(exist_ok=True)
    for file in folder.glob("adapter_*"):
        os.replace(file, adapter / file.name)
    return adapter


def _merge(model: PeftModel, tokenizer: PreTrainedTokenizerBase) -> tuple[Any, float]:
    """Return the merged model, and the largest difference of its logits, relative to the largest logit."""
    probe = " ".join(languages.get(code).probe for code in languages.known())
    ids = tokenizer(probe, return_tensors="pt", add_special_tokens=False)["input_ids"]
    adapted = model(input_ids=ids).logits
    merged: Any = model.merge_and_unload()
    return merged, float((merged(input_ids=ids).logits - adapted).abs().max() / adapted.abs().max())

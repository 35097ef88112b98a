"""A LoRA adapter merged into its base: an ordinary checkpoint, as MergeKit and everything else takes it."""

import os
import shutil
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase
from transformers.integrations.deepspeed import unset_hf_deepspeed_config

from luth.core.errors import UserError
from luth.training.resuming import move_in

PROBE = "La ville de Paris est traversée par la Seine. What is two plus two?"
# Of float32 sums in another order, relative to the largest logit.
TOLERANCE = 1e-3


@torch.no_grad()
def merge_adapter(
    base: str,
    revision: str | None,
    dtype: str | None,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    trained: PreTrainedModel,
) -> float:
    """Merge the adapter in `folder` into the base (a QLoRA base unquantised), in float32; save the model as `dtype`.

    The tokens at which generation stops are those of `trained`, the model in training, not the base's.

    The adapter's own files move to `folder`/adapter.

    Returns:
        the largest difference between the logits of base with adapter and of the merged model, relative to the
        largest logit.

    Raises:
        UserError: the two are not equal: the adapter is kept, no merged model is written.
    """
    adapter = folder / "adapter"
    adapter.mkdir(exist_ok=True)
    for file in folder.glob("adapter_*"):
        os.replace(file, adapter / file.name)
    # DeepSpeed would share the weights out over processes that are not here any more.
    unset_hf_deepspeed_config()
    config = AutoConfig.from_pretrained(base, revision=revision)
    model = AutoModelForCausalLM.from_pretrained(base, revision=revision, dtype=torch.float32)
    model = PeftModel.from_pretrained(model, adapter).eval()
    ids = tokenizer(PROBE, return_tensors="pt", add_special_tokens=False)["input_ids"]
    apart = model(input_ids=ids).logits
    merged = model.merge_and_unload()
    difference = float((merged(input_ids=ids).logits - apart).abs().max() / apart.abs().max())
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
    merged.to(config.dtype if dtype == "auto" else getattr(torch, dtype or "float32")).save_pretrained(beside)
    move_in(beside, folder)
    return difference

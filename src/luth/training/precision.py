"""Sums in float32 where the launch would make them in bf16: FSDP2's losses and gradients, DeepSpeed's gradients."""

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors import safe_open
from torch.distributed.fsdp import MixedPrecisionPolicy


def sum_in_float32(accelerator: Accelerator) -> None:
    """Make a bf16 run add up gradients and losses in float32, before the model is distributed.

    accelerate 1.15 lets FSDP2 cast what every wrapped module returns to bf16, the summed loss included, and reduce the
    gradients in bf16; DeepSpeed adds up a step's gradients, and reduces them, in the model's bf16. What the launch's
    own DeepSpeed file says of either is kept.
    """
    if accelerator.mixed_precision != "bf16":
        return
    state: Any = accelerator.state
    if accelerator.is_fsdp2:
        state.fsdp_plugin.mixed_precision_policy = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16, reduce_dtype=torch.float32
        )
    elif state.deepspeed_plugin is not None:
        config = state.deepspeed_plugin.deepspeed_config
        config.setdefault("data_types", {}).setdefault("grad_accum_dtype", "fp32")
        config.setdefault("communication_data_type", "fp32")
        # ZeRO-1's optimiser for float32 sums prints the memory at each of its beginnings, whatever the log's level.
        from deepspeed.runtime import bf16_optimizer

        optimizer: Any = bf16_optimizer
        optimizer.see_memory_usage = lambda *_, **__: None


def saved_dtype(folder: Path) -> str:
    """Return the precision of a saved model's weights as safetensors names it, for example BF16."""
    with safe_open(min(folder.glob("*.safetensors")), "pt") as weights:
        return weights.get_slice(min(weights.keys())).get_dtype()

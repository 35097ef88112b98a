"""One of two processes: a model sharded by FSDP2 in bf16 as accelerate does it, against the whole model.

accelerate itself takes FSDP2 on GPUs only; what it does to the model there is called here.
"""

import copy
import os
import sys
import tempfile
from types import SimpleNamespace

import torch
from accelerate import FullyShardedDataParallelPlugin
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from datasets import Dataset
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig

from luth.training.precision import sum_in_float32
from luth.training.trainer import MaskedSFTTrainer

os.environ["ACCELERATE_USE_CPU"] = "true"
[_, folder] = sys.argv
tokenizer = AutoTokenizer.from_pretrained(folder)
torch.manual_seed(0)
whole = AutoModelForCausalLM.from_pretrained(folder)
# Weights that bf16 holds exactly: what is left apart is how sums are made.
whole.to(torch.bfloat16).to(torch.float32)
ids = torch.randint(3, len(tokenizer), (64, 40))
batch = {"input_ids": ids, "labels": ids.clone(), "attention_mask": torch.ones_like(ids)}


def losses(model, sharded):
    """Return a batch's training loss, its gradients, and its held-out losses by row."""
    config = SFTConfig(output_dir=tempfile.mkdtemp(), use_cpu=True, bf16=True, report_to="none")
    rows = Dataset.from_list([{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}])
    trainer = MaskedSFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)
    if sharded:
        plugin = FullyShardedDataParallelPlugin(
            fsdp_version=2, auto_wrap_policy="transformer_based_wrap", cpu_ram_efficient_loading=False
        )
        plugin.set_mixed_precision("bf16")
        state = SimpleNamespace(fsdp_plugin=plugin, deepspeed_plugin=None)
        accelerator = SimpleNamespace(
            state=state, mixed_precision="bf16", is_fsdp2=True, is_main_process=True, device=torch.device("cpu")
        )
        assert plugin.mixed_precision_policy.output_dtype == torch.bfloat16, "accelerate needs no mending any more"
        sum_in_float32(accelerator)
        assert plugin.mixed_precision_policy == MixedPrecisionPolicy(torch.bfloat16, torch.float32)
        trainer.model = model = fsdp2_prepare_model(accelerator, model)
    loss = trainer.compute_loss(model, dict(batch), num_items_in_batch=1)
    loss.backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    _, sums, counts = trainer.prediction_step(model, dict(batch), True)
    return loss.item(), gradients, sums, counts


plain = losses(copy.deepcopy(whole), sharded=False)
sharded = losses(whole, sharded=True)
assert sharded[0] > 2**13, "a loss that bf16 holds to 64 only"
assert abs(sharded[0] - plain[0]) < 1e-4 * plain[0], (sharded[0], plain[0])
assert sharded[2].dtype == torch.float32
held_out = [float(sums.sum() / counts.sum()) for _, _, sums, counts in (plain, sharded)]
assert abs(held_out[1] - held_out[0]) < 1e-3, held_out
for ours, theirs in zip(sharded[1], plain[1], strict=True):
    ours = ours.full_tensor()
    # The residual stream is in bf16 under FSDP2, in float32 under autocast.
    assert ours.dtype == torch.float32 and (ours - theirs).norm() < 0.04 * theirs.norm()
print("equal")
torch.distributed.destroy_process_group()

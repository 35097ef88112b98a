"""One of two processes: the loss through a model that FSDP2 has sharded, against the whole model. Run by torchrun."""

import copy
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parents[2]))
from luth.training.loss import LinearCrossEntropy
from tests.conftest import tiny_config

dist.init_process_group("gloo")
mesh = init_device_mesh("cpu", (2,))
torch.manual_seed(0)
model = AutoModelForCausalLM.from_config(tiny_config("qwen3", 128))
whole = copy.deepcopy(model)
for layer in model.model.layers:
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
ids = torch.arange(3, 30)[None]


def backward(model):
    head = model.get_output_embeddings()
    head.forward = lambda hidden: LinearCrossEntropy.apply(hidden[0, :-1], head.weight, ids[0, 1:])
    loss = model(input_ids=ids, use_cache=False).logits
    loss.backward()
    return loss.item()


assert abs(backward(model) - backward(whole)) < 1e-3
for sharded, plain in zip(model.parameters(), whole.parameters(), strict=True):
    torch.testing.assert_close(sharded.grad.full_tensor(), plain.grad, rtol=1e-4, atol=1e-5)
print("equal")
dist.destroy_process_group()

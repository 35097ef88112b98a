"""How a model's layers are computed: each compiled by itself, and which of them are checkpointed."""

import copy
import importlib.util
import os
import shutil
from typing import Any, TypeVar

import torch
from transformers import TrainingArguments
from transformers.modeling_layers import GradientCheckpointingLayer

from luth.core.errors import UserError

Config = TypeVar("Config", bound=TrainingArguments)

# A layer is compiled once for each kind, checkpointed or not, in training and in evaluation.
VARIANTS = 64


def checkpoint_every(settings: Config, every: int) -> Config:
    """Return a copy of the settings that checkpoints every n-th layer, the first of them too; 1 means all."""
    if every == 1:
        return settings
    copied: Any = copy.copy(settings)
    kwargs = {**(copied.activation_checkpointing_kwargs or {}), "every_n_layers": every}
    # transformers reads the new name, TRL the old one.
    copied.activation_checkpointing_kwargs = copied.gradient_checkpointing_kwargs = kwargs
    return copied


def without_compile(settings: Config) -> Config:
    """Return a copy of the settings with which the Trainer compiles nothing: the whole model is never compiled."""
    copied = copy.copy(settings)
    copied.torch_compile, copied.torch_compile_backend, copied.torch_compile_mode = False, None, None
    return copied


def compile_layers(model: torch.nn.Module, settings: TrainingArguments, strategy: str | None) -> None:
    """Compile each decoder layer by itself, if the settings say `torch_compile: true`.

    Compiled alone, a layer's graph serves every layer of its kind, and the output projection stays what the trainer
    puts in its place. The module and the names of its weights stay as they are.

    Args:
        model: the model, with or without adapter.
        settings: the recipe's, with `torch_compile_backend` and `torch_compile_mode`.
        strategy: how the run is distributed, as in luth.training.launch.

    Raises:
        UserError: there is no compiler, no such backend, or no way to compile under this strategy.
    """
    if not settings.torch_compile:
        return
    backend = settings.torch_compile_backend or "inductor"
    _require_compiler(backend, settings.device)
    if strategy == "ZeRO-3":
        raise UserError(
            "launch-mismatch",
            "torch_compile: true does not go with ZeRO-3, whose hooks fetch the weights inside each layer: use "
            "accelerate_configs/fsdp2.yaml, or --torch_compile false",
        )
    # Each process's layers are graphs of their own: there is nothing to split between DDP's buckets.
    torch._dynamo.config.optimize_ddp = False
    torch._dynamo.config.recompile_limit = VARIANTS
    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    for layer in layers:
        layer.compile(dynamic=True, backend=backend, mode=settings.torch_compile_mode)


def _require_compiler(backend: str, device: torch.device) -> None:
    if backend not in (known := torch._dynamo.list_backends(exclude_tags=())):
        raise UserError(
            "bad-recipe-value", f"torch_compile_backend: {backend!r} is none of PyTorch's here: {', '.join(known)}"
        )
    if backend != "inductor":
        return
    wanted = ("CXX", "g++", "clang++") if device.type == "cpu" else ("CC", "gcc", "clang")
    if not any(shutil.which(name) for name in (os.environ.get(wanted[0], ""), *wanted[1:])):
        raise UserError(
            "package-missing",
            f"torch_compile: true needs a compiler, {wanted[1]} or {wanted[2]}, and there is none: install one "
            f"(apt-get install {wanted[1]}), name it in the environment variable {wanted[0]}, or --torch_compile false",
        )
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        raise UserError(
            "package-missing", "torch_compile: true needs triton on a GPU: pip install triton, or --torch_compile false"
        )

"""How a model's layers are computed: each compiled by itself, and which of them are checkpointed."""

import copy
import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import Any, Literal, TypeVar

import torch
from transformers import TrainingArguments
from transformers.modeling_layers import GradientCheckpointingLayer

from luth.core.errors import UserError
from luth.training.short_convolution import keep_documents_apart

Config = TypeVar("Config", bound=TrainingArguments)

# How often a layer may be compiled: once for each kind, checkpointed or not, in training and in evaluation. Past
# PyTorch's own 8 times a layer would stay uncompiled without a word.
VARIANTS = 64


# CUDA graphs are recorded for one shape, and packs and batches vary in length.
WITHOUT_GRAPHS = (
    Literal["default", "max-autotune-no-cudagraphs"],
    "torch_compile_mode is default or max-autotune-no-cudagraphs: the others record a CUDA graph for each length of a "
    "batch",
)


def layer_conflicts(settings: dict[str, Any]) -> Iterator[str]:
    """Give a line for each of the keys of layers that contradicts another or does nothing."""
    old, new = (settings.get(f"{name}_checkpointing") for name in ("gradient", "activation"))
    if None not in (old, new) and old != new:
        yield "activation_checkpointing is the new name of gradient_checkpointing: set one of them"
    # TRL checkpoints unless it is told not to.
    checkpointed = new if new is not None else old if old is not None else True
    if settings.get("gradient_checkpointing_every", 1) != 1 and not checkpointed:
        yield "gradient_checkpointing_every does nothing without gradient_checkpointing: true"
    for name in ("gradient_checkpointing_kwargs", "activation_checkpointing_kwargs"):
        if "every_n_layers" in str(settings.get(name)) and "gradient_checkpointing_every" in settings:
            yield f"gradient_checkpointing_every and every_n_layers in {name} are one setting: leave one out"
    compiles = settings.get("torch_compile")
    if compiles is False and any(settings.get(f"torch_compile_{name}") for name in ("backend", "mode")):
        yield "torch_compile_backend and torch_compile_mode do nothing with torch_compile: false"
    if settings.get("activation_offloading") and settings.get("use_cpu"):
        yield "activation_offloading moves activations from a GPU to the CPU: leave it out with use_cpu: true"


def layer_settings(settings: Config, every: int) -> Config:
    """Return a copy of the settings that checkpoints every n-th layer, and with which the Trainer compiles nothing.

    The whole model is never compiled: `prepare_layers` does what `torch_compile: true` means here. `every` counts from
    the first layer; 1 means all. Where nothing is checkpointed, it changes nothing.
    """
    copied: Any = copy.copy(settings)
    copied.torch_compile, copied.torch_compile_backend, copied.torch_compile_mode = False, None, None
    if every > 1:
        kwargs = {**(copied.activation_checkpointing_kwargs or {}), "every_n_layers": every}
        # transformers reads the new name, TRL the old one.
        copied.activation_checkpointing_kwargs = copied.gradient_checkpointing_kwargs = kwargs
    return copied


def require_compilable(settings: TrainingArguments, strategy: str | None) -> None:
    """Require what compiled layers need, if the settings say `torch_compile: true`.

    Args:
        settings: the recipe's, with `torch_compile_backend` and `torch_compile_mode`.
        strategy: how the run is distributed, as in luth.training.launch.

    Raises:
        UserError: there is no compiler, no such backend, or no way to compile under this strategy.
    """
    if not settings.torch_compile:
        return
    require_whole_layers(settings, strategy)
    backend, known = settings.torch_compile_backend, torch._dynamo.list_backends(exclude_tags=())
    if backend not in known:
        raise UserError(
            "bad-recipe-value", f"torch_compile_backend {backend} is none of PyTorch's here: {', '.join(known)}"
        )
    if backend == "inductor":
        _require_compiler(settings.device)


def require_whole_layers(settings: TrainingArguments, strategy: str | None) -> None:
    """Raise `UserError` where `torch_compile: true` is set and this strategy has no way to compile a layer."""
    if settings.torch_compile and strategy == "ZeRO-3":
        raise UserError(
            "launch-mismatch",
            "torch_compile: true does not go with ZeRO-3, whose hooks fetch the weights inside each layer: use "
            "accelerate_configs/fsdp2.yaml, or --torch_compile false",
        )


def _require_compiler(device: torch.device) -> None:
    """Require what inductor writes its code with: on CPUs C++; on GPUs Triton, whose launchers are C."""
    variable, *names = ("CXX", "g++", "clang++") if device.type == "cpu" else ("CC", "gcc", "clang")
    if not any(shutil.which(name) for name in (os.environ.get(variable, ""), *names)):
        raise UserError(
            "package-missing",
            f"torch_compile: true needs a compiler, {' or '.join(names)}, and there is none: install one, name it in "
            f"the environment variable {variable}, or --torch_compile false",
        )
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        raise UserError(
            "package-missing",
            "torch_compile: true needs the package triton on a GPU: pip install triton, or --torch_compile false",
        )


def prepare_layers(model: torch.nn.Module, settings: TrainingArguments) -> None:
    """Keep packed documents apart, and compile each decoder layer by itself if the settings say `torch_compile: true`.

    Compiled alone, a layer's graph serves every layer of its kind, and the output projection stays what the trainer
    puts in its place. The modules and the names of their weights stay as they are.

    Args:
        model: the model, with or without adapter.
        settings: the recipe's.
    """
    keep_documents_apart(model, settings.device)
    if not settings.torch_compile:
        return
    # A layer is smaller than a bucket of DDP: there is no graph to split between them.
    torch._dynamo.config.optimize_ddp = False
    torch._dynamo.config.recompile_limit = VARIANTS
    # Or a norm's epsilon would be an input, computed on the processor: on a GPU a minute more to compile.
    torch._dynamo.config.specialize_float = True
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.compile(dynamic=True, backend=settings.torch_compile_backend, mode=settings.torch_compile_mode)

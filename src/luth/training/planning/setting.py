"""What of a recipe and its launch decides memory and time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.training.planning.shape import Shape

Layers = Literal["plain", "compiled", "liger"]
# The launch files of accelerate_configs/ and what Strategy.kind calls them.
LAUNCHES = {
    "single_gpu": "one process",
    "ddp": "DDP",
    "zero1": "ZeRO-1",
    "zero2": "ZeRO-2",
    "zero3": "ZeRO-3",
    "fsdp2": "FSDP2",
    "multi_node": "ZeRO-1",
    "cpu": "one process",
    "ddp_cpu": "DDP",
    "zero1_cpu": "ZeRO-1",
    "zero2_cpu": "ZeRO-2",
    "zero3_cpu": "ZeRO-3",
}
QUANTISED = 0.5 + 4 / 64


@dataclass(frozen=True)
class Setting:
    """The settings of one process.

    Attributes:
        bf16: matrix products in bfloat16.
        weight_bytes: of one weight as it is loaded: 4 or 2.
        optimiser: TrainingArguments.optim.
        every: each layer whose number it divides is checkpointed; 0 where none is.
        layers: how they run.
        attention: attn_implementation.
        packed: documents lie end to end in a row, without padding.
        accumulated: micro-batches of a step.
        sequences: rows or packs of a step, over all processes.
        lora: weights of the adapter; None where all weights are trained.
        four_bit: the base is quantised (QLoRA).
        on_cpu: on the processor.
        kind: as Strategy.kind: "one process", "DDP", "ZeRO-1" to "ZeRO-3", "FSDP2".
        processes: over all machines.
    """

    bf16: bool
    weight_bytes: int
    optimiser: str
    every: int
    layers: Layers
    attention: str
    packed: bool
    accumulated: int
    sequences: int
    lora: int | None
    four_bit: bool
    on_cpu: bool
    kind: str
    processes: int

    @property
    def compute_bytes(self) -> int:
        """Bytes of a value that a matrix product reads."""
        return 2 if self.bf16 or self.weight_bytes == 2 else 4

    @property
    def sharded(self) -> bool:
        """Whether weights are shared out, and gathered a layer at a time."""
        return self.kind in ("ZeRO-3", "FSDP2")

    @property
    def half_model(self) -> bool:
        """Whether the residual stream is in 16 bits: bf16 weights, or a launch that computes with bf16 copies."""
        return self.weight_bytes == 2 or (self.bf16 and self.kind not in ("one process", "DDP"))

    @property
    def stream_bytes(self) -> int:
        """Bytes of a value of the residual stream."""
        return 2 if self.half_model else 4

    @property
    def autocast(self) -> bool:
        """Whether fp32 weights are cast for every product."""
        return self.bf16 and not self.half_model

    def checkpointed(self, shape: Shape) -> int:
        """Return how many layers are checkpointed."""
        return -(-shape.layers // self.every) if self.every else 0


def setting_of(recipe: dict[str, Any], shape: Shape, kind: str, processes: int) -> Setting:
    """Read the settings from a recipe's keys, with the libraries' defaults for those that it leaves out.

    Raises:
        UserError: the processes do not divide the global batch.
    """

    def get(key: str, otherwise: Any) -> Any:
        value = recipe.get(key)
        return otherwise if value is None else getattr(value, "value", value)

    batch, per_device = int(get("global_batch_size", 1)), int(get("per_device_train_batch_size", 8))
    if batch % (per_device * processes):
        raise UserError(
            "bad-recipe-value",
            f"global_batch_size {batch} is not a multiple of per_device_train_batch_size {per_device} x {processes} "
            f"process(es): change one of them, for example --per_device_train_batch_size 1",
        )
    checkpointed = get("gradient_checkpointing", False) or get("activation_checkpointing", False)
    layers: Layers = "compiled" if get("torch_compile", False) else "plain"
    kernels = get("model_init_kwargs", {})
    if get("use_liger_kernel", False) or (isinstance(kernels, dict) and kernels.get("use_kernels")):
        layers = "liger"
    return Setting(
        bf16=bool(get("bf16", False)),
        weight_bytes=4 if str(get("dtype", "float32")).endswith("float32") else 2,
        optimiser=str(get("optim", "adamw_torch_fused")),
        every=int(get("gradient_checkpointing_every", 1)) if checkpointed else 0,
        layers=layers,
        attention=str(get("attn_implementation", "sdpa")),
        packed=bool(get("packing", False) or get("padding_free", False)),
        accumulated=batch // (per_device * processes),
        sequences=batch,
        lora=adapter(shape, recipe) if get("use_peft", False) else None,
        four_bit=bool(get("load_in_4bit", False)),
        on_cpu=bool(get("use_cpu", False)),
        kind=kind,
        processes=processes,
    )


def adapter(shape: Shape, recipe: dict[str, Any]) -> int:
    """Return the number of weights of a recipe's LoRA adapter.

    Raises:
        UserError: lora_target_modules names none of the model's matrices.
    """
    targets = recipe.get("lora_target_modules") or ["q_proj", "v_proj"]
    targets = [targets] if isinstance(targets, str) else list(targets)
    rank = int(recipe.get("lora_r", 16))
    aimed = [matrix for matrix in shape.matrices if "all-linear" in targets or matrix.name in targets]
    if not aimed:
        names = sorted({matrix.name for matrix in shape.matrices})
        raise UserError(
            "bad-recipe-value",
            f"lora_target_modules: the plan finds {', '.join(targets)} in no layer of a {shape.family} model"
            f"{nearest(targets[0], names)}: it knows all-linear, {', '.join(names)}",
        )
    return rank * sum((matrix.inputs + matrix.outputs) * matrix.layers for matrix in aimed)


def launch_kind(name: str | None, processes: int) -> str:
    """Return how a launch file distributes, as Strategy.kind says it.

    Args:
        name: the file, or its name without folder and ending; None for the plain launch of so many processes.
        processes: over all machines.

    Raises:
        UserError: bad-argument, where there is no such file.
    """
    if name is None:
        return "DDP" if processes > 1 else "one process"
    stem = Path(name).stem
    if stem not in LAUNCHES:
        raise UserError(
            "bad-argument",
            f"--launch: {name!r} is no launch file{nearest(stem, LAUNCHES)}: see accelerate_configs/",
        )
    if LAUNCHES[stem] == "one process" and processes > 1:
        raise UserError("bad-argument", f"--launch: {stem} is for one process, and --processes says {processes}")
    return LAUNCHES[stem]

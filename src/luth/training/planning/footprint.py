"""The memory that one process needs: what stays, what a micro-batch keeps, what is at work at one time.

Counted tensor by tensor from transformers' models, PyTorch's autograd and luth.training.loss;
tests/training/planning/test_footprint.py holds it against real runs on a CPU.
"""

from dataclasses import dataclass

from luth.training.planning.setting import QUANTISED, Setting
from luth.training.planning.shape import Shape

# TRL's fused head: rows and columns of its tile of logits (trl/kernels/chunked_logprob.py).
TILE_ROWS, TILE_COLUMNS = 4096, 32768
# Elements of the logits that luth.training.loss holds at once on a CPU.
CPU_LOGITS = 2**26
# DeepSpeed's default bucket, in weights.
BUCKET = 5 * 10**8
# What CUDA, its libraries and kernels take on a card, and the share that PyTorch's allocator holds in pieces: measured
# on an H200, 15.2 to 15.9 GB for 13.3 to 13.8 GB of tensors, 39.1 for 35.4 (docs/gpu.md).
CONTEXT, IN_PIECES = 6e8, 0.08
# On a CPU the C library's allocator holds more: of what a micro-batch needs where the next one is of another length,
# and of what checkpointed layers make between the inputs that stay. Both are measured, on SmolLM2-135M.
CPU_PIECES, CPU_HOLES = 0.2, 1 / 3


@dataclass(frozen=True)
class MicroBatch:
    """One micro-batch.

    Attributes:
        tokens: with padding.
        trained: those whose loss counts.
    """

    tokens: int
    trained: int


@dataclass(frozen=True)
class Part:
    """A part of the memory.

    Attributes:
        name: what it is.
        size: in bytes.
        why: the arithmetic, in words.
    """

    name: str
    size: float
    why: str


def memory(shape: Shape, setting: Setting, batch: MicroBatch) -> list[Part]:
    """Return the parts of one process's largest use of memory."""
    kept = _kept(shape, setting, batch.tokens)
    standing = _without_room(_standing(shape, setting), kept, setting)
    # Freed before the layers' backward passes; on a CPU the C library's allocator keeps it.
    standing += _copies(shape, setting) if setting.on_cpu else []
    work = _at_work(shape, setting, batch, kept)
    parts = [*standing, kept, work]
    if setting.on_cpu:
        holes = setting.checkpointed(shape) / shape.layers * layer_bytes(shape, setting) * batch.tokens * CPU_HOLES
        parts.append(Part("freed pieces", CPU_PIECES * (kept.size + work.size) + holes, "that the allocator keeps"))
    else:
        used = sum(part.size for part in parts)
        parts.append(Part("CUDA and freed pieces", CONTEXT + IN_PIECES * used, f"0.6 GB and {IN_PIECES:.0%}"))
    return [part for part in parts if part.size > 0]


def _without_room(standing: list[Part], kept: Part, setting: Setting) -> list[Part]:
    """Return what stays, of the gradients only what needs room of its own.

    With one micro-batch a step they are made while what the layers kept is freed: the larger of both counts. On a CPU
    the C library gives nothing back.
    """
    if setting.accumulated > 1 or setting.on_cpu or setting.kind != "one process":
        return standing
    room = [max(0.0, part.size - kept.size) if part.name == "gradients" else part.size for part in standing]
    return [Part(part.name, size, part.why) for part, size in zip(standing, room, strict=True)]


def _at_work(shape: Shape, setting: Setting, batch: MicroBatch, kept: Part) -> Part:
    """Return the largest of what is needed for a while: the loss, a layer's backward pass, the step, casts."""
    step = Part("the optimiser's step", max(0, _step(shape, setting) - kept.size), "")
    works = [_loss(shape, setting, batch), _one_layer(shape, setting, batch.tokens), step, *_copies(shape, setting)]
    return max(works, key=lambda part: part.size)


def at_least(shape: Shape, setting: Setting) -> float:
    """Return the bytes that no batch can do without: weights, gradients, the optimiser's states, buckets."""
    return sum(part.size for part in _standing(shape, setting)) + (0 if setting.on_cpu else CONTEXT)


def _standing(shape: Shape, setting: Setting) -> list[Part]:
    trained = shape.parameters if setting.lora is None else setting.lora
    if setting.kind.startswith(("ZeRO", "FSDP")):
        return _shared_out(shape, setting, trained)
    weight = 4 if setting.lora is not None else setting.weight_bytes
    parts = [_weights(shape, setting)]
    parts.append(Part("gradients", trained * weight, f"{weight} bytes x {_billions(trained)}"))
    states = state_bytes(setting.optimiser, weight)
    parts.append(
        Part("optimiser states", trained * states, f"{setting.optimiser}, {states:g} bytes x {_billions(trained)}")
    )
    if setting.kind == "DDP":
        parts.append(Part("buckets", trained * weight, f"DDP's, {weight} bytes x {_billions(trained)}"))
    return parts


def _weights(shape: Shape, setting: Setting) -> Part:
    size, whole = setting.weight_bytes, shape.parameters
    if setting.lora is None:
        return Part("weights", whole * size, f"{size} bytes x {_billions(whole)}")
    base = whole * size
    if setting.four_bit:
        base = shape.in_matrices * QUANTISED + (whole - shape.in_matrices) * size
    why = f"the base, {'in 4 bits' if setting.four_bit else f'{size} bytes x {_billions(whole)}'}, and the adapter"
    return Part("weights", base + 4 * setting.lora, why)


def _shared_out(shape: Shape, setting: Setting, trained: int) -> list[Part]:
    """ZeRO and FSDP2: fp32 masters, states, gradients and weights, by what each shares out."""
    share, n = setting.processes, f"over {setting.processes}"
    states = state_bytes(setting.optimiser, 4)
    if setting.kind == "FSDP2":
        layer = (shape.in_matrices / shape.layers) * setting.compute_bytes * 2 + shape.head * setting.compute_bytes
        return [
            Part("weights", shape.parameters * 4 / share, f"4 bytes x {_billions(shape.parameters)} {n}"),
            Part("gradients", trained * 4 / share, f"4 bytes x {_billions(trained)} {n}"),
            Part("optimiser states", trained * states / share, f"{states:g} bytes x {_billions(trained)} {n}"),
            Part("gathered weights", layer, "two layers, the embeddings"),
        ]
    stage, half = int(setting.kind[-1]), 2 if setting.bf16 else 4
    whole = shape.parameters * half
    masters = 4 if setting.bf16 else 0
    parts = [
        Part("weights", whole / (share if stage == 3 else 1), f"{half} bytes x {_billions(shape.parameters)}"),
        Part("gradients", trained * 4 / (share if stage >= 2 else 1), f"4 bytes x {_billions(trained)}"),
        Part(
            "optimiser states",
            trained * (states + masters) / share,
            f"{states + masters:g} bytes x {_billions(trained)} {n}",
        ),
        Part("buckets", min(trained, BUCKET) * half * 2, "DeepSpeed's, gradients and weights"),
    ]
    if stage == 3:
        layer = (shape.in_matrices / shape.layers) * half * 2 + shape.head * half
        parts.append(Part("gathered weights", layer, "two layers, the embeddings"))
    return parts


def state_bytes(optimiser: str, weight: int) -> float:
    """Return the bytes that an optimiser (TrainingArguments.optim) keeps for a trained weight of `weight` bytes."""
    moments = 1 if optimiser.startswith(("lion", "paged_lion", "adagrad", "rmsprop", "ademamix_one")) else 2
    if optimiser.startswith("sgd"):
        return 0.0
    if optimiser == "adafactor":
        # A row and a column of each matrix.
        return 0.02
    if "8bit" in optimiser:
        return moments * 1.03
    if "4bit" in optimiser:
        return moments * 0.53
    return float(moments * weight)


def _copies(shape: Shape, setting: Setting) -> list[Part]:
    """Autocast casts a weight once, and keeps the copy until the loss is made."""
    if not setting.autocast or setting.lora is not None:
        return []
    return [Part("autocast's bf16 weights", 2 * shape.in_matrices, f"2 bytes x {_billions(shape.in_matrices)}")]


def _kept(shape: Shape, setting: Setting, tokens: int) -> Part:
    """What the forward pass keeps for the backward pass."""
    checkpointed = setting.checkpointed(shape)
    inputs = shape.layers * shape.hidden * setting.stream_bytes
    whole = (shape.layers - checkpointed) / shape.layers * layer_bytes(shape, setting)
    ends = shape.hidden * setting.stream_bytes * 3
    if checkpointed == shape.layers:
        why = f"the layers' inputs, {shape.layers} x {tokens:,} x {shape.hidden:,} x {setting.stream_bytes} bytes"
    elif checkpointed:
        why = f"{shape.layers - checkpointed} of {shape.layers} layers whole, the others' inputs, {tokens:,} tokens"
    else:
        why = f"{shape.layers} layers, {(inputs + whole) / 1000:,.0f} kB a token, {tokens:,} tokens"
    return Part("kept for the backward pass", tokens * (inputs + whole + ends), why)


def layer_bytes(shape: Shape, setting: Setting) -> float:
    """Return the bytes a token that all layers keep for their backward pass, beside their inputs."""
    matrices, c, r, h = shape.matrices, setting.compute_bytes, setting.stream_bytes, shape.hidden
    fused = setting.layers != "plain"
    # A norm keeps its result before the weight; in 16 bits also its input in fp32.
    norm = 0 if fused else (h * 4 if r == 4 else h * 6)
    total = shape.layers * (2 * norm + h * r)
    # Under autocast each matrix keeps a copy of its input; else those with one input share it.
    seen: set[tuple[str, int]] = set()
    for matrix in matrices:
        shared = (matrix.reads, matrix.layers) in seen
        if (setting.autocast and setting.layers != "compiled") or not shared:
            total += matrix.layers * matrix.inputs * c
        seen.add((matrix.reads, matrix.layers))
    # Queries, keys and values; on a CPU attention's result is laid out anew; the norms of queries and keys.
    width = shape.queries + shape.keys
    attended = width * c + shape.keys * c + (shape.queries * c if setting.on_cpu else 0)
    if shape.query_norm:
        attended += width * (c if fused else 4 + c)
    total += shape.attention_layers * attended
    # Gate, its activation and up; the product is the input of the next matrix.
    total += shape.layers * shape.intermediate * c * (2 if fused else 3)
    # Three parts of the convolution's input, its products and its taps.
    total += shape.conv_layers * h * c * (5 if fused else 8)
    linear = 2 * shape.linear_key + shape.linear_value
    return total + shape.linear_layers * (linear * c * 3 + shape.linear_value * (c * 2 + 4))


def _one_layer(shape: Shape, setting: Setting, tokens: int) -> Part:
    """The backward pass of a layer: what it makes again if it is checkpointed, and its gradients."""
    c, r = setting.compute_bytes, setting.stream_bytes
    again = layer_bytes(shape, setting) / shape.layers if setting.every else 0
    gradients = 3 * shape.intermediate * c + 2 * shape.hidden * r
    size = tokens * (again + gradients)
    largest = max(matrix.inputs * matrix.outputs for matrix in shape.matrices)
    size += 0 if setting.lora is not None else largest * (4 + c)
    # The gradient of a tied head waits for that of the embeddings, and both are added: on a card, where the layers'
    # inputs lay before.
    both = shape.tied and setting.on_cpu
    size += 4 * shape.head * (2 if both else 1) if setting.lora is None else 0
    return Part("a layer at work", size, "its activations and gradients, the head's gradient")


def _loss(shape: Shape, setting: Setting, batch: MicroBatch) -> Part:
    """The output projection and its gradients."""
    c, h, r = setting.compute_bytes, shape.hidden, setting.stream_bytes
    states = batch.trained * h * (r + 4)
    gradient = 0 if setting.lora is not None else shape.head * 4
    if setting.on_cpu:
        rows = max(1, min(batch.trained, CPU_LOGITS // shape.vocabulary))
        cast = shape.head * c if c != 4 and setting.weight_bytes == 4 else 0
        # The first part's gradient begins the sum: another one stands beside it for more parts, or another dtype.
        beside = batch.trained > rows or c != 4
        part = shape.head * c if beside and setting.lora is None else 0
        size = rows * shape.vocabulary * 8 + gradient + part + cast + states
        return Part("the loss", size, f"{rows:,} x {shape.vocabulary:,} logits x 8 bytes, the head's gradient")
    rows, columns = min(batch.trained, TILE_ROWS), min(shape.vocabulary, TILE_COLUMNS)
    size = rows * columns * c + columns * h * c + gradient + states
    return Part("the loss", size, f"a tile of {rows:,} x {columns:,} logits, the head's gradient")


def _step(shape: Shape, setting: Setting) -> float:
    """Return the bytes that the optimiser's step needs for a while: lists of tensors where it is not fused."""
    trained = shape.parameters if setting.lora is None else setting.lora
    foreach = setting.optimiser in ("adamw_torch", "sgd", "rmsprop", "adagrad") and not setting.on_cpu
    return trained * 4.0 if foreach else 0.0


def _billions(count: float) -> str:
    return f"{count / 1e9:.2f} B" if count >= 5e7 else f"{count / 1e6:.1f} M"

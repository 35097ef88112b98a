"""The time of a micro-batch on a card: matrix products, attention, what moves through memory in between, the rest.

Counted kernel by kernel for transformers' layers. A card reaches a part of its peaks, which is taken to be the same
for every card: it was measured on one H200, with Qwen3's shapes of 0.6B and 1.7B (docs/gpu.md). Time between cards is
not counted.
"""

from dataclasses import dataclass

from luth.core.devices import Card
from luth.training.planning.footprint import TILE_ROWS, MicroBatch
from luth.training.planning.setting import Setting
from luth.training.planning.shape import Shape

PRODUCTS, BANDWIDTH = 0.75, 0.78
# Of the bandwidth, between the products: many small kernels reach less than few large ones. Liger's is of one
# measurement, which TRL's own run of it beat by a fifth.
BETWEEN = {"plain": 0.52, "liger": 0.15, "compiled": 0.78}
# Of the peak, in attention's kernels: over a row's documents, and under a mask over the whole row.
DOCUMENTS, MASKED = 0.25, 0.18
# Bytes for each logit that TRL's fused head moves.
LOGIT = 12
# What a compiler does not fuse.
UNFUSED = 1.25
# Seconds a layer and pass: the gaps between kernels, and the least time in which a processor starts them.
GAP = 6e-5
LEAST = {"plain": 5e-4, "liger": 3e-4, "compiled": 1.5e-4}


@dataclass(frozen=True)
class Time:
    """Seconds of one micro-batch on one card, by what takes them."""

    products: float
    elementwise: float
    attention: float
    head: float
    rest: float
    least: float

    @property
    def seconds(self) -> float:
        """Of the whole micro-batch."""
        return max(self.least, self.products + self.elementwise + self.attention + self.head + self.rest)


def time(shape: Shape, setting: Setting, card: Card, batch: MicroBatch, reach: float) -> Time:
    """Return the time of a micro-batch, its share of the optimiser's step included.

    Args:
        shape, setting: the model and the recipe.
        card: one with bfloat16 units.
        batch: the micro-batch.
        reach: how many tokens of its document, or of its padded row, a token lies in: the mean over tokens.
    """
    flops, bandwidth = (card.bf16_flops or 0) * PRODUCTS, card.bytes_per_second * BANDWIDTH
    again = setting.checkpointed(shape) / shape.layers
    frozen = setting.lora is not None
    # Forward 1, gradients of the inputs 1 and of the weights 1, and checkpointed layers forward again.
    passes = again + (2 if frozen else 3)
    products = 2 * (shape.in_matrices * passes + (setting.lora or 0) * (3 + again)) * batch.tokens / flops
    between = card.bytes_per_second * BETWEEN[setting.layers]
    elementwise = batch.tokens * traffic(shape, setting) * (3 + again) / between
    logits = batch.trained * shape.vocabulary
    # The fused head makes the logits twice; and casts its weight, and adds to its gradient, for every tile's rows.
    tiles = -(-batch.trained // TILE_ROWS)
    moved = LOGIT * logits + shape.head * tiles * ((12 if setting.autocast else 0) + (0 if frozen else 8))
    head = 2 * logits * shape.hidden * (3 if frozen else 4) / flops + moved / bandwidth
    gaps = GAP * shape.layers * (3 + again)
    rest = _weights(shape, setting) / bandwidth + gaps
    least = LEAST[setting.layers] * shape.layers * (3 + again)
    return Time(products, elementwise, _attention(shape, setting, card, batch.tokens, reach), head, rest, least)


def _attention(shape: Shape, setting: Setting, card: Card, tokens: int, reach: float) -> float:
    """Two products of half the square (the whole one under a mask), and two and a half times that backward."""
    again = setting.checkpointed(shape) / shape.layers
    masked = setting.packed and setting.attention in ("sdpa", "eager")
    seen, share = (2 * tokens, MASKED) if masked else (reach, DOCUMENTS)
    flops = 2 * tokens * seen * shape.queries * shape.attention_layers * (3.5 + again)
    # Linear attention: three products of a state of 128 rows a token, forward.
    flops += 6 * 128 * tokens * shape.linear_value * shape.linear_layers * (3 + again)
    return flops / ((card.bf16_flops or 0) * share)


def traffic(shape: Shape, setting: Setting) -> float:
    """Return the bytes a token that all layers read and write between their products, forward.

    Backward moves twice as much.
    """
    c, r, h, style = setting.compute_bytes, setting.stream_bytes, shape.hidden, setting.layers
    # Norm: power, mean, two products, each a kernel that reads and writes fp32; with casts where the stream is bf16.
    norm = {"plain": 28 if r == 4 else 36, "liger": 2 * r, "compiled": r + c}[style]
    residual = c + 2 * r
    # Rotary positions: half of the values turned, two products, a sum; before them the norm of queries and keys.
    turn = {"plain": 10 * c if r == c else 36, "liger": 2 * c, "compiled": 2 * c}[style]
    if shape.query_norm:
        turn += {"plain": 48 if r != c else 7 * c + 22 * (c == 2), "liger": 2 * c, "compiled": 0}[style]
    total = shape.layers * (2 * norm * h + 2 * residual * h)
    total += shape.layers * shape.intermediate * c * (5 if style == "plain" else 3)
    total += shape.attention_layers * (shape.queries + shape.keys) * turn
    total += shape.conv_layers * h * c * (16 if style == "plain" else 6)
    linear = 2 * shape.linear_key + shape.linear_value
    total += shape.linear_layers * (linear * c * 6 + shape.linear_value * 12)
    if setting.autocast and style != "compiled":
        # Every matrix casts its own input: four bytes are read, two written.
        total += sum(6 * each.inputs * each.layers for each in shape.matrices if each.reads.startswith("normed"))
    if setting.lora is not None:
        # PEFT casts the input to fp32 and back, scales the adapter's output and adds it.
        total += sum((12 * each.inputs + 10 * each.outputs) * each.layers for each in shape.matrices)
    return total * (UNFUSED if style == "compiled" else 1)


def _weights(shape: Shape, setting: Setting) -> float:
    """Return the bytes that move for the weights: casts, gradients, the embeddings', and the optimiser's step."""
    trained = setting.lora if setting.lora is not None else shape.parameters
    step = trained * 32 / setting.accumulated / (1 if setting.kind in ("one process", "DDP") else setting.processes)
    if setting.lora is not None:
        return step
    again = setting.checkpointed(shape) / shape.layers
    casts = 6 * (1 + again) * shape.in_matrices if setting.autocast else 0
    gradients = (18 if setting.autocast else 6) * shape.in_matrices
    return casts + gradients + 28 * shape.head + step

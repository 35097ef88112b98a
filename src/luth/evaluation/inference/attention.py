"""Attention for several sequences side by side in one row, without padding."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from transformers import AttentionInterface, PretrainedConfig, PreTrainedModel

SIDE_BY_SIDE = "side_by_side"


class Layout(Protocol):
    """Which tokens of one forward pass attend to which."""

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None
    ) -> torch.Tensor:
        """Return the attention's output, (1, length, heads, head_dim).

        Shapes: query (1, heads, length, head_dim), key and value (1, key-value heads, length, head_dim).
        """
        ...


def side_by_side_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    layout: Layout | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as `layout` says (transformers' attention interface).

    Raises:
        ValueError: the model was called without a layout, or has a sliding window.
    """
    if layout is None or kwargs.get("sliding_window") is not None:
        raise ValueError(f"attention {SIDE_BY_SIDE!r} needs a layout and has no sliding window")
    return layout.attend(module.layer_idx, query, key, value, scaling), None


AttentionInterface.register(SIDE_BY_SIDE, side_by_side_attention)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float | None
) -> torch.Tensor:
    """Attend causally, or as the mask says.

    On CUDA flash attention alone takes fewer key-value heads than query heads, and it takes neither a mask nor fp32:
    with these the heads are repeated, or a kernel would run that holds all scores.
    """
    if mask is not None or query.dtype == torch.float32:
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    causal = mask is None
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=causal, scale=scale, enable_gqa=True
    )


@dataclass
class Sequences:
    """Sequences that do not see one another.

    `lengths` are in tokens. A mask is (length, length), True where a token is seen; None makes its sequence causal.
    With a cache, keys and values are kept in its rows from `first_row` on.
    """

    lengths: list[int]
    masks: list[torch.Tensor | None]
    cache: "Cache | None" = None
    first_row: int = 0

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None
    ) -> torch.Tensor:
        """See `Layout`."""
        if self.cache is not None:
            self.cache.keep(layer, self.first_row, self.lengths, key, value)
        parts = (states.split(self.lengths, dim=2) for states in (query, key, value))
        done = [_attend(q, k, v, mask, scale) for q, k, v, mask in zip(*parts, self.masks, strict=True)]
        return torch.cat(done, dim=2).transpose(1, 2)


def head_size(config: PretrainedConfig) -> int:
    """Return how many numbers a head's key has."""
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def token_bytes(model: PreTrainedModel) -> int:
    """Return how much memory a token's keys and values take in a `Cache`."""
    config = model.config
    return 2 * config.num_hidden_layers * config.num_key_value_heads * head_size(config) * model.dtype.itemsize


@dataclass
class Cache:
    """Keys and values of the sequences that are being continued, one sequence a row.

    `room` is the length of every row in tokens; it grows with the longest sequence.
    """

    config: PretrainedConfig
    rows: int
    dtype: torch.dtype
    device: torch.device
    room: int = 0
    keys: list[torch.Tensor] = field(default_factory=list)
    values: list[torch.Tensor] = field(default_factory=list)

    def make_room(self, length: int) -> None:
        """Make every row at least `length` tokens long."""
        if length <= self.room:
            return
        room = -(-max(length, self.room * 5 // 4) // 64) * 64
        heads, size = self.config.num_key_value_heads, head_size(self.config)
        for kept in (self.keys, self.values):
            for layer in range(self.config.num_hidden_layers):
                grown = torch.zeros((self.rows, heads, room, size), dtype=self.dtype, device=self.device)
                if len(kept) <= layer:
                    kept.append(grown)
                else:
                    grown[:, :, : self.room] = kept[layer]
                    kept[layer] = grown
        self.room = room

    def keep(self, layer: int, first_row: int, lengths: list[int], key: torch.Tensor, value: torch.Tensor) -> None:
        """Keep the states of new sequences, side by side in `key` and `value`, from a row on."""
        for states, kept in ((key, self.keys[layer]), (value, self.values[layer])):
            for row, part in enumerate(states[0].split(lengths, dim=1), first_row):
                kept[row, :, : part.shape[1]] = part

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a row's first `length` tokens into another row."""
        for states in (*self.keys, *self.values):
            states[target, :, :length] = states[source, :, :length]


@dataclass
class NextTokens:
    """One new token for each of the first `len(positions)` rows of a cache, at the position given for it."""

    cache: Cache
    positions: torch.Tensor

    def __post_init__(self) -> None:
        """Compute once what all layers share."""
        self.longest = int(self.positions.max()) + 1
        self.index = torch.arange(len(self.positions), device=self.positions.device)
        seen = torch.arange(self.longest, device=self.positions.device) <= self.positions[:, None]
        hidden = torch.zeros(seen.shape, dtype=self.cache.dtype, device=seen.device)
        self.mask = hidden.masked_fill_(~seen, float("-inf"))[:, None, None]

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None
    ) -> torch.Tensor:
        """See `Layout`. A key head's query heads stand in for query positions, so that keys are never copied."""
        keys, values = self.cache.keys[layer], self.cache.values[layer]
        keys[self.index, :, self.positions] = key[0].transpose(0, 1)
        values[self.index, :, self.positions] = value[0].transpose(0, 1)
        count, heads = len(self.positions), key.shape[1]
        grouped = query[0].transpose(0, 1).reshape(count, heads, -1, query.shape[-1])
        done = F.scaled_dot_product_attention(
            grouped,
            keys[:count, :, : self.longest],
            values[:count, :, : self.longest],
            attn_mask=self.mask,
            scale=scale,
        )
        return done.reshape(1, count, -1, query.shape[-1])

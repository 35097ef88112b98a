"""Attention over the documents of a packed row: each sees only itself, at the cost it has alone."""

from typing import Any

import torch
import torch.nn.functional as F
from transformers import AttentionInterface

VARLEN = "varlen"


def varlen_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int = 0,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend causally within each document of a packed row (transformers' attention interface).

    On a GPU of compute capability 8.0 or later in 16-bit precision this is PyTorch's own variable-length kernel;
    elsewhere it is one `scaled_dot_product_attention` a document. Neither sees the pack as a whole, so the cost is the
    sum of the documents' squares, not the square of the sum.

    Shapes: query (1, heads, length, head_dim), key and value (1, key-value heads, length, head_dim), `cu_seq_lens_q`
    (documents + 1,) as TRL's collator gives it; returns (1, length, heads, head_dim).

    Raises:
        ValueError: there are no document borders (the batch is padded, not packed), or the model has dropout or a
            sliding window.
    """
    if cu_seq_lens_q is None or query.shape[0] != 1:
        raise ValueError(f"attn_implementation {VARLEN!r} is for packed or padding-free batches: use sdpa")
    if dropout or kwargs.get("sliding_window") is not None:
        raise ValueError(f"attn_implementation {VARLEN!r} has no dropout and no sliding window: use sdpa")
    device = query.device.type
    if torch.is_autocast_enabled(device):
        # The rotary embedding follows the weights' float32, and autocast does not cast the inputs of this kernel.
        query, key, value = (states.to(torch.get_autocast_dtype(device)) for states in (query, key, value))
    if query.is_cuda and query.dtype != torch.float32 and torch.cuda.get_device_capability(query.device) >= (8, 0):
        return _by_kernel(query, key, value, cu_seq_lens_q.to(query.device), max_length_q, scaling), None
    lengths = cu_seq_lens_q.diff().tolist()
    # split, not slices: the gradient of a slice is as long as the whole pack.
    documents = zip(*(states.split(lengths, dim=2) for states in (query, key, value)), strict=True)
    attended = [
        F.scaled_dot_product_attention(*document, is_causal=True, scale=scaling, enable_gqa=True)
        for document in documents
    ]
    return torch.cat(attended, dim=2).transpose(1, 2), None


def _by_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    borders: torch.Tensor,
    longest: int,
    scale: float | None,
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    queries, keys, values = (states[0].transpose(0, 1) for states in (query, key, value))
    attended: Any = varlen_attn(
        queries,
        keys,
        values,
        borders,
        borders,
        longest,
        longest,
        scale=scale,
        window_size=(-1, 0),
        enable_gqa=True,
    )
    return attended[None]


AttentionInterface.register(VARLEN, varlen_attention)

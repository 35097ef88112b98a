"""Attention over the documents of a packed row: each sees only itself, at the cost it has alone."""

import inspect
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn.attention.varlen import varlen_attn
from torch.utils.checkpoint import checkpoint
from transformers import AttentionInterface

VARLEN = "varlen"
# Queries of one block on a CPU: its scores stay in the cache, and few of them are of later tokens.
BLOCK = 256


def varlen_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int = 0,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend causally within each document of a packed row (transformers' attention interface).

    On a GPU of compute capability 8.0 or later in 16-bit precision this is PyTorch's own variable-length kernel;
    elsewhere it is one `scaled_dot_product_attention` a document. Neither sees the pack as a whole, so the cost is the
    sum of the documents' squares, not the square of the sum.

    Shapes: query (1, heads, length, head_dim), key and value (1, key-value heads, length, head_dim), `cu_seq_lens_q`
    (documents + 1,) as TRL's collator gives it; returns (1, length, heads, head_dim). With `sliding_window` a token
    sees that many, itself the last of them.

    Raises:
        ValueError: there are no document borders (the batch is padded, not packed), or the model has dropout, soft
            caps, sinks or attention to later tokens.
    """
    if cu_seq_lens_q is None or query.shape[0] != 1:
        raise ValueError(f"attn_implementation {VARLEN!r} is for packed or padding-free batches: use sdpa")
    others = [key for key in ("softcap", "s_aux") if kwargs.get(key) is not None]
    if dropout or others or not getattr(module, "is_causal", True):
        reason = "dropout" if dropout else ", ".join(others) or "attention to later tokens"
        raise ValueError(f"attn_implementation {VARLEN!r} has no {reason}, which this model has: use eager")
    device = query.device.type
    if torch.is_autocast_enabled(device):
        # The rotary embedding follows the weights' float32, and autocast does not cast the inputs of this kernel.
        query, key, value = (states.to(torch.get_autocast_dtype(device)) for states in (query, key, value))
    if query.is_cuda and query.dtype != torch.float32 and _has_kernel(query.device):
        borders = cu_seq_lens_q.to(query.device)
        return by_kernel(query, key, value, borders, max_length_q, scaling, sliding_window), None
    by_document: Any = _by_document
    return by_document(query, key, value, cu_seq_lens_q, scaling, sliding_window), None


# Left out of compiled layers: a graph would be one for each number of documents.
@torch.compiler.disable
def _by_document(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    borders: torch.Tensor,
    scale: float | None,
    window: int | None,
) -> torch.Tensor:
    lengths = borders.diff().tolist()
    # split, not slices: the gradient of a slice is as long as the whole pack.
    documents = zip(*(states.split(lengths, dim=2) for states in (query, key, value)), strict=True)
    attended = []
    for length, document in zip(lengths, documents, strict=True):
        if query.dtype == torch.bfloat16 and query.device.type == "cpu" and window is None:
            own_query, own_key, own_value = document
            attended.append(_in_blocks(own_query, own_key, own_value, scale))
            continue
        mask = None
        if window is not None and length > window:
            mask = torch.ones(length, length, dtype=torch.bool, device=query.device).tril().triu(1 - window)
        attended.append(
            F.scaled_dot_product_attention(
                *document, attn_mask=mask, is_causal=mask is None, scale=scale, enable_gqa=True
            )
        )
    return torch.cat(attended, dim=2).transpose(1, 2)


def _in_blocks(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None) -> torch.Tensor:
    """Attend causally by matrix products, a block of queries at a time, whose probabilities are computed twice.

    On CPUs with products in bfloat16 it takes half the time of `scaled_dot_product_attention`. SmolLM2-135M's
    gradients are 3.4% away from those in float32 with it, 3.1% with the other.

    Shapes: those of one document in `varlen_attention`; returns (1, heads, length, head_dim).
    """
    (_, heads, length, size), groups = query.shape, key.shape[1]
    queries, keys, values = query.view(groups, heads // groups, length, size), key[0], value[0]
    # The same is taken from all keys, which changes no probability: scores near zero lose fewer digits in bfloat16
    # (SageAttention, arXiv 2410.02367, smooths its keys so).
    keys = keys - keys.detach().mean(1, keepdim=True)
    attended = [
        checkpoint(
            _block,
            queries[:, :, start : start + BLOCK],
            keys[:, : start + BLOCK],
            values[:, : start + BLOCK],
            size**-0.5 if scale is None else scale,
            use_reentrant=False,
            preserve_rng_state=False,
        )
        for start in range(0, length, BLOCK)
    ]
    return torch.cat(attended, dim=2).view(query.shape)


def _block(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float) -> torch.Tensor:
    """Attend from the last positions to all; `queries` are (groups, heads of a group, positions, head_dim)."""
    (groups, heads, positions, size), seen = queries.shape, keys.shape[1]
    later = torch.full((positions, seen), float("-inf"), dtype=queries.dtype).triu(1 + seen - positions)
    with torch.autocast("cpu", enabled=False):
        rows = queries.reshape(groups, -1, size)
        scores = torch.baddbmm(later.repeat(heads, 1), rows, keys.transpose(1, 2), alpha=scale)
        return (scores.softmax(-1) @ values).view(queries.shape)


def by_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    borders: torch.Tensor,
    longest: int,
    scale: float | None,
    window: int | None,
) -> torch.Tensor:
    """Attend as `varlen_attention` does, by PyTorch's kernel; `borders` are on the states' device."""
    queries, keys, values = (states[0].transpose(0, 1) for states in (query, key, value))
    grouped: dict[str, Any] = {}
    if _takes_groups():
        grouped["enable_gqa"] = True
    else:
        keys, values = (states.repeat_interleave(query.shape[1] // key.shape[1], dim=1) for states in (keys, values))
    attended: Any = varlen_attn(
        queries,
        keys,
        values,
        borders,
        borders,
        longest,
        longest,
        scale=scale,
        window_size=(-1 if window is None else window - 1, 0),
        **grouped,
    )
    return attended[None]


@torch.compiler.assume_constant_result
def _takes_groups() -> bool:
    """Tell whether the kernel takes fewer heads of keys than of queries; PyTorch 2.11's does not."""
    return "enable_gqa" in inspect.signature(varlen_attn).parameters


@torch.compiler.assume_constant_result
def _has_kernel(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device) >= (8, 0)


AttentionInterface.register(VARLEN, varlen_attention)

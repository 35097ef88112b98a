"""Whether several documents may share a row: a small model of the same kind is tried before training."""

import copy
from typing import Any

import torch
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PretrainedConfig

from luth.checkpoints.families import packed_families
from luth.core.errors import UserError, explain
from luth.training.attention import VARLEN
from luth.training.short_convolution import keep_documents_apart

# A mixing layer of random weights is 100 times further off, rounding a hundredth as much; in 16 bits, 0.02.
EXACT = 1e-3
EXACT_IN_16_BITS = 5e-2


def require_exact_packing(config: PretrainedConfig, device: torch.device, attention: str | None = None) -> None:
    """Require that documents which share a row cannot see one another, in logits and gradients.

    A random model of the same layers, one of each kind, is tried on `device` each time.

    Args:
        config: the model's configuration.
        device: where it is trained.
        attention: the recipe's `attn_implementation`.

    Raises:
        UserError: they can, or the model refuses packed rows.
    """
    if attention == VARLEN and getattr(config.get_text_config(), "attention_dropout", 0):
        raise UserError(
            "unsupported-model",
            f"the model has attention_dropout, which attn_implementation: {VARLEN} has not: use sdpa",
        )
    family, kinds = config.model_type, getattr(config.get_text_config(), "layer_types", None) or []
    remedy = f"{RECURRENT if 'linear_attention' in kinds else ''}{UNPACKED}"
    try:
        logits, gradients = packing_error(config, device, attention)
    except Exception as error:
        if explain(error) is not None:
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise UserError("unsupported-model", f"{family} cannot be packed here: {reason}: {remedy}") from error
    if max(logits, gradients) > (EXACT_IN_16_BITS if _in_16_bits(attention) else EXACT):
        raise UserError(
            "unsupported-model",
            f"{family} cannot be packed here: its layers mix the documents of a row (logits are {logits:.2g} off, "
            f"gradients {gradients:.2g}), which those of {', '.join(packed_families())} do not: {remedy}",
        )


UNPACKED = "set packing and padding_free to false, and train_sampling_strategy: group_by_length"
RECURRENT = (
    "on a GPU, install flash-linear-attention and causal-conv1d, without which its recurrent layers also are several "
    "times slower, or "
)


def packing_error(config: PretrainedConfig, device: torch.device, attention: str | None = None) -> tuple[float, float]:
    """Compare two documents in one row with each alone, for random weights and the layers that are trained.

    Returns:
        the largest difference of the logits and of the gradients, each relative to its largest value (a gradient's to
        the largest of the same parameter), in float32, save where the attention takes 16 bits only.
    """
    generators = [device] if device.type == "cuda" else []
    # TF32's rounding, where a recipe asks for it, would look like mixed documents.
    backends: Any = torch.backends
    precision, backends.fp32_precision = backends.fp32_precision, "ieee"
    try:
        return _compare(config, device, attention, generators)
    finally:
        backends.fp32_precision = precision


def _compare(
    config: PretrainedConfig, device: torch.device, attention: str | None, generators: list[torch.device]
) -> tuple[float, float]:
    with torch.random.fork_rng(generators), torch.enable_grad():
        torch.manual_seed(0)
        model = small_model(config, attention, torch.bfloat16 if _in_16_bits(attention) else torch.float32).to(device)
        keep_documents_apart(model, device)
        documents = [torch.arange(3, 40, device=device)[None], torch.arange(50, 71, device=device)[None]]
        packed, of_packed = _logits_and_gradients(model, [_pack(documents)])
        if attention == VARLEN or _in_16_bits(attention):
            model.set_attn_implementation("eager")
        alone, of_each = _logits_and_gradients(model, [{"input_ids": document} for document in documents])
    differences = [_difference(of_packed[name], gradient) for name, gradient in of_each.items()]
    return _difference(packed, alone), max(differences)


def small_model(config: PretrainedConfig, attention: str | None, dtype: torch.dtype) -> Any:
    """Make a random model of the configuration's layers, the first of each kind, of a tiny vocabulary and window."""
    small = copy.deepcopy(config.get_text_config())
    kinds = getattr(small, "layer_types", None) or ["full_attention"] * small.num_hidden_layers
    kept = sorted(kinds.index(kind) for kind in set(kinds))
    for key, value in vars(small).items():
        # Beside the kinds, some families list which layers have no positions, and the like.
        if isinstance(value, list) and len(value) == small.num_hidden_layers:
            setattr(small, key, [value[at] for at in kept])
    small.num_hidden_layers, small.vocab_size = len(kept), 128
    small.pad_token_id, small.bos_token_id, small.eos_token_id = 0, 1, 2
    if getattr(small, "sliding_window", None):
        # Shorter than the documents, so that the window is tried.
        small.sliding_window = 8
    small._attn_implementation = attention
    # Not `from_config`, which would share the weights out among the processes under ZeRO-3.
    kind: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(small)]
    model = kind(small).to(dtype).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # Larger than at the start of a training, so that a layer that mixes documents shows.
            if parameter.ndim > 1:
                parameter.normal_(0, 2 * parameter[0].numel() ** -0.5)
    return model


def _pack(documents: list[torch.Tensor]) -> dict[str, Any]:
    """Lay documents of shape (1, length) end to end, with their borders as TRL's collator gives them."""
    lengths = torch.tensor([document.shape[1] for document in documents])
    device = documents[0].device
    borders = torch.tensor([0, *lengths.cumsum(0).tolist()], dtype=torch.int32, device=device)
    return {
        "input_ids": torch.cat(documents, dim=1),
        "position_ids": torch.cat([torch.arange(length, device=device) for length in lengths.tolist()])[None],
        "cu_seq_lens_q": borders,
        "cu_seq_lens_k": borders,
        "max_length_q": int(lengths.max()),
        "max_length_k": int(lengths.max()),
        "seq_idx": torch.repeat_interleave(torch.arange(len(documents)), lengths).int()[None].to(device),
    }


def _logits_and_gradients(model: Any, rows: list[dict[str, Any]]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the logits of all rows, and the gradients of the sum of their squares."""
    model.zero_grad()
    logits = torch.cat([model(**row, use_cache=False).logits for row in rows], dim=1)
    logits.pow(2).sum().backward()
    named = model.named_parameters()
    return logits.detach(), {name: parameter.grad.clone() for name, parameter in named if parameter.grad is not None}


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    largest = other.abs().max()
    return float((one - other).abs().max() / largest) if largest > 0 else float(one.abs().max())


def _in_16_bits(attention: str | None) -> bool:
    """Tell whether an attention takes 16 bits only: flash attention, and the Hub's kernels."""
    return attention is not None and ("flash" in attention or "/" in attention)

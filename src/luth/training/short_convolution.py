"""LFM2's short convolution over the documents of a packed row, in plain PyTorch: none reaches into another."""

from typing import Any

import torch
import torch.nn.functional as F
from transformers.models.lfm2.modeling_lfm2 import Lfm2ShortConv


def convolve_documents(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, documents: torch.Tensor
) -> torch.Tensor:
    """Convolve causally, channel by channel, with zeros before the beginning of each document.

    Shapes: `inputs` and the result (1, length, channels); `weight` (channels, taps), the last tap for the position
    itself; `bias` (channels,); `documents` (1, length), each position's document.
    """
    taps = weight.to(inputs.dtype).unbind(1)
    output = inputs * taps[-1]
    for back in range(1, min(len(taps), inputs.shape[1])):
        same = (documents[:, back:] == documents[:, :-back]).unsqueeze(-1)
        output = output + F.pad(inputs[:, :-back] * same * taps[-1 - back], (0, 0, back, 0))
    return output if bias is None else output + bias.to(inputs.dtype)


class DocumentShortConv(Lfm2ShortConv):
    """transformers' module, for packed rows too: it refuses them without the package causal_conv1d."""

    def forward(
        self,
        hidden_states: torch.Tensor,
        past_key_values: Any = None,
        attention_mask: torch.Tensor | None = None,
        seq_idx: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> torch.Tensor:
        """Return what transformers' module does; `seq_idx` (1, length) is each position's document.

        Shapes: `hidden_states` and the result (batch, length, width).
        """
        if seq_idx is None:
            return super().forward(hidden_states, past_key_values, attention_mask, **kwargs)
        gate, output_gate, inputs = self.in_proj(hidden_states).chunk(3, dim=-1)
        mixed = convolve_documents(gate * inputs, self.conv.weight.squeeze(1), self.conv.bias, seq_idx)
        return self.out_proj(output_gate * mixed)


def keep_documents_apart(model: torch.nn.Module, device: torch.device) -> None:
    """Give LFM2's short convolutions a forward that takes packed rows, unless a kernel that does is in use.

    Args:
        model: the model, with or without adapter.
        device: where it is trained.
    """
    kernels = any(getattr(module, "use_kernels", False) for module in model.modules())
    if kernels or (device.type == "cuda" and _causal_conv1d()):
        return
    for module in model.modules():
        if type(module) is Lfm2ShortConv:
            # The weights and their names stay: the class has only another forward.
            module.__class__ = DocumentShortConv


def _causal_conv1d() -> bool:
    """Tell whether transformers found the package: as it does, by importing it."""
    try:
        from causal_conv1d import causal_conv1d_fn  # pyright: ignore[reportMissingImports]
    except Exception:
        return False
    return causal_conv1d_fn is not None

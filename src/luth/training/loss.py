"""Cross-entropy from hidden states: logits are made for trained tokens only, a part of them at a time."""

from typing import Any

import torch
import torch.nn.functional as F

# How many logits are held at once: enough rows for full-speed matrix products at a vocabulary of 150,000.
CPU_ELEMENTS = 2**26
GPU_ELEMENTS = 2**28


class LinearCrossEntropy(torch.autograd.Function):
    """Sum of the negative log-likelihoods of the targets under `hidden @ weight.T`.

    The gradients are computed in the forward pass, a chunk of positions at a time. So neither the logits nor their
    gradients are ever held for all positions, and nothing is computed twice.
    """

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the sum in nats, a float32 scalar.

        Shapes: `hidden` (positions, width), `weight` (vocabulary, width), `targets` (positions,).
        """
        wants_hidden, wants_weight, _ = ctx.needs_input_grad
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        with torch.autocast(device, enabled=False):
            matrix = weight.to(dtype)
            total = torch.zeros((), dtype=torch.float32, device=hidden.device)
            hidden_gradient = (
                torch.empty(hidden.shape, dtype=hidden.dtype, device=hidden.device) if wants_hidden else None
            )
            weight_gradient = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
            for part in _parts(len(targets), len(weight), device):
                states = hidden[part].to(dtype)
                logits = F.linear(states, matrix).float()
                index = targets[part, None]
                normaliser = logits.logsumexp(-1, keepdim=True)
                total += (normaliser - logits.gather(1, index)).sum()
                if hidden_gradient is None and weight_gradient is None:
                    continue
                gradient = logits.sub_(normaliser).exp_().scatter_add_(1, index, torch.full_like(normaliser, -1.0))
                gradient = gradient.to(dtype)
                if hidden_gradient is not None:
                    hidden_gradient[part] = gradient @ matrix
                if weight_gradient is not None:
                    weight_gradient += gradient.T @ states
        ctx.gradients = hidden_gradient, None if weight_gradient is None else weight_gradient.to(weight.dtype)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        """Scale the gradients."""
        [scale] = grad_outputs
        hidden, weight = ctx.gradients
        ctx.gradients = None
        return None if hidden is None else hidden.mul_(scale), None if weight is None else weight.mul_(scale), None


def _parts(positions: int, vocabulary: int, device: str) -> list[slice]:
    rows = max(1, (CPU_ELEMENTS if device == "cpu" else GPU_ELEMENTS) // vocabulary)
    return [slice(at, at + rows) for at in range(0, positions, rows)]


@torch.no_grad()
def token_losses(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return every target's negative log-likelihood in nats, float32 of shape (positions,); no gradients."""
    parts = _parts(len(targets), len(weight), hidden.device.type)
    losses = [
        F.cross_entropy(F.linear(hidden[part], weight).float(), targets[part], reduction="none") for part in parts
    ]
    return torch.cat(losses) if losses else hidden.new_zeros(0, dtype=torch.float32)

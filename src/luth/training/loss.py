"""Cross-entropy from hidden states: logits are made for trained tokens only, a part of them at a time.

On CUDA it is TRL's fused head, whose Triton kernels read and write each logit a few times only; elsewhere, and where
that is missing, it is `LinearCrossEntropy`.
"""

import inspect
from typing import Any

import torch
import torch.nn.functional as F
import trl
from transformers.utils.import_utils import is_triton_available

from luth.training.logits import LogitChange

# How many logits are held at once: enough rows for full-speed matrix products at a vocabulary of 150,000.
CPU_ELEMENTS = 2**26
GPU_ELEMENTS = 2**28
UNCHANGED = LogitChange()
# The arguments of ChunkedLogProbFunction in TRL 1.16 (trl/kernels/chunked_logprob.py), and the width of the
# vocabulary's tiles that TRL's own trainers give it.
FUSED_ARGUMENTS = (
    "hidden",
    "weight",
    "bias",
    "targets",
    "temperature",
    "chunk_size",
    "final_logit_softcapping",
    "logit_scale",
    "outputs",
)
FUSED_TILE = 32768


def fused_head_problem() -> str | None:
    """Say why TRL's fused head cannot be used on a GPU, None if it can."""
    if not is_triton_available():
        return "Triton is not installed"
    try:
        from trl.kernels import ChunkedLogProbFunction
    except ImportError:
        return f"TRL {trl.__version__} has none"
    found = tuple(inspect.signature(ChunkedLogProbFunction.forward).parameters)[1:]
    return None if found == FUSED_ARGUMENTS else f"TRL {trl.__version__}'s has other arguments"


def summed_loss(
    hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, change: LogitChange, fused: bool
) -> torch.Tensor:
    """Return the sum of the targets' negative log-likelihoods in nats, a float32 scalar with gradients.

    Args:
        hidden: (positions, width).
        weight: the output projection's, (vocabulary, width).
        targets: (positions,).
        change: what the model does to its logits.
        fused: take TRL's fused head.
    """
    if fused:
        return fused_losses(hidden, weight, targets, change).sum()
    return LinearCrossEntropy.apply(hidden, weight, targets, change)


@torch.no_grad()
def token_losses(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    targets: torch.Tensor,
    change: LogitChange = UNCHANGED,
    fused: bool = False,
) -> torch.Tensor:
    """Return every target's negative log-likelihood in nats, float32 of shape (positions,); no gradients."""
    if fused:
        return fused_losses(hidden, weight, targets, change)
    parts = _parts(len(targets), len(weight), hidden.device.type)
    losses = [
        F.cross_entropy(change(F.linear(hidden[part], weight).float()), targets[part], reduction="none")
        for part in parts
    ]
    return torch.cat(losses) if losses else hidden.new_zeros(0, dtype=torch.float32)


def fused_losses(
    hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, change: LogitChange
) -> torch.Tensor:
    """Return every target's negative log-likelihood by TRL's fused head, with gradients."""
    from trl.kernels import ChunkedLogProbFunction

    head: Any = ChunkedLogProbFunction
    log_probs, *_ = head.apply(hidden, weight, None, targets, 1.0, FUSED_TILE, change.cap, change.factor, ())
    return -log_probs


class LinearCrossEntropy(torch.autograd.Function):
    """Sum of the negative log-likelihoods of the targets under the logits `change(hidden @ weight.T)`.

    The gradients are computed in the forward pass, a chunk of positions at a time. So neither the logits nor their
    gradients are ever held for all positions, and nothing is computed twice.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        change: LogitChange = UNCHANGED,
    ) -> torch.Tensor:
        """Return the sum in nats, a float32 scalar.

        Shapes: `hidden` (positions, width), `weight` (vocabulary, width), `targets` (positions,).
        """
        wants_hidden, wants_weight, *_ = ctx.needs_input_grad
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        with torch.autocast(device, enabled=False):
            matrix = weight.to(dtype)
            total = torch.zeros((), dtype=torch.float32, device=hidden.device)
            hidden_gradient = (
                torch.empty(hidden.shape, dtype=hidden.dtype, device=hidden.device) if wants_hidden else None
            )
            weight_gradient: torch.Tensor | None = None
            for part in _parts(len(targets), len(weight), device):
                states = hidden[part].to(dtype)
                loss, gradient = _loss_and_gradient(states, matrix, targets[part], change)
                total += loss
                if hidden_gradient is not None:
                    hidden_gradient[part] = gradient @ matrix
                if wants_weight:
                    product = gradient.T @ states
                    # In float32 over the parts: the first one is what the sum begins with.
                    weight_gradient = product.float() if weight_gradient is None else weight_gradient.add_(product)
                # Or the next part's logits would stand beside this one's.
                del gradient
        if wants_weight and weight_gradient is None:
            weight_gradient = torch.zeros_like(weight)
        ctx.gradients = hidden_gradient, None if weight_gradient is None else weight_gradient.to(weight.dtype)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Scale the gradients."""
        [scale] = grad_outputs
        hidden, weight = ctx.gradients
        ctx.gradients = None
        return (
            None if hidden is None else hidden.mul_(scale),
            None if weight is None else weight.mul_(scale),
            None,
            None,
        )


def _loss_and_gradient(
    states: torch.Tensor, matrix: torch.Tensor, targets: torch.Tensor, change: LogitChange
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the summed loss and its gradient by the output projection's result, in the precision of `states`."""
    logits = change(F.linear(states, matrix).float())
    index = targets[:, None]
    normaliser = logits.logsumexp(-1, keepdim=True)
    loss = (normaliser - logits.gather(1, index)).sum()
    # The slope of the cap, whose square of tanh the capped logits hold.
    slope = None if change.cap is None else (logits / change.cap).square_().neg_().add_(1)
    gradient = logits.sub_(normaliser).exp_().scatter_add_(1, index, torch.full_like(normaliser, -1.0))
    if slope is not None:
        gradient *= slope
    if change.factor != 1:
        gradient *= change.factor
    return loss, gradient.to(states.dtype)


def _parts(positions: int, vocabulary: int, device: str) -> list[slice]:
    rows = max(1, (CPU_ELEMENTS if device == "cpu" else GPU_ELEMENTS) // vocabulary)
    return [slice(at, at + rows) for at in range(0, positions, rows)]

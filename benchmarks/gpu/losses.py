"""Step B: the loss from hidden states, forward and backward, beside TRL's fused head and beside float64.

The shape is Qwen3-0.6B's: 10,600 trained tokens of a pack, a vocabulary of 151,936. `ours` is
luth.training.loss.LinearCrossEntropy, `TRL` the fused head of TRL, called as its trainer does. Errors are relative,
on 512 rows.
"""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from figures import attempt, figure, step_arguments

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
ROWS, FEW_ROWS, WIDTH, VOCABULARY = 10600, 512, 1024, 151936
TINY_ROWS, TINY_WIDTH, TINY_VOCABULARY = 96, 64, 1000


def ours(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed loss by our own function."""
    from luth.training.loss import LinearCrossEntropy

    return LinearCrossEntropy.apply(hidden, weight, targets)  # type: ignore[return-value]


def trl_head(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed loss by TRL 1.16's fused head."""
    from trl.kernels import ChunkedLogProbFunction

    log_probs, *_ = ChunkedLogProbFunction.apply(hidden, weight, None, targets, 1.0, 32768, None, 1.0, ())
    return -log_probs.sum()


def tensors(device: str, rows: int, width: int, vocabulary: int) -> tuple[torch.Tensor, ...]:
    """Return hidden states, weight and targets: fp32, in bfloat16's own numbers."""
    torch.manual_seed(0)
    hidden = torch.randn(rows, width, device=device).bfloat16().float().requires_grad_()
    weight = (torch.randn(vocabulary, width, device=device) * 0.05).bfloat16().float().requires_grad_()
    return hidden, weight, torch.randint(vocabulary, (rows,), device=device)


def once(loss: Loss, device: str, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> float:
    """Run forward and backward under autocast; return the loss."""
    hidden.grad = weight.grad = None
    with torch.autocast(device, torch.bfloat16):
        total = loss(hidden, weight, targets)
    total.backward()
    return total.item()


def errors(loss: Loss, device: str, rows: int, width: int, vocabulary: int) -> tuple[float, float]:
    """Return the relative errors of the loss and of the hidden states' gradient, beside float64."""
    hidden, weight, targets = tensors(device, rows, width, vocabulary)
    found = once(loss, device, hidden, weight, targets)
    exact = hidden.detach().double().requires_grad_()
    total = F.cross_entropy(exact @ weight.detach().double().T, targets, reduction="sum")
    total.backward()
    assert hidden.grad is not None and exact.grad is not None
    apart = (hidden.grad.double() - exact.grad).norm() / exact.grad.norm()
    return abs(found - total.item()) / abs(total.item()), apart.item()


def main() -> None:
    args = step_arguments(__doc__ or "")
    device = "cpu" if args.on_cpu else "cuda"
    rows, few, width, vocabulary = (
        (TINY_ROWS, TINY_ROWS, TINY_WIDTH, TINY_VOCABULARY) if args.on_cpu else (ROWS, FEW_ROWS, WIDTH, VOCABULARY)
    )
    for side, loss in (("ours", ours), ("TRL", trl_head)):
        with attempt(f"{side}: error of the loss"):
            of_loss, of_gradient = errors(loss, device, few, width, vocabulary)
            figure(f"{side}: error of the loss", of_loss)
            figure(f"{side}: error of the gradient", of_gradient)
        with attempt(f"{side}: ms"):
            inputs, times = tensors(device, rows, width, vocabulary), []
            for _ in range(8):
                if device == "cuda":
                    torch.cuda.synchronize()
                    held = torch.cuda.memory_allocated()
                    torch.cuda.reset_peak_memory_stats()
                begun = time.perf_counter()
                once(loss, device, *inputs)
                times.append(time.perf_counter() - begun)
            figure(f"{side}: ms", 1000 * min(times[2:]))
            if device == "cuda":
                figure(f"{side}: peak GB", (torch.cuda.max_memory_allocated() - held) / 1e9)


if __name__ == "__main__":
    main()

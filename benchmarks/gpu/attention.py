"""Step A: the libraries import; attention by document beside fp32; the card's own peaks.

Documents of 1 to 12,000 tokens lie in one pack. Under autocast, as in training, luth.training.attention gives output
and gradients; each document's own attention in fp32 says what they should be. Errors are relative to the largest
number. The peaks, a square product in bfloat16 and a copy, are what shares of a peak are of.
"""

import time
from typing import Any

import torch
import torch.nn.functional as F
from figures import attempt, figure, note, step_arguments

LENGTHS, SHORT_LENGTHS = (1, 7, 129, 600, 3000, 12000), (1, 7, 129, 200)


def imports() -> list[str]:
    """Import what training and evaluation need; return the versions."""
    import accelerate
    import datasets
    import deepspeed
    import peft
    import transformers
    import trl

    modules = (torch, transformers, trl, accelerate, datasets, peft, deepspeed)
    return [f"{module.__name__} {module.__version__}" for module in modules]


def compare(device: str, head_dim: int, lengths: tuple[int, ...]) -> tuple[float, float]:
    """Return the errors of the output and of the worst of the three gradients."""
    from luth.training.attention import varlen_attention

    torch.manual_seed(0)
    total, heads, groups = sum(lengths), 16, 8
    # bfloat16's own numbers, so that fp32 and autocast begin with the same ones.
    inputs = [
        torch.randn(1, count, total, head_dim, device=device).bfloat16().float() for count in (heads, groups, groups)
    ]
    direction = torch.randn(1, total, heads, head_dim, device=device).bfloat16().float()
    borders = F.pad(torch.tensor(lengths).cumsum(0), (1, 0)).to(device, torch.int32)
    query, key, value = (states.clone().requires_grad_() for states in inputs)
    with torch.autocast(device, torch.bfloat16):
        output, _ = varlen_attention(
            torch.nn.Module(), query, key, value, None, cu_seq_lens_q=borders, max_length_q=max(lengths)
        )
    (output.float() * direction).sum().backward()
    found = [output.detach().float(), *(states.grad for states in (query, key, value))]
    apart, largest = [0.0] * 4, [0.0] * 4
    start = 0
    for length in lengths:
        part = slice(start, start + length)
        start += length
        ours = [found[0][:, part], *(grad[:, :, part] for grad in found[1:] if grad is not None)]
        for at, (one, wanted) in enumerate(zip(ours, alone(inputs, direction, part), strict=True)):
            apart[at] = max(apart[at], (one - wanted).abs().max().item())
            largest[at] = max(largest[at], wanted.abs().max().item())
    errors = [one / two for one, two in zip(apart, largest, strict=True)]
    return errors[0], max(errors[1:])


def alone(inputs: list[torch.Tensor], direction: torch.Tensor, part: slice) -> list[torch.Tensor]:
    """Return one document's output and gradients in fp32."""
    query, key, value = (states[:, :, part].clone().requires_grad_() for states in inputs)
    output = F.scaled_dot_product_attention(
        query, key.repeat_interleave(2, 1), value.repeat_interleave(2, 1), is_causal=True
    ).transpose(1, 2)
    gradients = torch.autograd.grad((output * direction[:, part]).sum(), (query, key, value))
    return [output.detach(), *gradients]


def kernel_takes_bf16(device: str) -> bool:
    """Tell whether the variable-length kernel runs, and on what autocast gives it."""
    from luth.training import attention

    seen: list[Any] = []
    kernel: Any = attention.by_kernel

    def look(query: torch.Tensor, *arguments: Any, **more: Any) -> torch.Tensor:
        seen.append(query.dtype)
        return kernel(query, *arguments, **more)

    attention.by_kernel = look
    try:
        compare(device, 64, (7, 9))
    finally:
        attention.by_kernel = kernel
    return seen == [torch.bfloat16]


def peaks(device: str) -> tuple[float, float]:
    """Return the best of 20 products in bfloat16, in FLOP/s, and of 20 copies, in bytes read and written a second."""
    size = 8192 if device == "cuda" else 512
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    source = torch.empty(2**30 if device == "cuda" else 2**22, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)

    def best(work: Any) -> float:
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            work()
            if device == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - begun)
        return min(times)

    return 2 * size**3 / best(lambda: left @ right), 2 * len(source) / best(lambda: target.copy_(source))


def main() -> None:
    args = step_arguments(__doc__ or "")
    device = "cpu" if args.on_cpu else "cuda"
    with attempt("imports"):
        note("versions", imports())
    for head_dim in (128, 64):
        with attempt(f"head_dim {head_dim}, output: error"):
            output, gradients = compare(device, head_dim, SHORT_LENGTHS if args.on_cpu else LENGTHS)
            figure(f"head_dim {head_dim}, output: error", output)
            figure(f"head_dim {head_dim}, gradients: error", gradients)
    if not args.on_cpu:
        with attempt("kernel takes bf16"):
            figure("kernel takes bf16", kernel_takes_bf16(device))
    products, bytes_per_second = peaks(device)
    figure("products in bf16: TFLOP/s", products / 1e12)
    figure("copies: TB/s", bytes_per_second / 1e12)


if __name__ == "__main__":
    main()

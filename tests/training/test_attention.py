"""Attention over documents of a packed row."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from luth.training.attention import BLOCK, varlen_attention

BORDERS = [0, 1, BLOCK, 2 * BLOCK + 1, 3 * BLOCK + 40]


def relative(found: torch.Tensor, exact: torch.Tensor) -> float:
    return float((found.detach().double() - exact.detach()).norm() / exact.norm().detach())


@pytest.mark.parametrize(("heads", "groups", "scale"), [(6, 2, None), (2, 2, 0.3), (4, 1, None)])
def test_in_bf16_on_a_cpu_it_is_near_float64_and_documents_stay_apart(
    heads: int, groups: int, scale: float | None
) -> None:
    torch.manual_seed(0)
    shapes = [(1, number, BORDERS[-1], 32) for number in (heads, groups, groups)]
    states = [torch.randn(shape).bfloat16().requires_grad_() for shape in shapes]
    exact = [each.detach().double().requires_grad_() for each in states]
    again = [each.detach().clone().requires_grad_() for each in states]
    direction = torch.randn(1, BORDERS[-1], heads, 32)
    module = torch.nn.Module()

    def gradients(inputs: list[torch.Tensor], attended: torch.Tensor) -> list[torch.Tensor]:
        return [attended, *torch.autograd.grad(attended, inputs, direction.to(attended.dtype))]

    def by_pytorch(inputs: list[torch.Tensor]) -> torch.Tensor:
        documents = [[each[:, :, start:end] for each in inputs] for start, end in pairwise(BORDERS)]
        attended = [
            F.scaled_dot_product_attention(*each, is_causal=True, scale=scale, enable_gqa=True) for each in documents
        ]
        return torch.cat(attended, 2).transpose(1, 2)

    ours, _ = varlen_attention(module, *states, None, scaling=scale, cu_seq_lens_q=torch.tensor(BORDERS))
    expected = gradients(exact, by_pytorch(exact))
    theirs = gradients(again, by_pytorch(again))
    for found, own, right in zip(gradients(states, ours), theirs, expected, strict=True):
        assert found.dtype == torch.bfloat16
        # Its scores are rounded to bfloat16, and PyTorch's are not.
        assert relative(found, right) < max(0.008, 1.5 * relative(own, right))

"""The loss against PyTorch's cross-entropy: values, gradients, chunks, precisions."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from luth.training import loss
from luth.training.logits import LogitChange
from luth.training.loss import LinearCrossEntropy, fused_head_problem, summed_loss, token_losses


def problem(positions, vocabulary, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(positions, width, generator=generator, requires_grad=True)
    weight = torch.randn(vocabulary, width, generator=generator, requires_grad=True)
    targets = torch.randint(vocabulary, (positions,), generator=generator)
    return hidden, weight, targets


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.integers(2, 30), st.integers(1, 9), st.integers(1, 200))
def test_value_and_gradients_are_those_of_cross_entropy_however_it_is_cut(positions, vocabulary, width, elements):
    hidden, weight, targets = problem(positions, vocabulary, width)
    F.cross_entropy(hidden @ weight.T, targets, reduction="sum").mul(0.3).backward()
    wanted = hidden.grad, weight.grad
    hidden.grad = weight.grad = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss, "CPU_ELEMENTS", elements)
        total = LinearCrossEntropy.apply(hidden, weight, targets)
        (total * 0.3).backward()
        each = token_losses(hidden, weight, targets)
    assert total.item() == pytest.approx(F.cross_entropy(hidden @ weight.T, targets, reduction="sum").item(), rel=1e-5)
    torch.testing.assert_close(hidden.grad, wanted[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weight.grad, wanted[1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        each, F.cross_entropy(hidden @ weight.T, targets, reduction="none"), rtol=1e-4, atol=1e-5
    )


def test_the_gradients_agree_with_finite_differences():
    hidden, weight, targets = problem(3, 5, 4)
    hidden, weight = hidden.detach().double().requires_grad_(), weight.detach().double().requires_grad_()
    total = LinearCrossEntropy.apply(hidden, weight, targets)
    total.backward()
    step = torch.zeros_like(weight)
    step[2, 1] = 1e-2
    up, down = (F.cross_entropy(hidden @ (weight + sign * step).T, targets, reduction="sum") for sign in (1, -1))
    assert weight.grad[2, 1].item() == pytest.approx((up - down).item() / 2e-2, rel=1e-3)


CHANGES = [LogitChange(0.7), LogitChange(cap=3.0), LogitChange(2.5, 1.5)]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fused", [False, True])
def test_factor_and_cap_are_in_value_and_gradients_of_our_head_and_of_trl_s(change, fused):
    """TRL's function computes in plain torch where there is no Triton: its arguments are tried, not its kernels."""
    hidden, weight, targets = problem(12, 50, 8)
    losses = F.cross_entropy(change(hidden @ weight.T), targets, reduction="none")
    (losses.sum() * 0.3).backward()
    wanted = hidden.grad, weight.grad
    hidden.grad = weight.grad = None
    total = summed_loss(hidden, weight, targets, change, fused)
    (total * 0.3).backward()
    assert total.dtype == torch.float32 and total.item() == pytest.approx(losses.sum().item(), rel=1e-5)
    torch.testing.assert_close(hidden.grad, wanted[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weight.grad, wanted[1], rtol=1e-4, atol=1e-5)
    each = token_losses(hidden, weight, targets, change, fused)
    assert not each.requires_grad
    torch.testing.assert_close(each, losses.detach(), rtol=1e-4, atol=1e-5)


def test_no_trained_token_is_a_loss_of_zero_in_trl_s_head_too():
    hidden, weight, targets = problem(0, 50, 8)
    assert summed_loss(hidden, weight, targets, LogitChange(), fused=True).item() == 0


def test_trl_s_fused_head_is_taken_only_with_the_arguments_that_are_known(monkeypatch):
    monkeypatch.setattr(loss, "is_triton_available", lambda: False)
    assert "Triton" in fused_head_problem()
    monkeypatch.setattr(loss, "is_triton_available", lambda: True)
    assert fused_head_problem() is None
    monkeypatch.setattr(loss, "FUSED_ARGUMENTS", (*loss.FUSED_ARGUMENTS, "another"))
    assert "arguments" in fused_head_problem()


def test_a_frozen_head_gets_no_gradient():
    hidden, weight, targets = problem(6, 11, 4)
    weight.requires_grad_(False)
    LinearCrossEntropy.apply(hidden, weight, targets).backward()
    assert weight.grad is None and hidden.grad.abs().sum() > 0


def test_bf16_autocast_is_within_its_rounding():
    hidden, weight, targets = problem(64, 500, 32)
    exact = F.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    exact.backward()
    wanted = weight.grad
    hidden.grad = weight.grad = None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total = LinearCrossEntropy.apply(hidden, weight, targets)
    total.backward()
    assert total.dtype == weight.grad.dtype == torch.float32
    assert total.item() == pytest.approx(exact.item(), rel=1e-2)
    assert (weight.grad - wanted).norm() < 0.02 * wanted.norm()


def test_logits_are_never_held_for_all_positions(monkeypatch):
    hidden, weight, targets = problem(64, 500, 8)
    monkeypatch.setattr(loss, "CPU_ELEMENTS", 500 * 8)
    seen = []
    linear = F.linear
    monkeypatch.setattr(F, "linear", lambda *args: seen.append(linear(*args)) or seen[-1])
    LinearCrossEntropy.apply(hidden, weight, targets).backward()
    assert [tuple(logits.shape) for logits in seen] == [(8, 500)] * 8

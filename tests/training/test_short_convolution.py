"""LFM2's short convolution of a pack is that of its documents, forward and backward, with every number of taps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM
from transformers.models.lfm2.modeling_lfm2 import Lfm2ShortConv

from luth.training.short_convolution import convolve_documents, keep_documents_apart
from tests.conftest import tiny_config

CPU = torch.device("cpu")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 5), st.booleans())
def test_each_document_is_convolved_alone(lengths, taps, with_bias):
    torch.manual_seed(0)
    inputs = torch.randn(1, sum(lengths), 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, taps, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(6, dtype=torch.float64, requires_grad=True) if with_bias else None
    learned = [inputs, weight, *([bias] if with_bias else [])]
    documents = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))[None]
    packed = convolve_documents(inputs, weight, bias, documents)
    alone = torch.cat(
        [
            torch.nn.functional.conv1d(part.mT, weight[:, None], bias, padding=taps - 1, groups=6)[..., :length].mT
            for part, length in zip(inputs.split(lengths, dim=1), lengths, strict=True)
        ],
        dim=1,
    )
    torch.testing.assert_close(packed, alone)
    upstream = torch.randn_like(packed)
    for one, other in zip(
        torch.autograd.grad(packed, learned, upstream), torch.autograd.grad(alone, learned, upstream), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_weights_and_unpacked_rows_stay_as_they_are():
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config("lfm2", 128)).eval()
    names, rows = list(model.state_dict()), torch.randint(3, 100, (2, 9))
    before = model(rows).logits, model.generate(rows, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    keep_documents_apart(model, CPU)
    assert not any(type(module) is Lfm2ShortConv for module in model.modules())
    after = model(rows).logits, model.generate(rows, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    assert list(model.state_dict()) == names and all(map(torch.equal, before, after))


@pytest.mark.parametrize("bfloat16", [False, True])
def test_under_autocast_it_is_in_its_precision(bfloat16):
    model = AutoModelForCausalLM.from_config(tiny_config("lfm2", 128))
    keep_documents_apart(model, CPU)
    conv = model.model.layers[0].conv
    states = torch.randn(1, 12, 64)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16), torch.no_grad():
        packed = conv(states, seq_idx=torch.zeros(1, 12, dtype=torch.int32))
        alone = conv(states)
    assert packed.dtype == alone.dtype == (torch.bfloat16 if bfloat16 else torch.float32)
    assert (packed - alone).abs().max() <= (2e-2 if bfloat16 else 1e-6) * alone.abs().max()

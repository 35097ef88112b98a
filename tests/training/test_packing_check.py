"""Documents that share a row do not see one another, at the cost of each alone, or packing is refused."""

import pytest
import torch
from transformers import AutoModelForCausalLM, GemmaConfig

import luth.training.attention
from luth.checkpoints.families import packed_families
from luth.core.errors import UserError
from luth.training.packing_check import packing_error, require_exact_packing
from tests.conftest import tiny_config

CPU = torch.device("cpu")
GPU = pytest.param(
    torch.device("cuda"), marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: not shown here")
)


@pytest.mark.parametrize("device", [CPU, GPU])
@pytest.mark.parametrize("attention", ["varlen", "sdpa", "eager"])
@pytest.mark.parametrize("family", packed_families())
def test_packed_is_unpacked(family, attention, device):
    assert packing_error(tiny_config(family, 128), device, attention) < (2e-2 if device.type == "cuda" else 1e-4)


def test_lfm2_and_untested_families_are_refused():
    for config, facts in ((tiny_config("lfm2", 128), "LFM2 .*group_by_length"), (GemmaConfig(), "llama, .*gemma")):
        with pytest.raises(UserError, match=facts) as error:
            require_exact_packing(config, CPU)
        assert error.value.code == "unsupported-model"
    for family in packed_families():
        require_exact_packing(tiny_config(family, 128), CPU)


def inputs(documents):
    borders = torch.tensor([0, *documents]).cumsum(0).int()
    return {
        "input_ids": torch.arange(sum(documents))[None] % 100 + 3,
        "position_ids": torch.cat([torch.arange(length) for length in documents])[None],
        "cu_seq_lens_q": borders,
        "max_length_q": max(documents),
    }


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_gradients_of_a_pack_are_the_sum_of_its_documents(family):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config(family, 128), attn_implementation="varlen")
    pack = inputs([9, 1, 14])
    model(**pack, use_cache=False).logits.pow(2).sum().backward()
    packed = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad()
    model.set_attn_implementation("sdpa")
    for part in pack["input_ids"].split([9, 1, 14], dim=1):
        model(input_ids=part, use_cache=False).logits.pow(2).sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(packed[name], parameter.grad, rtol=1e-3, atol=1e-4)


def test_no_attention_spans_the_pack(monkeypatch):
    model = AutoModelForCausalLM.from_config(tiny_config("llama", 128), attn_implementation="varlen")
    lengths, sdpa = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        luth.training.attention.F,
        "scaled_dot_product_attention",
        lambda query, *args, **kwargs: lengths.append(query.shape[2]) or sdpa(query, *args, **kwargs),
    )
    model(**inputs([9, 1, 14]), use_cache=False)
    assert lengths == [9, 1, 14] * 2


def test_a_padded_batch_is_refused():
    model = AutoModelForCausalLM.from_config(tiny_config("llama", 128), attn_implementation="varlen")
    with pytest.raises(ValueError, match="packed or padding-free"):
        model(input_ids=torch.ones(2, 5, dtype=torch.long), attention_mask=torch.ones(2, 5), use_cache=False)


@pytest.mark.parametrize("device", [CPU, GPU])
def test_under_autocast_attention_is_in_its_precision_and_as_exact(device):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config("qwen3", 128), attn_implementation="varlen").to(device)
    pack = {key: value.to(device) if hasattr(value, "to") else value for key, value in inputs([9, 1, 14]).items()}
    seen = []
    hook = model.model.layers[0].self_attn.o_proj.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].dtype)
    )
    with torch.no_grad():
        exact = model(**pack, use_cache=False).logits if device.type == "cpu" else None
        with torch.autocast(device.type, dtype=torch.bfloat16):
            rounded = model(**pack, use_cache=False).logits
    hook.remove()
    assert seen[-1] == torch.bfloat16
    if exact is not None:
        assert (rounded - exact).abs().max() < 0.05 * exact.abs().max()

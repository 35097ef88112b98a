"""Documents that share a row do not see one another, at the cost of each alone, or packing is refused."""

import itertools

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, GemmaConfig, Mamba2Config

import luth.training.attention
from luth.checkpoints.families import families, packed_families
from luth.core.errors import UserError
from luth.training.attention import by_kernel, varlen_attention
from luth.training.packing_check import EXACT, packing_error, require_exact_packing, small_model
from tests.conftest import tiny_config

CPU = torch.device("cpu")
GPU = pytest.param(
    torch.device("cuda"), marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: not shown here")
)


@pytest.mark.parametrize("device", [CPU, GPU])
@pytest.mark.parametrize("attention", ["varlen", "sdpa", "eager"])
@pytest.mark.parametrize("family", packed_families())
def test_packed_is_unpacked(family, attention, device):
    """In logits and in gradients; the documents are longer than the windows."""
    assert max(packing_error(tiny_config(family, 128), device, attention)) < 2e-5 < EXACT


def test_families_that_mix_documents_are_refused():
    mamba = Mamba2Config(hidden_size=64, num_heads=8, head_dim=16, n_groups=1, num_hidden_layers=2, vocab_size=128)
    for config, attention, facts in (
        (tiny_config("qwen3_5_text", 128), "varlen", "qwen3_5_text .*causal_conv1d.*flash-linear-attention.*slower"),
        (mamba, "eager", "mamba2 .* mix .*group_by_length"),
        (Gemma2Config(hidden_size=64, num_attention_heads=4, head_dim=16), "varlen", "gemma2 .*softcap"),
        (GemmaConfig(attention_dropout=0.1), "varlen", "attention_dropout"),
    ):
        with pytest.raises(UserError, match=facts) as error:
            require_exact_packing(config, CPU, attention)
        assert error.value.code == "unsupported-model" and "\n" not in str(error.value)
    assert set(families()) - set(packed_families()) == {"qwen3_5_text"}


def test_a_family_that_nobody_tested_is_tried():
    sizes = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
    require_exact_packing(GemmaConfig(hidden_size=64, intermediate_size=96, **sizes), CPU, "varlen")
    require_exact_packing(tiny_config("smollm3", 128), CPU, "varlen")
    assert not {"gemma", "smollm3"} & set(families())


def test_a_convolution_that_reaches_over_the_borders_is_found(monkeypatch):
    monkeypatch.setattr("luth.training.packing_check.keep_documents_apart", lambda *_: None)
    config = tiny_config("lfm2", 128)
    with pytest.raises(UserError, match="causal_conv1d"):
        require_exact_packing(config, CPU)
    # As transformers' older versions had it: without a word.
    of_one = "transformers.models.lfm2.modeling_lfm2.causal_conv1d_fn"
    monkeypatch.setattr(of_one, lambda inputs, weight, bias, **_: inputs * weight[:, -1:] + inputs.roll(1, -1))
    with pytest.raises(UserError, match=r"lfm2 .*mix the documents"):
        require_exact_packing(config, CPU)


def test_the_trial_has_every_kind_of_layer_once_and_leaves_the_seed_alone():
    config = tiny_config("gemma3_text", 128)
    config.num_hidden_layers, config.layer_types = 6, ["sliding_attention"] * 5 + ["full_attention"]
    small = small_model(config, "varlen", torch.float32)
    assert small.config.layer_types == ["sliding_attention", "full_attention"] and len(small.model.layers) == 2
    assert config.num_hidden_layers == 6
    before, precision = torch.get_rng_state(), torch.backends.fp32_precision
    torch.backends.fp32_precision = "tf32"
    try:
        packing_error(config, CPU, "varlen")
        assert torch.backends.fp32_precision == "tf32"
    finally:
        torch.backends.fp32_precision = precision
    assert torch.equal(before, torch.get_rng_state())


def inputs(documents):
    borders = torch.tensor([0, *documents]).cumsum(0).int()
    return {
        "input_ids": torch.arange(sum(documents))[None] % 100 + 3,
        "position_ids": torch.cat([torch.arange(length) for length in documents])[None],
        "cu_seq_lens_q": borders,
        "max_length_q": max(documents),
    }


@pytest.mark.parametrize("window", [None, 1, 5, 40])
@pytest.mark.parametrize("grouped", [True, False])
def test_the_kernel_is_called_as_it_takes_it(grouped, window, monkeypatch):
    """The kernel's own arguments, with and without PyTorch 2.11's lack of grouped heads, computed one by one."""

    def attend(query, key, value, borders, longest, scale, window_size):
        attended = []
        for start, end in itertools.pairwise(borders):
            at = torch.arange(int(end - start))
            back = at[:, None] - at
            seen = (back >= 0) & ((back <= window_size[0]) | (window_size[0] < 0))
            scores = torch.einsum("qhd,khd->hqk", query[start:end], key[start:end]) * scale
            weights = scores.masked_fill(~seen, -torch.inf).softmax(-1)
            attended.append(torch.einsum("hqk,khd->qhd", weights, value[start:end]))
        return torch.cat(attended)

    def older(query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, *, scale=None, window_size=(-1, -1)):
        assert window_size[1] == 0 and max_q == max_k == 14 and torch.equal(cu_seq_q, cu_seq_k)
        return attend(query, key, value, cu_seq_q, max_q, scale, window_size)

    def newer(query, key, value, *more, enable_gqa=False, **other):
        assert enable_gqa
        repeated = [states.repeat_interleave(query.shape[1] // key.shape[1], dim=1) for states in (key, value)]
        return older(query, *repeated, *more, **other)

    monkeypatch.setattr("luth.training.attention.varlen_attn", newer if grouped else older)
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, heads, 24, 8) for heads in (4, 2, 2))
    borders = torch.tensor([0, 9, 10, 24], dtype=torch.int32)
    found = by_kernel(query, key, value, borders, 14, 0.3, window)
    module, more = torch.nn.Module(), {"cu_seq_lens_q": borders, "sliding_window": window, "scaling": 0.3}
    expected, _ = varlen_attention(module, query, key, value, None, **more)
    torch.testing.assert_close(found, expected)


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

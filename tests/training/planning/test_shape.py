import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MixtralConfig, Qwen3_5TextConfig, Qwen3Config

from luth.core.errors import UserError
from luth.training.planning.setting import adapter
from luth.training.planning.shape import Shape, shape_of
from tests.hub.stand_ins import MODELS

SMALL = {
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "vocab_size": 99,
}


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(**SMALL, num_key_value_heads=2, tie_word_embeddings=False),
        Qwen3Config(**SMALL, num_key_value_heads=2, head_dim=24, tie_word_embeddings=True),
    ],
)
def test_weights_are_counted_as_the_model_has_them(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shape = shape_of(config)
    assert shape.parameters == model.num_parameters()
    inner = [
        module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and "layers" in name
    ]
    assert shape.in_matrices == sum(module.weight.numel() for module in inner)


def test_linear_attention_is_counted_to_a_thousandth():
    config = Qwen3_5TextConfig(
        **SMALL | {"hidden_size": 512}, num_key_value_heads=2, linear_num_value_heads=4, linear_num_key_heads=4
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shape = shape_of(config)
    assert (shape.linear_layers, shape.attention_layers) == (3, 1)
    assert shape.parameters == pytest.approx(model.num_parameters(), rel=5e-3)


@pytest.mark.parametrize(
    ("name", "parameters"),
    # The Hub's numbers; Qwen3-0.6B's is that of benchmarks/sft_gpu.py's model.
    [
        ("LiquidAI/LFM2-350M", 354_483_968),
        ("LiquidAI/LFM2-700M", 742_489_344),
        ("LiquidAI/LFM2-1.2B", 1_170_340_608),
        ("Qwen/Qwen3-0.6B", 596_049_920),
    ],
)
def test_contracts_have_the_shapes_of_the_hub_s_models(name, parameters):
    assert MODELS[name].shape.parameters == parameters


def test_experts_are_no_shape():
    with pytest.raises(UserError) as error:
        shape_of(MixtralConfig(**SMALL, num_key_value_heads=2))
    assert error.value.code == "unsupported-model"


def test_an_adapter_has_two_thin_matrices_for_each_target():
    shape = Shape("llama", 2, 8, 16, 2, 1, 4, 32, True)
    assert adapter(shape, {"lora_r": 3, "lora_target_modules": ["q_proj", "down_proj"]}) == 2 * 3 * (
        (8 + 8) + (16 + 8)
    )
    everything = 3 * sum((matrix.inputs + matrix.outputs) * matrix.layers for matrix in shape.matrices)
    assert adapter(shape, {"lora_r": 3, "lora_target_modules": ["all-linear"]}) == everything

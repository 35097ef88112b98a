import pytest

from luth.core.devices import card_named
from luth.training.planning.footprint import MicroBatch
from luth.training.planning.setting import setting_of
from luth.training.planning.speed import time
from tests.training.planning.test_footprint import PACK, QWEN3, QWEN3_17B, RECIPE

# Milliseconds of a pack of 16,384 tokens, 7,900 of them trained, on one H200 (docs/gpu.md).
MEASURED = [
    (QWEN3, {}, 462),
    (QWEN3, {"gradient_checkpointing": False}, 350),
    (QWEN3, {"use_liger_kernel": True}, 430),
    (QWEN3, {"torch_compile": True}, 187),
    (QWEN3_17B, {}, 696),
]


def took(card="h100", batch=PACK, reach=900, shape=QWEN3, **changed):
    return time(shape, setting_of(RECIPE | changed, shape, "one process", 1), card_named(card), batch, reach)


@pytest.mark.parametrize(("shape", "changed", "measured"), MEASURED)
def test_a_pack_takes_what_was_measured(shape, changed, measured):
    found = took("h200", MicroBatch(16384, 7900), shape=shape, **changed)
    assert found.seconds * 1000 == pytest.approx(measured, rel=0.1)


def test_what_lies_between_products_costs_what_it_moves():
    plain, compiled = took(), took(torch_compile=True)
    assert plain.products == compiled.products and plain.head == compiled.head
    assert plain.elementwise > 5 * compiled.elementwise
    assert took(attn_implementation="sdpa").attention > 20 * plain.attention


def test_an_adapter_takes_about_as_long_as_all_weights():
    lora = {"use_peft": True, "lora_r": 32, "lora_target_modules": ["all-linear"], "dtype": "bfloat16"}
    assert took(**lora).seconds == pytest.approx(took().seconds, rel=0.2)


def test_a_slower_card_takes_longer_and_small_batches_wait_for_the_processor():
    assert took("a100").seconds > 1.5 * took("h100").seconds
    small = took(batch=MicroBatch(128, 64))
    assert small.seconds == small.least

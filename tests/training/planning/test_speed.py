import pytest

from luth.core.devices import card_named
from luth.training.planning.footprint import MicroBatch
from luth.training.planning.setting import setting_of
from luth.training.planning.speed import time
from tests.training.planning.test_footprint import PACK, QWEN3, RECIPE

BF16 = {"dtype": "bfloat16", "use_liger_kernel": True}
# Milliseconds of a pack: matrix products, elementwise, all. Counted by hand from the libraries' code, for an H100.
EXPECTED = [
    ({}, 99, 277, 460),
    ({"attn_implementation": "sdpa"}, 99, 277, 1970),
    ({"use_liger_kernel": True}, 99, 78, 264),
    (BF16, 99, 51, 227),
    (BF16 | {"gradient_checkpointing": False}, 74, 38, 181),
    ({"torch_compile": True}, 99, 53, 239),
    ({"torch_compile": True, "gradient_checkpointing": False}, 74, 40, 192),
]


def took(card="h100", batch=PACK, reach=1184, **changed):
    return time(QWEN3, setting_of(RECIPE | changed, QWEN3, "one process", 1), card_named(card), batch, reach)


@pytest.mark.parametrize(("changed", "products", "elementwise", "whole"), EXPECTED)
def test_a_pack_of_qwen3_takes_what_was_counted_by_hand(changed, products, elementwise, whole):
    found = took(**changed)
    assert found.products * 1000 == pytest.approx(products, rel=0.1)
    assert found.elementwise * 1000 == pytest.approx(elementwise, rel=0.15)
    assert found.seconds * 1000 == pytest.approx(whole, rel=0.1)


def test_an_adapter_takes_about_as_long_as_all_weights():
    lora = {"use_peft": True, "lora_r": 32, "lora_target_modules": ["all-linear"], "dtype": "bfloat16"}
    assert took(**lora).seconds == pytest.approx(took().seconds, rel=0.2)


def test_a_slower_card_takes_longer_and_small_batches_wait_for_the_processor():
    assert took("a100").seconds > 1.5 * took("h100").seconds
    small = took(batch=MicroBatch(128, 64))
    assert small.seconds == small.least

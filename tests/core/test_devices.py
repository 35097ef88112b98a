import pytest

from luth.core.devices import CARDS, GIB, card_named, this_card
from luth.core.errors import UserError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("h100", "H100"),
        ("a100", "A100 80GB"),
        ("a100-40gb", "A100 40GB"),
        ("A100 40", "A100 40GB"),
        ("a10", "A10"),
        ("4090", "RTX 4090"),
        ("RTX4090", "RTX 4090"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB"),
        ("NVIDIA A100 80GB PCIe", "A100 80GB"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GeForce RTX 3090", "RTX 3090"),
        ("NVIDIA RTX 6000 Ada Generation", "6000 Ada"),
        ("Tesla V100-SXM2-16GB", "V100 16GB"),
        ("Tesla T4", "T4"),
        ("AMD Instinct MI300X", "MI300X"),
    ],
)
def test_cards_go_by_their_names(text, name):
    assert card_named(text).name == name


@pytest.mark.parametrize("text", ["", "h10", "4080", "RTX 4090 Laptop GPU", "A100-SXM4-40GB MIG 1g.5gb"])
def test_another_card_is_no_card_of_the_table(text):
    with pytest.raises(UserError) as error:
        card_named(text)
    assert error.value.code == "bad-argument"


def test_the_nearest_card_is_named():
    with pytest.raises(UserError, match=r"did you mean 'h100'"):
        card_named("h10")


def test_every_name_names_its_own_card():
    assert [card_named(card.name) for card in CARDS] == list(CARDS)
    assert all(14 * GIB <= card.memory_bytes <= 300 * GIB for card in CARDS)


def test_cards_without_bfloat16_say_so():
    assert card_named("v100").bf16_flops is None and card_named("t4").bf16_flops is None


def test_a_cpu_is_no_card(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert this_card() is None

"""Cards: what a GPU holds and how fast it is, by the figures of its maker."""

import re
from dataclasses import dataclass

from luth.core.errors import UserError
from luth.core.recipes import nearest

GIB = 2**30

# Words of a card's name that say nothing of which one it is.
_MAKERS = re.compile(r"nvidia|geforce|rtx|tesla|quadro|amd|instinct", re.IGNORECASE)
# A part of a card, or another one of nearly the same name, with less of everything.
_OTHERS = {"mig", "laptop", "d", "mobile"}


@dataclass(frozen=True)
class Card:
    """One GPU.

    Attributes:
        name: as people say it: "H100", "A100 80GB", "RTX 4090".
        memory_bytes: what PyTorch finds on it, about: a little less than what is printed on the box.
        bf16_flops: dense products in bfloat16 a second, summed in fp32, without sparsity; None where the card has no
            bfloat16 units.
        bytes_per_second: to and from its own memory.
    """

    name: str
    memory_bytes: int
    bf16_flops: float | None
    bytes_per_second: float


def _card(name: str, gib: float, tera_flops: float | None, tera_bytes: float) -> Card:
    return Card(name, int(gib * GIB), tera_flops and tera_flops * 1e12, tera_bytes * 1e12)


# Peaks: the makers' data sheets and papers (NVIDIA's of Ampere, Ada, Hopper and Blackwell, AMD's of CDNA 3),
# half of a figure that is with sparsity. Memory: total_memory as PyTorch reports it, rounded down. Both were written
# down without the sheets at hand: `make gpu-check` measures the peaks of the card that it runs on.
# Where a name fits several cards (a100), the first is meant.
CARDS = (
    _card("B200", 178, 2250, 8.0),
    _card("GH200", 94, 989, 4.0),
    _card("H200", 139, 989, 4.8),
    _card("H100", 79, 989, 3.35),
    _card("H100 PCIe", 79, 756, 2.0),
    _card("H100 NVL", 93, 835, 3.9),
    _card("A100 80GB", 79, 312, 1.94),
    _card("A100 40GB", 39, 312, 1.55),
    _card("A40", 44, 150, 0.70),
    _card("A10", 22, 125, 0.60),
    _card("A10G", 22, 70, 0.60),
    _card("L40S", 44, 362, 0.864),
    _card("L40", 44, 181, 0.864),
    _card("L4", 22, 121, 0.30),
    _card("A6000", 47, 155, 0.768),
    _card("6000 Ada", 47, 364, 0.96),
    _card("PRO 6000 Blackwell", 94, 504, 1.79),
    _card("RTX 5090", 31, 209, 1.79),
    _card("RTX 4090", 23.5, 165, 1.01),
    _card("RTX 3090", 23.5, 71, 0.936),
    _card("V100 32GB", 31.5, None, 0.90),
    _card("V100 16GB", 15.7, None, 0.90),
    _card("T4", 14.5, None, 0.32),
    _card("MI300X", 191, 1307, 5.3),
    _card("MI325X", 255, 1307, 6.0),
)


def card_named(text: str) -> Card:
    """Return the card that a person or PyTorch calls `text`: "h100", "RTX 4090", "NVIDIA A100-SXM4-40GB".

    Raises:
        UserError: bad-argument, where no card of the table fits; the message names the nearest.
    """
    asked = _words(text)
    # The most words in common: "H100 PCIe" before "H100".
    fitting = sorted((card for card in CARDS if _words(card.name) <= asked), key=lambda card: -len(_words(card.name)))
    if not fitting and asked:
        fitting = [card for card in CARDS if all({word, f"{word}gb"} & _words(card.name) for word in asked)]
    if fitting and not asked & _OTHERS:
        return fitting[0]
    names = [card.name for card in CARDS]
    bare = [_MAKERS.sub("", name).strip().lower() for name in names]
    raise UserError(
        "bad-argument",
        f"--gpu: {text!r} is no card of the table{nearest(text.lower(), bare)}; it has "
        f"{', '.join(names)}. Another one is a line in src/luth/core/devices.py",
    )


def this_card() -> Card | None:
    """Return the card of this process; None on a CPU, and for a card that the table does not have."""
    import torch

    if not torch.cuda.is_available():
        return None
    try:
        return card_named(torch.cuda.get_device_name())
    except UserError:
        return None


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", _MAKERS.sub(" ", name.lower())))

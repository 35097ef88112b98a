"""The model families that Luth is tested with. To add one: an entry here, a training template, a test."""

from dataclasses import dataclass

from transformers import PretrainedConfig


@dataclass(frozen=True)
class Family:
    """A family of models.

    Parameters:
        model_type (`str`): its name in a model's config.json.
        packed (`bool`): documents that share a row cannot see one another, so that packing changes no logit. That
            holds where layers mix positions by attention alone. tests/training/test_packing_check.py shows it for
            training and tests/evaluation/test_inference.py for inference.
    """

    model_type: str
    packed: bool


FAMILIES = (
    Family("llama", packed=True),
    Family("qwen2", packed=True),
    Family("qwen3", packed=True),
    # Its short convolution reaches over the borders of documents.
    Family("lfm2", packed=False),
)


def families() -> list[str]:
    """Return the names of all families."""
    return [family.model_type for family in FAMILIES]


def packed_families() -> list[str]:
    """Return the names of the families that can be packed."""
    return [family.model_type for family in FAMILIES if family.packed]


def all_full_attention(config: PretrainedConfig) -> bool:
    """Tell whether a model is of a family that can be packed, and none of its layers has a sliding window."""
    kinds = getattr(config, "layer_types", None) or ["full_attention"]
    return config.model_type in packed_families() and set(kinds) == {"full_attention"}

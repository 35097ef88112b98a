"""The model families that Luth is tested with. To add one: an entry here, a training template, a test."""

from dataclasses import dataclass

from transformers import PretrainedConfig


@dataclass(frozen=True)
class Family:
    """A family of models, and what the tests found out about it.

    Parameters:
        model_type (`str`): its name in a model's config.json.
        packed (`bool`): training documents that share a row cannot see one another, so that packing changes no logit
            and no gradient (tests/training/test_packing_check.py). The same is tried before every packed training.
        side_by_side (`bool`): inference may put prompts and continuations side by side. That holds where layers mix
            positions by full attention alone (tests/evaluation/test_inference.py).
    """

    model_type: str
    packed: bool
    side_by_side: bool


FAMILIES = (
    Family("llama", packed=True, side_by_side=True),
    Family("qwen2", packed=True, side_by_side=True),
    Family("qwen3", packed=True, side_by_side=True),
    # Some of its layers have a sliding window, or all.
    Family("gemma3_text", packed=True, side_by_side=False),
    Family("phi3", packed=True, side_by_side=False),
    # Its short convolution takes the borders of documents in training; inference has no such form.
    Family("lfm2", packed=True, side_by_side=False),
    # Without the packages fla and causal_conv1d its recurrent layers run on from one document into the next.
    Family("qwen3_5_text", packed=False, side_by_side=False),
)


def families() -> list[str]:
    """Return the names of all families."""
    return [family.model_type for family in FAMILIES]


def packed_families() -> list[str]:
    """Return the names of the families that can be packed."""
    return [family.model_type for family in FAMILIES if family.packed]


def side_by_side_families() -> list[str]:
    """Return the names of the families whose inference may put sequences side by side."""
    return [family.model_type for family in FAMILIES if family.side_by_side]


def all_full_attention(config: PretrainedConfig) -> bool:
    """Tell whether inference may put a model's sequences side by side: none of its layers has a sliding window."""
    kinds = getattr(config, "layer_types", None) or ["full_attention"]
    return config.model_type in side_by_side_families() and set(kinds) == {"full_attention"}

"""A model's shape: how many weights it has, and in which matrices."""

from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, PositiveInt

from luth.core.errors import UserError

# Families that norm queries and keys, and those whose query projection holds a gate of the same width.
QUERY_NORM = ("qwen3", "qwen3_5", "qwen3_5_text", "lfm2", "gemma3", "gemma3_text")
QUERY_GATE = ("qwen3_5", "qwen3_5_text")
FOUR_NORMS = ("gemma3", "gemma3_text", "gemma2")
LINEAR_CONVOLUTION = 4


@dataclass(frozen=True)
class Matrix:
    """The matrices of one name in all layers that have it.

    Attributes:
        name: of the module, as LoRA's targets name it.
        inputs, outputs: its widths.
        layers: how many layers have one.
        reads: what it reads, so that matrices with one input are seen to share it.
    """

    name: str
    inputs: int
    outputs: int
    layers: int
    reads: str

    @property
    def weights(self) -> int:
        """Over all layers."""
        return self.inputs * self.outputs * self.layers


@dataclass(frozen=True)
class Shape:
    """A decoder-only language model.

    Parameters:
        family: model_type in config.json.
        layers: all of them: with attention, with a short convolution, with linear attention.
        hidden: width of the residual stream.
        intermediate: inner width of the layers' MLP.
        heads, kv_heads, head_dim: of attention.
        vocabulary: rows of the embeddings.
        tied: whether the output layer is the embedding.
        conv_layers: layers with a short convolution in attention's place (LFM2).
        linear_layers: layers with linear attention in its place (Qwen3.5).
        linear_key, linear_value: widths of linear attention's keys and values, over all heads.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    family: str
    layers: PositiveInt
    hidden: PositiveInt
    intermediate: PositiveInt
    heads: PositiveInt
    kv_heads: PositiveInt
    head_dim: PositiveInt
    vocabulary: PositiveInt
    tied: bool
    conv_layers: int = 0
    linear_layers: int = 0
    linear_key: int = 0
    linear_value: int = 0

    @property
    def attention_layers(self) -> int:
        """Layers with softmax attention."""
        return self.layers - self.conv_layers - self.linear_layers

    @property
    def queries(self) -> int:
        """Width of all queries."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all keys, and of all values."""
        return self.kv_heads * self.head_dim

    @property
    def query_norm(self) -> bool:
        """Whether queries and keys are normed."""
        return self.family in QUERY_NORM

    @property
    def matrices(self) -> list[Matrix]:
        """The matrices of the layers; embeddings and output projection are none of them."""
        hidden, inner = self.hidden, self.intermediate
        attention, convolution, linear = self.attention_layers, self.conv_layers, self.linear_layers
        gate, up, down = ("w1", "w3", "w2") if self.family == "lfm2" else ("gate_proj", "up_proj", "down_proj")
        found = [
            Matrix("q_proj", hidden, self.queries * (2 if self.family in QUERY_GATE else 1), attention, "normed"),
            Matrix("k_proj", hidden, self.keys, attention, "normed"),
            Matrix("v_proj", hidden, self.keys, attention, "normed"),
            Matrix("out_proj" if self.family == "lfm2" else "o_proj", self.queries, hidden, attention, "attended"),
            Matrix("in_proj", hidden, 3 * hidden, convolution, "normed"),
            Matrix("out_proj", hidden, hidden, convolution, "convolved"),
            Matrix("in_proj_qkv", hidden, 2 * self.linear_key + self.linear_value, linear, "normed"),
            Matrix("in_proj_z", hidden, self.linear_value, linear, "normed"),
            Matrix("out_proj", self.linear_value, hidden, linear, "attended linearly"),
            Matrix(gate, hidden, inner, self.layers, "normed again"),
            Matrix(up, hidden, inner, self.layers, "normed again"),
            Matrix(down, inner, hidden, self.layers, "gated"),
        ]
        return [matrix for matrix in found if matrix.layers]

    @property
    def in_matrices(self) -> int:
        """Weights of the layers' matrices."""
        return sum(matrix.weights for matrix in self.matrices)

    @property
    def head(self) -> int:
        """Weights of the output projection."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All weights, a tied matrix counted once. Exact for Llama, Qwen3 and LFM2; biases are left out."""
        norms = self.layers * self.hidden * (4 if self.family in FOUR_NORMS else 2) + self.hidden
        norms += self.attention_layers * 2 * self.head_dim if self.query_norm else 0
        convolutions = self.conv_layers * self.hidden * 3
        convolutions += self.linear_layers * LINEAR_CONVOLUTION * (2 * self.linear_key + self.linear_value)
        return self.head * (1 if self.tied else 2) + self.in_matrices + norms + convolutions


def shape_of(config: Any) -> Shape:
    """Read a shape from a model's configuration.

    Args:
        config: what `AutoConfig.from_pretrained` returns; of a model of text and pictures its text part counts.

    Raises:
        UserError: unsupported-model, where the arithmetic does not know such a model: experts, other layers.
    """
    text = config.get_text_config()
    kinds = getattr(text, "layer_types", None) or ["full_attention"] * getattr(text, "num_hidden_layers", 0)
    if getattr(text, "num_experts", None) or getattr(text, "num_local_experts", None):
        raise UserError("unsupported-model", f"the plan knows no experts, which {config.model_type} has")
    try:
        heads = text.num_attention_heads
        return Shape(
            family=str(text.model_type),
            layers=len(kinds),
            hidden=text.hidden_size,
            intermediate=_intermediate(text),
            heads=heads,
            kv_heads=getattr(text, "num_key_value_heads", None) or heads,
            head_dim=getattr(text, "head_dim", None) or text.hidden_size // heads,
            vocabulary=text.vocab_size,
            tied=bool(text.tie_word_embeddings),
            conv_layers=kinds.count("conv"),
            linear_layers=kinds.count("linear_attention"),
            linear_key=getattr(text, "linear_num_key_heads", 0) * getattr(text, "linear_key_head_dim", 0),
            linear_value=getattr(text, "linear_num_value_heads", 0) * getattr(text, "linear_value_head_dim", 0),
        )
    except AttributeError as error:
        raise UserError(
            "unsupported-model", f"the plan does not know the shape of the family {config.model_type}: {error}"
        ) from error


def _intermediate(text: Any) -> int:
    """LFM2's files may give a width of which two thirds, rounded up, are used (Lfm2MLP)."""
    width = text.intermediate_size
    if not getattr(text, "block_auto_adjust_ff_dim", False):
        return width
    width = int((text.block_ffn_dim_multiplier or 1) * int(2 * width / 3))
    return -(-width // text.block_multiple_of) * text.block_multiple_of

"""The keys of scripts/sft.py: ours, and which of SFTConfig's are refused or narrower here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from trl import SFTConfig

from luth.training.arguments import Arguments, LuthArguments, ScriptKeys, Settings
from luth.training.attention import VARLEN


@dataclass
class SFTKeys(LuthArguments):
    """The keys that are ours.

    Parameters:
        max_dropped_fraction (`float`, *optional*, defaults to `0.01`):
            Share of a source's rows that may be left out, because they are longer than `max_length` or no
            conversations. More than that stops the run before training.
        preview (`int`, *optional*):
            Print this many rows with their tokens coloured by mask, and the data report; train nothing.
    """

    max_dropped_fraction: Annotated[float, Field(ge=0, le=1)] = 0.01
    # Strict: pydantic would take `preview: true` for 1.
    preview: Annotated[int, Field(ge=0, strict=True)] | None = None


TOKENISED_HERE = "rows are tokenised and masked here, by chat_template_path"
LOSS = "the loss is the mean negative log-likelihood of the trained tokens"


def _conflicts(settings: Settings) -> Iterator[str]:
    packed = settings.get("packing") or settings.get("padding_free")
    if settings.get("assistant_only_loss") is not True:
        yield "set assistant_only_loss: true: only assistant turns are trained"
    if settings.get("attn_implementation") == VARLEN and not packed:
        yield f"attn_implementation: {VARLEN} is for packing: true or padding_free: true"
    if settings.get("packing") and settings.get("max_length", 1024) is None:
        yield "packing: true needs max_length, the length of a pack"
    if packed and settings.get("pad_to_multiple_of"):
        yield "pad_to_multiple_of pads, which packing: true and padding_free: true do without"
    if settings.get("fp16"):
        yield "fp16: the loss makes its gradients before fp16 would scale them: set bf16: true"


SFT = ScriptKeys(
    SFTConfig,
    SFTKeys,
    required=("chat_template_path",),
    refused={
        "dataset_kwargs": TOKENISED_HERE,
        "dataset_text_field": TOKENISED_HERE,
        "completion_only_loss": TOKENISED_HERE,
        "shuffle_dataset": "train_sampling_strategy decides the order",
        "truncation_mode": "rows are never cut: those longer than max_length are dropped and counted",
        "eval_packing": "the held-out rows are evaluated one by one",
        "loss_type": LOSS,
        "label_smoothing_factor": LOSS,
        "average_tokens_across_devices": LOSS,
        "data_seed": "seed decides the order of the rows",
    },
    narrowed={
        "packing_strategy": (Literal["bfd"], "packing_strategy: only bfd packs whole rows"),
        "train_sampling_strategy": (
            Literal["random", "group_by_length", "sequential"],
            "train_sampling_strategy is random, group_by_length or sequential: batch_rebalance makes the batches "
            "depend on the processes",
        ),
    },
    conflicts=_conflicts,
)
SFTArguments = Arguments[SFTConfig, SFTKeys]

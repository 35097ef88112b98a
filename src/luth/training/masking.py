"""Which tokens are trained: the assistant's turns with their end-of-turn token, and nothing else."""

from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from luth.errors import UserError

IGNORED = -100


def read_training_template(path: str) -> str:
    """Read a .jinja chat template with generation markers.

    Raises:
        UserError: the file is missing or has no markers, so that nothing or everything would be trained.
    """
    try:
        template = Path(path).read_text(encoding="utf-8")
    except OSError:
        raise UserError(f"chat_template_path: {path}: no such file: see src/luth/templates/") from None
    if "generation" not in template or "endgeneration" not in template:
        raise UserError(f"{path} has no {{% generation %}} markers: which tokens to train cannot be known")
    return template


def mask(messages: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase, template: str) -> dict[str, list[int]]:
    """Tokenise one conversation.

    Returns:
        `input_ids` and `labels`, both of the conversation's length in tokens; a label is the token itself where it
        is trained, else -100 (as PyTorch's cross-entropy and TRL's collator take it).
    """
    encoded = tokenizer.apply_chat_template(
        messages, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
    )
    ids = encoded["input_ids"]
    trained = encoded["assistant_masks"]
    return {
        "input_ids": ids,
        "labels": [token if on else IGNORED for token, on in zip(ids, trained, strict=True)],
    }


def tokenize(
    rows: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    max_length: int | None,
    num_proc: int | None = None,
) -> tuple[Dataset, dict[str, int]]:
    """Tokenise and mask all rows; those longer than `max_length` tokens are dropped, never cut.

    Returns:
        the rows as `input_ids` and `labels`, and counts: rows, dropped_too_long, tokens, trained_tokens.

    Raises:
        UserError: no row is left, or a row has no trained token.
    """
    done = rows.map(
        lambda row: mask(row["messages"], tokenizer, template),
        remove_columns=rows.column_names,
        num_proc=num_proc,
        desc="Tokenising",
    )
    kept = done
    if max_length is not None:
        kept = done.filter(lambda row: len(row["input_ids"]) <= max_length, num_proc=num_proc, desc="Checking lengths")
    if len(kept) == 0:
        raise UserError(f"every row is longer than max_length {max_length}: raise it, or shorten the rows")
    trained = [sum(label != IGNORED for label in labels) for labels in kept["labels"]]
    if min(trained) == 0:
        row = trained.index(0) + 1
        raise UserError(f"{trained.count(0)} rows have no trained token (the first: row {row}): check the template")
    counts = {
        "rows": len(kept),
        "dropped_too_long": len(done) - len(kept),
        "tokens": sum(len(ids) for ids in kept["input_ids"]),
        "trained_tokens": sum(trained),
    }
    return kept, counts

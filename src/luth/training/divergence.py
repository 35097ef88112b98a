"""A loss that is not a number: the error, and the rows that caused it."""

from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.training.mixture import Rows

EXAMPLES = 8


class NotFinite(Exception):
    """The loss is no longer a number; `inputs` is the micro-batch it was computed on."""

    def __init__(self, loss: float, inputs: dict[str, Any]) -> None:
        """`loss` in nats per token."""
        super().__init__(f"the loss is {loss}")
        self.loss = loss
        self.inputs = inputs


def diverged(error: NotFinite, step: int, rows: Rows, checkpoint: Path | None) -> UserError:
    """Return the error that stops the run.

    Args:
        error: what the trainer raised.
        step: the optimiser step, from 1, that was not finished.
        rows: the run's rows.
        checkpoint: the last whole checkpoint, if there is one.
    """
    kept = f"the last good checkpoint is {checkpoint}" if checkpoint else "there is no checkpoint yet"
    return UserError(
        "diverged",
        f"the loss is {error.loss} at step {step}, in the batch of {'; '.join(rows_of(error.inputs, rows))}: stopped; "
        f"{kept}: look at these rows, or lower learning_rate or max_grad_norm, with another output_dir",
    )


def rows_of(inputs: dict[str, Any], rows: Rows) -> list[str]:
    """Name the training rows in a micro-batch, padded, padding-free or packed, by looking up their tokens."""
    documents = set(_documents(inputs))
    lengths = {len(document) for document in documents}
    candidates = (rows.train[at] for at, length in enumerate(rows.train["length"]) if length in lengths)
    names = [rows.name(row) for row in candidates if tuple(row["input_ids"]) in documents]
    return names[:EXAMPLES] + ([f"and {len(names) - EXAMPLES} more"] if len(names) > EXAMPLES else [])


def _documents(inputs: dict[str, Any]) -> list[tuple[int, ...]]:
    ids = inputs["input_ids"].cpu()
    if "cu_seq_lens_q" in inputs:
        return [tuple(part.tolist()) for part in ids[0].split(inputs["cu_seq_lens_q"].cpu().diff().tolist())]
    return [
        tuple(row[: int(keep.sum())].tolist()) for row, keep in zip(ids, inputs["attention_mask"].cpu(), strict=True)
    ]

"""Which rows made the loss something other than a number."""

from typing import Any

from luth.training.mixture import Rows

SHOWN = 8


def rows_of(inputs: dict[str, Any], rows: Rows) -> list[str]:
    """Name the training rows in a micro-batch, padded, padding-free or packed, by looking their tokens up."""
    wanted = set(_documents(inputs))
    lengths = {len(document) for document in wanted}
    found = []
    for at, length in enumerate(rows.train["length"]):
        if length in lengths and tuple(rows.train[at]["input_ids"]) in wanted:
            found.append(rows.name(rows.train[at]))
    return found[:SHOWN] + ([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])


def _documents(inputs: dict[str, Any]) -> list[tuple[int, ...]]:
    ids = inputs["input_ids"].cpu()
    if "cu_seq_lens_q" in inputs:
        return [tuple(part.tolist()) for part in ids[0].split(inputs["cu_seq_lens_q"].cpu().diff().tolist())]
    return [
        tuple(row[: int(keep.sum())].tolist()) for row, keep in zip(ids, inputs["attention_mask"].cpu(), strict=True)
    ]

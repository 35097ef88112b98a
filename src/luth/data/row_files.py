"""Rows between steps: JSON lines, one file for each task, and counts of what was kept and rejected."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from luth.core.files import write_json, write_text

# In a step's folder: why a request was last sent again.
TROUBLE = "trouble.txt"


class RowWriter(JsonlWriter):
    """Writes a step's rows, or its rejected rows, and on closing `counts/RANK.json`.

    Rows, tokens and costs are counted by part, and for rejected rows by reason as well.
    """

    def __init__(self, folder: Path, filename: str = "${rank}.jsonl") -> None:
        """Write `folder/RANK.jsonl`, or files of other names, with datatrove's placeholders."""
        super().__init__(str(folder), filename, compression=None, adapter=_lean)
        self.folder, self._rank = folder, 0
        self._counts: dict[tuple[str, str], Counter[str]] = {}

    def write(self, document: Document, rank: int = 0, **names: Any) -> None:
        """Write and count one row."""
        super().write(document, rank, **names)
        self._rank = rank
        metadata = document.metadata
        counts = self._counts.setdefault((metadata["part"], metadata.get("filter_reason", "")), Counter())
        counts.update(rows=1, tokens=metadata.get("tokens", 0))
        for step, cost in metadata.get("cost", {}).items():
            counts.update({f"{step}: {name}": value for name, value in cost.items()})

    def close(self) -> None:
        """Close the file, and write what was counted."""
        super().close()
        counts = [{"part": part, "reason": reason, **count} for (part, reason), count in sorted(self._counts.items())]
        # A task learns its rank with its first row.
        if counts:
            write_json(self.folder / "counts" / f"{self._rank:05d}.json", counts)


def _lean(_: JsonlWriter, document: Document) -> dict[str, Any]:
    # dataclasses.asdict, datatrove's default, copies every message.
    return {"text": document.text, "id": document.id, "metadata": document.metadata}


def answered_writer(folder: Path) -> JsonlWriter:
    """Return a writer of documents with their answers, in files named as datatrove's checkpoints need them."""
    return JsonlWriter(str(folder), "${rank}_${chunk_index}.jsonl", compression=None, adapter=_lean)


def reader(folders: list[Path], listing: Path) -> JsonlReader:
    """Return a reader of the rows in some folders; each task reads its share of the files.

    Args:
        folders: all under the parent of `listing`'s folder.
        listing: the file to write the files' names to.
    """
    root = listing.parent.parent
    paths = [path.relative_to(root) for folder in folders for path in sorted(folder.glob("*.jsonl"))]
    write_text(listing, "".join(f"{path}\n" for path in paths))
    return JsonlReader(str(root), paths_file=str(listing), compression=None, add_file_path=False)


def read_counts(folder: Path) -> list[dict[str, Any]]:
    """Return what a folder's writers counted, summed over tasks: part, reason, rows, tokens, costs."""
    totals: dict[tuple[str, str], Counter[str]] = {}
    for path in sorted((folder / "counts").glob("*.json")):
        for counts in json.loads(path.read_text("utf-8")):
            group = (counts.pop("part"), counts.pop("reason"))
            totals.setdefault(group, Counter()).update(counts)
    return [{"part": part, "reason": reason, **counts} for (part, reason), counts in sorted(totals.items())]

"""Reads sources as conversations: a dataset on the Hub, or parquet, JSON and csv files."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers import JsonlWriter
from huggingface_hub.errors import HfHubHTTPError

from luth.core.errors import UserError, about
from luth.core.files import sha256
from luth.core.text import plain
from luth.data.part import Read
from luth.data.sources.conversations import as_kept, conversation, document, shown
from luth.rows.bad_row import BadRow
from luth.rows.file_formats import BLOCK, Block, file_blocks, files_named, require_format
from luth.rows.opening import as_written, column_names, loading, open_dataset


class ReadRows(PipelineStep):
    """Make every row of a source a document, or a rejected one with its reason.

    Each task reads one block of rows out of as many blocks as there are tasks.
    """

    type = "📖 - READER"
    name = "Rows"

    def __init__(self, part: str, read: Read, answered: bool, rejected: JsonlWriter) -> None:
        """Open nothing yet; `answered`: whether a conversation must end with an answer."""
        super().__init__()
        self.part, self.read, self.answered, self.rejected = part, read, answered, rejected

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give this task's share of the rows, `BLOCK` of every `BLOCK * world_size`."""
        with self.rejected:
            for number, row in source_rows(self.read, rank, world_size):
                result = self._document(row)
                if isinstance(result, Document):
                    yield result
                    continue
                text = plain(shown(row.row if isinstance(row, BadRow) else row)[:2000]) or "-"
                metadata = {"part": self.part, "filter_reason": result}
                self.rejected.write(Document(text, f"{self.part}-{number}", metadata=metadata), rank)

    def _document(self, row: Any) -> Document | str:
        """Return a row's document, or why there is none."""
        if isinstance(row, BadRow):
            return str(row)
        try:
            messages = conversation(row, self.read.columns)
        except BadRow as reason:
            return str(reason)
        if self.answered and messages[-1]["role"] != "assistant":
            return "no answer at the end"
        if sum(len(message["content"]) for message in messages) > self.read.max_characters:
            return f"longer than {self.read.max_characters} characters"
        if any(message["content"] != plain(message["content"]) for message in messages):
            return "invalid UTF-8"
        return document(messages, self.part, {column: as_kept(row.get(column)) for column in self.read.keep})


def require_source(part: str, read: Read) -> None:
    """Raise `UserError` unless a source can be opened, has rows, and has the columns that the recipe names."""
    try:
        if local_files(read.path) and (read.name or read.revision or read.split != "train"):
            raise UserError(
                "bad-dataset", f"{read.path}: name, split and revision are a Hub dataset's: leave them out for files"
            )
        _, row = next((number, row) for number, row in source_rows(read, 0, 1) if isinstance(row, dict))
    except StopIteration:
        raise UserError("bad-dataset", f"parts: {part}: read: {read.path} has no readable row") from None
    except UserError as error:
        raise UserError(error.code, f"parts: {part}: read: {error}") from None
    for column in [*read.columns.values(), *read.keep]:
        if column not in row:
            line = f"parts: {part}: read: {read.path} has no column {column!r}: it has {', '.join(map(str, row))}"
            raise UserError("bad-dataset", line)


def local_files(path: str) -> list[Path]:
    """Return the files of this machine that a source's path means, sorted; none where it is a dataset on the Hub."""
    files = files_named(path)
    for file in files:
        require_format(file)
    return files


def pinned(read: Read, before: str | None) -> tuple[Read, str]:
    """Fix a source, so that all tasks and all starts of a build read the same rows.

    Args:
        read: the recipe's.
        before: the fingerprint that an earlier start of this build returned, if there was one.

    Returns:
        The source to read, and its fingerprint. For files and folders: `read` itself, and their SHA-256. For a dataset
        on the Hub: `read` at the commit of its revision, or at the earlier start's commit, and that commit's name.
        Offline, what the cache holds.
    """
    files = local_files(read.path)
    if Path(read.path).is_dir():
        files = sorted(path for path in Path(read.path).rglob("*") if path.is_file())
    if files:
        return read, sha256(*files)
    source = f"{read.path}, {read.revision or 'main'}"
    if before is not None and not before.startswith(f"{source}@"):
        # The recipe named another source at the time.
        before = None
    commit = before.rpartition("@")[2] if before else read.revision or "main"
    if not before and not huggingface_hub.constants.HF_HUB_OFFLINE:
        try:
            with about(read.path):
                commit = str(huggingface_hub.HfApi().dataset_info(read.path, revision=read.revision).sha)
        except HfHubHTTPError as error:
            raise UserError("bad-dataset", f"{read.path}: {error}") from None
    return dataclasses.replace(read, revision=commit), f"{source}@{commit}"


def source_rows(read: Read, rank: int, world_size: int) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    """Give a task's rows with their numbers, from 0; a row that cannot be read is a `BadRow`."""
    start = 0
    for number, (size, rows) in enumerate(_blocks(read)):
        if read.limit is not None:
            size = min(size, read.limit - start)
        if size <= 0:
            return
        if number % world_size == rank:
            yield from zip(range(start, start + size), rows(), strict=False)
        start += size


def _blocks(read: Read) -> Iterator[Block]:
    files = local_files(read.path)
    if not files:
        yield from _hub(read)
    for file in files:
        yield from file_blocks(file, require_format(file))


def _hub(read: Read) -> Iterator[Block]:
    # Errors are printed in one line, not by the library's log as well.
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    with loading(read.path):
        rows = open_dataset(read.path, read.name, read.split, read.revision)
    columns = column_names(rows)
    for start in range(0, len(rows), BLOCK):
        block = range(start, min(start + BLOCK, len(rows)))
        yield len(block), lambda block=block: (as_written(row, columns) for row in rows.select(block))

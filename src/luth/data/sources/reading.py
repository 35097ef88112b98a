"""Reads sources as conversations: a dataset on the Hub, or parquet, jsonl and csv files."""

import codecs
import csv
import dataclasses
import glob
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import orjson
import pyarrow as pa
import pyarrow.parquet as parquet
from datasets.exceptions import DatasetGenerationError
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers import JsonlWriter
from huggingface_hub.errors import HfHubHTTPError

from luth.core.errors import UserError, about
from luth.core.files import sha256
from luth.core.text import plain
from luth.data.part import Read
from luth.data.sources.conversations import BadRow, as_kept, conversation, document, shown

# Each task reads one block of rows out of as many blocks as there are tasks.
BLOCK = 1000
SUFFIXES = (".parquet", ".jsonl", ".csv")
# A path with one of these means a file: no dataset on the Hub has such a name.
OTHER_SUFFIXES = (".json", ".txt", ".tsv", ".xlsx", ".arrow", ".gz", ".zst", ".zip")
# A csv field, such as a whole conversation, may be longer than Python's csv allows by itself.
csv.field_size_limit(1 << 30)
# The number of rows in a block, and a function that reads them.
Block = tuple[int, Callable[[], Iterable[dict[str, Any] | BadRow]]]


class ReadRows(PipelineStep):
    """Make every row of a source a document, or a rejected one with its reason."""

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
            is_one = len(row) == 1 and ".csv" in read.path
            comma = ": the columns of a csv file must be separated by commas" if is_one else ""
            raise UserError("bad-dataset", line + comma)


def means_files(path: str) -> bool:
    """Tell whether a source's path means files, even if they do not exist."""
    return Path(path).suffix in (*SUFFIXES, *OTHER_SUFFIXES) or glob.has_magic(path)


def local_files(path: str) -> list[Path]:
    """Return the files of this machine that a source's path means, sorted; none where it is a dataset on the Hub."""
    files = sorted(Path(name) for name in glob.glob(path, recursive=True) if Path(name).is_file())
    if not files and means_files(path):
        line = f"{path}: no such file (paths are from the folder where the command is started)"
        raise UserError("bad-dataset", line)
    for file in files:
        if file.suffix not in SUFFIXES:
            raise UserError("bad-dataset", f"{file} is none of {', '.join(SUFFIXES)}")
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
        with about(str(file)):
            yield from {".parquet": _parquet, ".jsonl": _jsonl, ".csv": _csv}[file.suffix](file)


def _parquet(file: Path) -> Iterator[Block]:
    try:
        names = parquet.read_schema(file).names
        if len(set(names)) < len(names):
            raise UserError("bad-dataset", f"{file} has two columns of one name: {', '.join(names)}")
        for batch in parquet.ParquetFile(file).iter_batches(BLOCK):
            yield batch.num_rows, lambda batch=batch: _parquet_rows(batch)
    except (OSError, ValueError) as error:
        raise UserError("bad-dataset", f"{file} is no parquet file, or a damaged one: {error}") from None


def _parquet_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | BadRow]:
    try:
        yield from batch.to_pylist()
    except (UnicodeDecodeError, OverflowError):
        for row in range(batch.num_rows):
            try:
                yield from batch.slice(row, 1).to_pylist()
            except UnicodeDecodeError:
                yield BadRow("invalid UTF-8")
            except OverflowError:
                yield BadRow("a value that is out of range")


def _jsonl(file: Path) -> Iterator[Block]:
    with open(file, "rb") as lines:
        # Some editors put a mark before the first line.
        lines.seek(3 if lines.read(3) == codecs.BOM_UTF8 else 0)
        while block := list(itertools.islice(lines, BLOCK)):
            yield len(block), lambda block=block: map(_parsed, block)


def _parsed(line: bytes) -> dict[str, Any] | BadRow:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if not line.strip():
            return BadRow("a blank line")
        return BadRow("invalid UTF-8" if "UTF-8" in str(error) else "no JSON", line.decode("utf-8", "replace"))
    return row if isinstance(row, dict) else BadRow("no JSON object", line.decode("utf-8"))


def _csv(file: Path) -> Iterator[Block]:
    # Bytes that are not UTF-8 are kept as surrogates, so that each such row is rejected by itself.
    with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        rows = _csv_rows(csv.DictReader(lines, strict=True))
        while block := list(itertools.islice(rows, BLOCK)):
            yield len(block), block.__iter__


def _csv_rows(rows: csv.DictReader) -> Iterator[dict[str, Any] | BadRow]:
    while True:
        try:
            row = next(rows)
            yield BadRow("more fields than columns", shown(row)) if None in row else row
        except csv.Error:
            yield BadRow("quotes that do not match")
        except StopIteration:
            return


def _hub(read: Read) -> Iterator[Block]:
    # Errors are printed in one line, not by the library's log as well.
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        with about(read.path):
            rows: Any = datasets.load_dataset(read.path, read.name, split=read.split, revision=read.revision)
    except DatasetGenerationError as error:
        raise UserError(
            "bad-dataset", f"{read.path} cannot be read as a dataset: {error.__cause__ or error}"
        ) from None
    except (ValueError, FileNotFoundError, HfHubHTTPError) as error:
        # A missing split or configuration, an empty dataset, or a Hub that fails.
        raise UserError("bad-dataset", f"{read.path}: {error}") from None
    for start in range(0, len(rows), BLOCK):
        block = range(start, min(start + BLOCK, len(rows)))
        yield len(block), lambda block=block: iter(rows.select(block))

"""Rows of parquet, JSON and csv files as they are written: text stays text, and a null stays where it stood."""

import codecs
import csv
import glob
import gzip
import io
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import pyarrow as pa
import pyarrow.parquet as parquet

from luth.core.errors import UserError, about
from luth.core.recipes import looked_in
from luth.rows.bad_row import BadRow

BLOCK = 1000
# By a file's ending, which .gz may follow.
FORMATS = {
    ".parquet": "parquet",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
}
# A path with one of these means a file: no dataset on the Hub has such a name.
OTHER_SUFFIXES = (".txt", ".xlsx", ".xls", ".arrow", ".gz", ".zst", ".zip")
BLANK = "a blank line"
NO_OBJECT = "not a JSON object, such as {...}"
# A csv field, such as a whole conversation, may be longer than Python's csv allows by itself.
csv.field_size_limit(1 << 30)
# The number of rows in a block, and a function that reads them.
Block = tuple[int, Callable[[], Iterable[dict[str, Any] | BadRow]]]


def format_of(file: str | Path) -> str | None:
    """Return a file's format by its name: parquet, json or csv; None for another."""
    return FORMATS.get(Path(str(file).removesuffix(".gz")).suffix.lower())


def require_format(file: Path) -> str:
    """Return a file's format; raise `UserError` where it is none that is read."""
    found = format_of(file)
    if found is None:
        raise UserError("bad-dataset", f"{file} is none of {', '.join(FORMATS)}, as they are or with .gz")
    return found


def means_files(path: str) -> bool:
    """Tell whether a source's path means files, even if they do not exist."""
    return Path(path).is_file() or Path(path).suffix.lower() in (*FORMATS, *OTHER_SUFFIXES) or glob.has_magic(path)


def files_named(path: str) -> list[Path]:
    """Return the files of this machine that a path means, sorted; none where it means something else.

    A file of that very name comes before a pattern: [ and ] may be part of a name.

    Raises:
        UserError: it means files, and there are none.
    """
    if Path(path).is_file():
        return [Path(path)]
    files = sorted(Path(name) for name in glob.glob(path, recursive=True) if Path(name).is_file())
    if not files and means_files(path):
        raise UserError("bad-dataset", f"{path}: no such file{looked_in(path)}: correct the path")
    return files


def file_blocks(file: Path, kind: str, name: str | None = None) -> Iterator[Block]:
    """Give a file's rows in blocks; a row that cannot be read is a `BadRow`.

    Args:
        file: on this machine, gzipped or not.
        kind: parquet, json or csv.
        name: what to call it in errors, where its path is a cache's.

    Raises:
        UserError: the file as a whole cannot be read.
    """
    name = name or str(file)
    try:
        with about(name):
            yield from {"parquet": _parquet, "json": _json, "csv": _csv}[kind](file, name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError("bad-dataset", f"{name} is gzipped and damaged: {error}") from None


def _parquet(file: Path, name: str) -> Iterator[Block]:
    try:
        names = parquet.read_schema(file).names
        if len(set(names)) < len(names):
            raise UserError("bad-dataset", f"{name} has two columns of one name: {', '.join(names)}")
        for batch in parquet.ParquetFile(file).iter_batches(BLOCK):
            yield batch.num_rows, lambda batch=batch: _parquet_rows(batch)
    except (OSError, ValueError) as error:
        raise UserError("bad-dataset", f"{name} is no parquet file, or a damaged one: {error}") from None


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


def _opened(file: Path, name: str) -> BinaryIO:
    """Open a file, gzipped or not, after the mark that some editors put before UTF-8."""
    with open(file, "rb") as raw:
        start = raw.read(2)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise UserError("bad-dataset", f"{name} is UTF-16: convert it to UTF-8")
    stream = cast(BinaryIO, gzip.open(file) if start == b"\x1f\x8b" else open(file, "rb"))
    stream.seek(3 if stream.read(3) == codecs.BOM_UTF8 else 0)
    return stream


def _json(file: Path, name: str) -> Iterator[Block]:
    with _opened(file, name) as lines:
        first = lines.tell()
        start = lines.read(1 << 16).split()
        lines.seek(first)
        # A list of objects, and no line of JSON lines that happens to be a list.
        if b"".join(start[:2]).startswith((b"[{", b"[]")):
            rows = _listed(lines.read(), name)
            while block := list(itertools.islice(rows, BLOCK)):
                yield len(block), block.__iter__
            return
        while block := list(itertools.islice(lines, BLOCK)):
            yield len(block), lambda block=block: map(_parsed, block)


def _parsed(line: bytes) -> dict[str, Any] | BadRow:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if not line.strip():
            return BadRow(BLANK)
        said = f"not JSON: {error}: a file is one object a line, or one list of all, [{{...}}, {{...}}]"
        reason = "invalid UTF-8" if "UTF-8" in str(error) else "no JSON"
        return BadRow(reason, line.decode("utf-8", "replace"), "not UTF-8" if reason == "invalid UTF-8" else said)
    return row if isinstance(row, dict) else BadRow("no JSON object", line.decode("utf-8"), NO_OBJECT)


def _listed(content: bytes, name: str) -> Iterator[dict[str, Any] | BadRow]:
    """Give the objects of one JSON list, one after the other: all of them at once would fill the memory."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError("bad-dataset", f"{name} is not UTF-8: convert it to UTF-8") from None
    decoder, space = json.JSONDecoder(), re.compile(r"[ \t\n\r]*")
    number, at = 0, text.index("[") + 1
    if text[at:].strip() == "]":
        return
    while True:
        number += 1
        try:
            row, at = decoder.raw_decode(text, _after(space, text, at))
        except (ValueError, RecursionError) as error:
            raise UserError("bad-dataset", f"{name}, row {number} of its list is no JSON: {error}") from None
        yield (
            row if isinstance(row, dict) else BadRow("no JSON object", json.dumps(row, ensure_ascii=False), NO_OBJECT)
        )
        at = _after(space, text, at)
        if text[at : at + 1] != ",":
            break
        at += 1
    if text[at : at + 1] != "]" or text[at + 1 :].strip():
        raise UserError("bad-dataset", f"{name}: after row {number} its list neither goes on nor ends the file")


def _after(space: re.Pattern[str], text: str, at: int) -> int:
    found = space.match(text, at)
    return found.end() if found else at


def _csv(file: Path, name: str) -> Iterator[Block]:
    # Bytes that are not UTF-8 are kept as surrogates, so that each such row is rejected by itself.
    with io.TextIOWrapper(_opened(file, name), encoding="utf-8", errors="surrogateescape", newline="") as lines:
        header = lines.readline()
        rows = _csv_rows(csv.DictReader(itertools.chain([header], lines), strict=True, delimiter=_separator(header)))
        while block := list(itertools.islice(rows, BLOCK)):
            yield len(block), block.__iter__


def _separator(header: str) -> str:
    """Return what separates a csv file's columns: a comma, or what stands in the header where there is no comma."""
    unquoted = re.sub('"[^"]*"', "", header)
    return next((mark for mark in ",\t;" if mark in unquoted), ",")


def _csv_rows(rows: csv.DictReader) -> Iterator[dict[str, Any] | BadRow]:
    while True:
        try:
            row = next(rows)
            if None in row:
                long = "more fields than columns"
                yield BadRow(long, json.dumps(row, ensure_ascii=False, default=str), f"not csv: {long}")
            else:
                yield row
        except csv.Error as error:
            yield BadRow("quotes that do not match", said=f"not csv: {error}")
        except StopIteration:
            return

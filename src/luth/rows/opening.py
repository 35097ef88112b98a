"""Datasets of the Hub, of folders laid out like one, and of files, without the guesses of a loader.

datasets' own loaders of JSON and csv make a timestamp of the text "2024-05-03", a number of "42", nothing of "NA",
and give each object of a column the keys of all the others. Here such a row stays the text that it is. What has
types, such as parquet, is left to datasets.
"""

import contextlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import orjson
import pyarrow as pa
import yaml
from datasets import ArrowBasedBuilder, BuilderConfig, Dataset, Features, SplitGenerator, Value
from datasets.builder import Key
from datasets.data_files import FILES_TO_IGNORE, DataFilesDict, DataFilesList
from datasets.exceptions import DatasetsError
from datasets.packaged_modules.csv.csv import Csv
from datasets.packaged_modules.json.json import Json
from huggingface_hub.errors import HfHubHTTPError

from luth.core.datasets_cache import content_cache
from luth.core.errors import UserError, about
from luth.core.recipes import is_local, looked_in
from luth.rows.bad_row import BadRow
from luth.rows.file_formats import BLANK, file_blocks, format_of

# The columns of a row that is kept as text: its JSON, and its columns' names, one a line.
TEXT, NAMES = "row as JSON", "columns of the row"
# datasets' loaders that guess, and the formats of their files.
GUESSING = ((Json, "json"), (Csv, "csv"))


@dataclass
class RowTextConfig(BuilderConfig):
    """Says in which format the files are."""

    kind: str = "json"


class RowText(ArrowBasedBuilder):
    """Rows of JSON or csv files as JSON text. datasets downloads the files, keeps the rows, and knows the splits."""

    # Raise it when the same file gives other rows: prepared rows are kept by it.
    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = RowTextConfig

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(features=Features({TEXT: Value("string"), NAMES: Value("string")}))

    def _split_generators(self, dl_manager: Any) -> list[SplitGenerator]:
        given: Any = self.config.data_files
        found = dl_manager.download_and_extract(given)
        splits = []
        for split in given:
            # An archive is a folder once it is extracted.
            inner = [
                (file, name)
                for place, name in zip(found[split], given[split], strict=True)
                for file in dl_manager.iter_files(place)
            ]
            files, names = ([*column] for column in zip(*inner, strict=True)) if inner else ([], [])
            splits.append(SplitGenerator(name=split, gen_kwargs={"files": files, "names": names}))
        return splits

    def _generate_tables(self, files: list[str], names: list[str]) -> Iterator[tuple[Key, pa.Table]]:
        kind: str = self.config.kind  # pyright: ignore[reportAttributeAccessIssue]
        for at, (file, name) in enumerate(zip(files, names, strict=True)):
            start = 1
            for number, (size, rows) in enumerate(file_blocks(Path(file), kind, name)):
                texts, columns = [], []
                for row_number, row in enumerate(rows(), start):
                    if isinstance(row, dict):
                        texts.append(_text(row, f"{name}, row {row_number}"))
                        columns.append("\n".join(row))
                    elif str(row) != BLANK:
                        raise _unreadable(row, f"{name}, row {row_number}")
                start += size
                yield (
                    Key(at, number),
                    pa.table({TEXT: pa.array(texts, pa.string()), NAMES: pa.array(columns, pa.string())}),
                )


def _text(row: dict[str, Any], place: str) -> str:
    try:
        return orjson.dumps(row).decode()
    except TypeError:
        # csv's bytes that are no UTF-8, or numbers beyond 64 bits.
        raise _unreadable(BadRow("invalid UTF-8", said="not UTF-8"), place) from None


def _unreadable(row: BadRow, place: str) -> UserError:
    remedy = ": convert the file to UTF-8" if row.said == "not UTF-8" else ""
    return UserError("bad-dataset", f"{place} is {row.said}{remedy}")


def open_files(kind: str, files: list[Path], split: str) -> Dataset:
    """Return the rows of files of this machine, whatever they are called.

    Args:
        kind: json or csv.
        files: all of that format.
        split: datasets' expression for the rows to take: train, or a part of it.
    """
    paths = [str(file.absolute()) for file in files]
    listed = DataFilesDict({"train": DataFilesList(paths, [()] * len(paths))})
    return _prepared(RowText(cache_dir=content_cache(*paths), data_files=listed, kind=kind), split)


def open_dataset(
    path: str,
    name: str | None = None,
    split: str = "train",
    revision: str | None = None,
    data_dir: str | None = None,
    data_files: Any = None,
) -> Dataset:
    """Return the rows of a dataset on the Hub or of a folder; the arguments are those of `datasets.load_dataset`."""
    if is_local(path) and "://" not in path and not Path(path).exists():
        raise UserError("bad-dataset", f"{path}: no such folder{looked_in(path)}: correct the path")
    cache = content_cache(path)
    builder = datasets.load_dataset_builder(
        path, name, data_dir=data_dir, data_files=data_files, revision=revision, cache_dir=cache
    )
    if not data_files:
        _require_one_format(Path(path, data_dir or ""), builder)
    kind = next((kind for loader, kind in GUESSING if isinstance(builder, loader)), None)
    # A card may say where in a JSON file the rows are; that is the loader's own business.
    if kind and not getattr(builder.config, "field", None):
        builder = RowText(
            cache_dir=cache,
            dataset_name=builder.dataset_name,
            config_name=builder.config.name,
            config_id=builder.config_id,
            hash=builder.hash,
            base_path=builder.base_path,
            repo_id=builder.repo_id,
            data_files=builder.config.data_files,
            kind=kind,
        )
    return _prepared(builder, split)


def _require_one_format(folder: Path, builder: datasets.DatasetBuilder) -> None:
    """Raise `UserError` where a folder has data in several formats: datasets reads those of the most frequent alone.

    A folder whose README.md names its data files is read as that says.
    """
    card = folder / "README.md"
    if not folder.is_dir() or (card.is_file() and "data_files:" in card.read_text("utf-8", "replace")):
        return
    given: Any = builder.config.data_files or {}
    read = {str(file) for files in given.values() for file in files}
    others = [
        file.relative_to(folder)
        for file in sorted(folder.rglob("*"))
        if format_of(file) and str(file.resolve()) not in read and file.name not in (*FILES_TO_IGNORE, "run.json")
    ]
    known = {format_of(file) for file in read}
    others = [file for file in others if format_of(file) not in known and not str(file).startswith((".", "_"))]
    if read and others:
        raise UserError(
            "bad-dataset",
            f"{folder} holds files of several formats, of which one would be read, without {others[0]}: name the "
            f"files with data_files, or put each format into a folder of its own",
        )


def _prepared(builder: datasets.DatasetBuilder, split: str) -> Dataset:
    builder.download_and_prepare()
    splits: Any = builder.info.splits
    if splits and not sum(part.num_examples for part in splits.values()):
        raise ValueError("it has no rows")
    return builder.as_dataset(split=split)  # pyright: ignore[reportReturnType]


@contextlib.contextmanager
def loading(name: str) -> Iterator[None]:
    """Turn the errors of a wrong split, column, path or format into one line that names the source."""
    try:
        with about(name):
            yield
    except DatasetsError as error:
        # The library says "An error occurred while generating the dataset": what happened is in its cause.
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise _cannot_load(name, error.__cause__ or error) from error
    except (
        *(ValueError, KeyError, OSError, HfHubHTTPError, EOFError, zlib.error),
        *(zipfile.BadZipFile, tarfile.TarError, yaml.YAMLError),
    ) as error:
        raise _cannot_load(name, error.__cause__ or error) from error
    except RuntimeError as error:
        if "scripts are no longer supported" not in str(error):
            raise
        raise UserError(
            "bad-dataset",
            f"{name} is loaded by a script of its own, which datasets no longer runs: take a revision of it in "
            f"parquet (on the Hub: revision: refs/convert/parquet), or convert it to parquet or JSON lines",
        ) from error


def _cannot_load(name: str, error: BaseException) -> UserError:
    line = " ".join(str(error).split())[:300] or type(error).__name__
    return UserError("bad-dataset", f"{name} cannot be loaded: {line}")


def is_text(rows: Dataset) -> bool:
    """Tell whether rows are kept as text."""
    return rows.column_names == [TEXT, NAMES]


def column_names(rows: Dataset) -> list[str]:
    """Return the names of all columns, in their order; of rows that are kept as text, those that any row has."""
    if not is_text(rows):
        return rows.column_names
    return list(dict.fromkeys(name for names in rows.unique(NAMES) for name in names.split("\n") if name))


def as_written(row: Mapping[str, Any], columns: list[str]) -> dict[str, Any]:
    """Return a row of an opened dataset by column; a column that its text has not is None."""
    if TEXT in row:
        return {**dict.fromkeys(columns), **orjson.loads(row[TEXT])}
    return dict(row)

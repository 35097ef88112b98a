"""The datasets of a recipe's mixture: found, opened, checked, and cut to their shares."""

import glob
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from datasets import Dataset, load_dataset

from luth.core.errors import UserError
from luth.core.files import sha256
from luth.core.recipes import looked_in
from luth.rows.file_formats import FORMATS, files_named, format_of, means_files, require_format
from luth.rows.forms import Columns, NoForm, described, recognised
from luth.rows.opening import as_written, column_names, is_text, loading, open_dataset, open_files
from luth.training.arguments import Source
from luth.training.conversations import TEMPLATE_COLUMNS

LOADERS = {*FORMATS.values()}


def label(source: Source) -> str:
    """Name a source in reports and errors."""
    files = local_files(source)
    if files and source.split == "train":
        return ", ".join(str(file) for file in files)
    parts = [source.path, source.name, source.data_dir, source.data_files, source.revision]
    return ", ".join([*(str(part) for part in parts if part), f"split {source.split}"])


@dataclass(frozen=True)
class Opened:
    """A source's rows, as they are in its files.

    Parameters:
        rows (`Dataset`): of `luth.rows.opening`.
        columns (`dict[str, str]`): the rows' own columns by the names that the recipe gives them, those alone that it
            selects.
    """

    rows: Dataset
    columns: Columns


def open_sources(sources: list[Source], required: Iterable[str], optional: Iterable[str] = ()) -> list[Dataset]:
    """Load every source and take its share of the mixture.

    Args:
        sources: the recipe's datasets.
        required: the columns that a source must have, once `columns` and `rename` are done.
        optional: the columns that are kept where they are there; all others are dropped.

    Raises:
        UserError: a source cannot be loaded, lacks a column, has no rows, or another number of rows than the recipe
            says.
    """
    required, optional = [*required], [*optional]
    opened = [_open(source) for source in sources]
    for source, each in zip(sources, opened, strict=True):
        for column in required:
            if column not in each.columns:
                there = ", ".join(each.columns)
                raise UserError(
                    "bad-dataset",
                    f"{label(source)} has the columns {there}, but no column {column!r}: rename: {{COLUMN: {column}}}",
                )
    return [_typed(each, [*required, *optional]) for each in _shares(sources, opened)]


def _typed(opened: Opened, wanted: list[str]) -> Dataset:
    """Return rows by the recipe's names of their columns; text gets the types that its JSON says, and no others."""
    columns = {column: opened.columns[column] for column in wanted if column in opened.columns}
    if not is_text(opened.rows):
        rows = opened.rows.select_columns([*columns.values()])
        return rows.rename_columns({own: column for column, own in columns.items() if own != column})
    written = [as_written(row, [*columns.values()]) for row in opened.rows]  # pyright: ignore[reportArgumentType]
    return Dataset.from_dict({column: [row[own] for row in written] for column, own in columns.items()})


def open_conversations(sources: list[Source]) -> list[tuple[Dataset, Columns, str]]:
    """Load every source, recognise the form of its conversations, and take its share of the mixture.

    Returns:
        Of every source the rows, which of their columns holds which part of a conversation, and the line that says so.

    Raises:
        UserError: a source cannot be loaded, is in no form or in two, has no rows, or another number of rows than the
            recipe says.
    """
    opened = [_open(source) for source in sources]
    forms = [_form(source, each) for source, each in zip(sources, opened, strict=True)]
    found = []
    for each, parts in zip(_shares(sources, opened), forms, strict=True):
        own = {part: each.columns[column] for part, column in parts.items()}
        rows = each.rows if is_text(each.rows) else each.rows.select_columns([*dict.fromkeys(own.values())])
        found.append((rows, own, described(parts, each.columns)))
    return found


def _form(source: Source, opened: Opened) -> Columns:
    try:
        parts = recognised(opened.columns)
    except NoForm as error:
        first = as_written(opened.rows[0], []) if len(opened.rows) == 1 and is_text(opened.rows) else {}
        inner = [key for key, value in first.items() if isinstance(value, list) and isinstance([*value, 0][0], dict)]
        more = f"; its only row holds a list, {inner[0]!r}: write that list alone into a file" if inner else ""
        raise UserError("bad-dataset", f"{label(source)} has {error}{more}") from None
    return parts | {column: column for column in TEMPLATE_COLUMNS if column in opened.columns}


def _open(source: Source) -> Opened:
    name = label(source)
    with loading(name):
        rows = _loaded(source)
        columns = _columns(source, column_names(rows))
    if source.rows is not None and len(rows) != source.rows:
        raise UserError(
            "bad-dataset",
            f"{name} has {len(rows)} rows and the recipe says {source.rows}: the dataset is another one, or has "
            f"changed: name the revision, or correct rows",
        )
    if len(rows) == 0:
        raise UserError("bad-dataset", f"{name} is a dataset without rows: nothing to train on")
    return Opened(rows, columns)


def _loaded(source: Source) -> Dataset:
    files = local_files(source)
    if not files:
        return open_dataset(
            source.path, source.name, source.split, source.revision, source.data_dir, source.data_files
        )
    kind = source.path if source.path in LOADERS else require_format(files[0])
    if kind != "parquet":
        return open_files(kind, files, source.split)
    # [ and ] may be part of a name, and datasets takes names as patterns.
    named = [glob.escape(str(file)) for file in files]
    return load_dataset(kind, data_files=named, split=source.split)  # pyright: ignore[reportReturnType]


def _columns(source: Source, names: list[str]) -> Columns:
    """Return a source's own columns by the names that its recipe gives them.

    Raises:
        ValueError: the recipe selects or renames a column that is not there, or gives two columns one name.
    """
    for key, wanted in (("columns", source.columns or ()), ("rename", source.rename or ())):
        missing = [
            column for column in wanted if column not in (source.columns or names if key == "rename" else names)
        ]
        if missing:
            raise ValueError(f"{key}: {missing[0]!r} is not in the dataset, which has {', '.join(names)}")
    renamed = {column: (source.rename or {}).get(column, column) for column in source.columns or names}
    twice = [new for new in renamed.values() if [*renamed.values()].count(new) > 1]
    if twice:
        raise ValueError(f"rename: two columns would have the name {twice[0]!r}: select one of them with columns")
    return {new: own for own, new in renamed.items()}


def local_files(source: Source) -> list[Path]:
    """Return the files of this machine that a source names, by `path` or by a format with `data_files`; else none.

    Raises:
        UserError: one of them is missing, empty, or of another format.
    """
    if source.path not in LOADERS:
        files = [] if Path(source.path).is_dir() or not means_files(source.path) else files_named(source.path)
        return [_checked(file, require_format(file)) for file in files]
    given = source.data_files
    if not given or isinstance(given, dict):
        if source.path != "json" and given:
            return []
        raise UserError(
            "bad-recipe-value", f"datasets: path: {source.path} needs data_files: one path or a list of paths"
        )
    names = [given] if isinstance(given, str) else given
    if any("://" in name for name in names):
        return []
    files = [file for name in names for file in files_named(name) or [Path(name)]]
    for file in files:
        if files.count(file) > 1:
            raise UserError("bad-recipe-value", f"data_files: {file} is named twice: its rows would be trained twice")
    return [_checked(file, source.path) for file in files]


def _checked(file: Path, kind: str) -> Path:
    if not file.is_file():
        raise UserError("bad-dataset", f"{file}: no such dataset file{looked_in(file)}: correct the path")
    if file.stat().st_size == 0:
        raise UserError("bad-dataset", f"{file} is empty: a dataset file holds rows")
    found = format_of(file)
    if found not in (kind, None):
        raise UserError("bad-dataset", f"{file} is a {found} file: write path: {found}, or path: {file}")
    return file


def _shares(sources: list[Source], opened: list[Opened]) -> list[Opened]:
    """Cut the sources to the fractions' ratio, at the largest size at which no source is repeated, as TRL does."""
    fractions = [source.fraction for source in sources if source.fraction is not None]
    if not fractions:
        return opened
    weights = [fraction / sum(fractions) for fraction in fractions]
    total = min(len(each.rows) / weight for each, weight in zip(opened, weights, strict=True))
    shares = [
        replace(each, rows=each.rows.select(range(round(weight * total))))
        for each, weight in zip(opened, weights, strict=True)
    ]
    for source, share in zip(sources, shares, strict=True):
        if len(share.rows) == 0:
            raise UserError(
                "bad-recipe-value", f"{label(source)}: fraction {source.fraction} of this mixture is not one row"
            )
    return shares


def content_digest(rows: Dataset) -> str:
    """Return the SHA-256, in hexadecimal, of rows of any columns."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False, default=str).encode())
    return digest.hexdigest()


def fingerprint(
    source: Source, rows: Dataset, content: str = "content", digest: Callable[[Dataset], str] = content_digest
) -> dict[str, str]:
    """Return what identifies a source in run.json, by name.

    Args:
        source: an entry of the recipe's datasets.
        rows: what was loaded or made from it.
        content: what `digest` is of.
        digest: the SHA-256 of the rows.

    Returns:
        the SHA-256 of each local file; for anything else that of its rows, and the Hub's commit where there is one.
    """
    files = local_files(source)
    if files:
        return {str(file): sha256(file) for file in files}
    commits = {part.split("/")[0] for url in rows.info.download_checksums or {} for part in url.split("@")[1:]}
    commit = f", commit {commits.pop()}" if len(commits) == 1 else ""
    return {label(source): f"{len(rows)} rows{commit}, SHA-256 of their {content} {digest(rows)}"}


def hold_out(rows: Dataset, size: float, seed: int) -> tuple[Dataset, Dataset]:
    """Split rows in two, for training and for evaluation.

    Args:
        rows: all rows.
        size: how many are held out: a share below 1, a number from 1 on.
        seed: what decides which ones.

    Raises:
        UserError: no row would be left on one side.
    """
    held_out = int(size) if size >= 1 else round(size * len(rows))
    if not 0 < held_out < len(rows):
        raise UserError(
            "bad-recipe-value",
            f"test_split_size {size:g} of {len(rows)} rows is {held_out}: it must leave rows on both sides",
        )
    parts = rows.train_test_split(test_size=held_out, seed=seed)
    return parts["train"], parts["test"]

"""The datasets of a recipe's mixture: found, opened, checked, and cut to their shares."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetsError

from luth.core.datasets_cache import content_cache
from luth.core.errors import UserError, about
from luth.core.files import sha256
from luth.training.arguments import Source


def label(source: Source) -> str:
    """Name a source in reports and errors."""
    if source.path == "json":
        return ", ".join(str(file) for file in local_files(source))
    parts = [source.path, source.name, source.data_dir, source.data_files, source.revision]
    return ", ".join([*(str(part) for part in parts if part), f"split {source.split}"])


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
    return _shares(sources, [_open(source, [*required], [*optional]) for source in sources])


def _open(source: Source, required: list[str], optional: list[str]) -> Dataset:
    for file in local_files(source):
        _check_json_lines(file)
    name = label(source)
    if Path(source.path).is_file():
        raise UserError(
            "bad-recipe-value", f"datasets: {source.path} is a file: write path: json, data_files: {source.path}"
        )
    with _loading(name):
        rows = load_dataset(
            source.path,
            source.name,
            data_dir=source.data_dir,
            data_files=source.data_files,
            split=source.split,
            revision=source.revision,
            cache_dir=content_cache(source.path),
        )
        rows = rows.select_columns(source.columns) if source.columns else rows
        rows = rows.rename_columns(source.rename) if source.rename else rows
    for column in required:
        if column not in rows.column_names:
            there = ", ".join(rows.column_names)
            raise UserError(
                "bad-dataset",
                f"{name} has the columns {there}, but no column {column!r}: rename: {{COLUMN: {column}}}",
            )
    if source.rows is not None and len(rows) != source.rows:
        raise UserError(
            "bad-dataset",
            f"{name} has {len(rows)} rows and the recipe says {source.rows}: the dataset is another one, or has "
            f"changed: name the revision, or correct rows",
        )
    if len(rows) == 0:
        raise UserError("bad-dataset", f"{name} is a dataset without rows: nothing to train on")
    with _loading(name):
        return rows.select_columns([column for column in [*required, *optional] if column in rows.column_names])


@contextlib.contextmanager
def _loading(name: str) -> Iterator[None]:
    """Turn the errors of a wrong split, column, path or format into one line that names the source."""
    try:
        with about(name):
            yield
    except (ValueError, KeyError, FileNotFoundError, DatasetsError) as error:
        # The library says "An error occurred while generating the dataset": what happened is in its cause.
        raise UserError(
            "bad-dataset", f"{name} cannot be loaded: {str(error.__cause__ or error).splitlines()[0]}"
        ) from error


def local_files(source: Source) -> list[Path]:
    """Return the JSON-lines files that a source of `path: json` names.

    Raises:
        UserError: one of them is missing or empty.
    """
    if source.path != "json":
        return []
    given = source.data_files
    if not given or isinstance(given, dict):
        raise UserError("bad-recipe-value", "datasets: path: json needs data_files: one path or a list of paths")
    files = [Path(name) for name in ([given] if isinstance(given, str) else given)]
    for file in files:
        if not file.is_file():
            raise UserError(
                "bad-dataset", f"{file}: no such dataset file (paths are from the folder where the command is started)"
            )
        if file.stat().st_size == 0:
            raise UserError("bad-dataset", f"{file} is empty: a dataset file holds one JSON object a line")
    return files


def _check_json_lines(file: Path) -> None:
    number = 0
    try:
        with open(file, encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and not isinstance(json.loads(line), dict):
                    raise UserError("bad-dataset", f"{file}, row {number} is not a JSON object, such as {{...}}")
    except UnicodeDecodeError:
        raise UserError("bad-dataset", f"{file} is not UTF-8 after row {number}: convert it to UTF-8") from None
    except ValueError as error:
        raise UserError("bad-dataset", f"{file}, row {number} is not JSON: {error}") from None


def _shares(sources: list[Source], opened: list[Dataset]) -> list[Dataset]:
    """Cut the sources to the fractions' ratio, at the largest size at which no source is repeated, as TRL does."""
    fractions = [source.fraction for source in sources if source.fraction is not None]
    if not fractions:
        return opened
    weights = [fraction / sum(fractions) for fraction in fractions]
    total = min(len(rows) / weight for rows, weight in zip(opened, weights, strict=True))
    shares = [rows.select(range(round(weight * total))) for rows, weight in zip(opened, weights, strict=True)]
    for source, share in zip(sources, shares, strict=True):
        if len(share) == 0:
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

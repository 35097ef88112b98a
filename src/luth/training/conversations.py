"""Loading a mixture of conversations, and saying exactly which rows are not conversations."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetsError
from trl import DatasetMixtureConfig, get_dataset
from trl.scripts.utils import DatasetConfig

from luth.datasets_cache import cache_by_content
from luth.errors import UserError, about
from luth.files import sha256

SHOWN = 5


def conversation_problem(messages: Any) -> str | None:
    """Say what keeps `messages` from being a conversation to train on, or None.

    A conversation is an optional system turn, then user and assistant turns in alternation, the user first, the
    assistant last, all with text.
    """
    if not isinstance(messages, list) or not messages:
        return "no messages"
    for turn, message in enumerate(messages, 1):
        if not isinstance(message, dict) or "role" not in message or "content" not in message:
            return f"turn {turn} has no role or no content"
        if not isinstance(message["content"], str) or not message["content"].strip():
            return f"turn {turn} ({message['role']}) has empty content"
    roles = [message["role"] for message in messages]
    spoken = roles[1:] if roles[0] == "system" else roles
    if "assistant" not in spoken:
        return "no assistant turn"
    expected = ["user", "assistant"] * (len(spoken) // 2)
    if spoken != expected:
        return f"roles out of order ({', '.join(roles)}): user and assistant in turn, the assistant last"
    return None


def load_mixture(mixture: DatasetMixtureConfig) -> tuple[Dataset, dict[str, str]]:
    """Load, check and concatenate the sources, with TRL's `get_dataset`.

    Returns:
        the rows with the one column `messages`, and a fingerprint for each source.

    Raises:
        UserError: a file is missing, empty or not UTF-8 JSON lines, or rows are not conversations (all are counted).
    """
    with cache_by_content(source.path for source in mixture.datasets):
        fingerprints = {}
        for source in mixture.datasets:
            fingerprints.update(_check_source(source))
        with _loading("datasets"):
            return get_dataset(mixture)["train"].select_columns(["messages"]), fingerprints


def _check_source(source: DatasetConfig) -> dict[str, str]:
    """Check every row of one source; return the fingerprints of its files, or of the dataset."""
    if source.columns is None:
        source.columns = ["messages"]
    files = local_files(source)
    if files:
        _check_rows(row for file in files for row in _json_rows(file))
        return {str(file): sha256(file) for file in files}
    label = f"{source.path}, split {source.split}"
    with _loading(label):
        rows = load_dataset(
            source.path, source.name, data_dir=source.data_dir, data_files=source.data_files, split=source.split
        )
    if "messages" not in rows.column_names:
        raise UserError(f"{label} has the columns {', '.join(rows.column_names)}, but no column 'messages'")
    _check_rows((f"{label}, row {n}", messages) for n, messages in enumerate(rows["messages"], 1))
    return {label: f"{len(rows)} rows, {rows.info.version}, {rows._fingerprint}"}


@contextlib.contextmanager
def _loading(label: str) -> Iterator[None]:
    """Say a wrong split, column, path or format in one line, naming the source."""
    try:
        with about(label):
            yield
    except (ValueError, FileNotFoundError, DatasetsError) as error:
        raise UserError(f"{label} cannot be loaded: {str(error).splitlines()[0]}") from error


def local_files(source: DatasetConfig) -> list[Path]:
    """Return the JSON-lines files that a source of `path: json` names.

    Raises:
        UserError: one of them is missing or empty.
    """
    if source.path != "json":
        return []
    given = source.data_files
    if not given or isinstance(given, dict):
        raise UserError("datasets: path: json needs data_files: one path or a list of paths")
    files = [Path(name) for name in ([given] if isinstance(given, str) else given)]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: no such dataset file (paths are from the folder where the command is started)")
        if file.stat().st_size == 0:
            raise UserError(f"{file} is empty: a dataset file holds one JSON object a line, with 'messages'")
    return files


def _json_rows(file: Path) -> Iterable[tuple[str, Any]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 (byte {error.start}): convert it to UTF-8") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"{file}, row {number} is not JSON: {error}") from None
        yield f"{file}, row {number}", row.get("messages") if isinstance(row, dict) else None


def _check_rows(rows: Iterable[tuple[str, Any]]) -> None:
    bad = []
    total = 0
    for place, messages in rows:
        total += 1
        problem = conversation_problem(messages)
        if problem:
            bad.append(f"{place}: {problem}")
    if bad:
        more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise UserError(f"{len(bad)} of {total} rows cannot be trained on: {'; '.join(bad[:SHOWN])}{more}")
    if total == 0:
        raise UserError("a dataset without rows: nothing to train on")

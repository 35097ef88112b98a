"""Files written whole or not at all, and fingerprints of what was read."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; flush it to disk and rename it to `path` when the block ends.

    A reader, or a kill, never sees half a file, and processes that write the same file do not disturb one another.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield beside
        flush(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, in UTF-8."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def written_beside(folder: Path) -> Iterator[Path]:
    """Give a new folder beside `folder`; rename it to `folder` when the block ends, remove it if the block fails."""
    # A link to an empty folder stays a link.
    folder = folder.resolve() if folder.is_symlink() else folder
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        if folder.is_dir():
            folder.rmdir()
        os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all, indented, accents kept."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def sha256(*paths: Path) -> str:
    """Return the SHA-256, in hexadecimal, of the files' bytes, one after another in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def folder_fingerprint(folder: Path) -> str:
    """Return a SHA-256 over the names and bytes of a model folder's own files (run.json and subfolders left out)."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file() and path.name != "run.json"):
        digest.update(f"{path.name} {sha256(path)}\n".encode())
    return digest.hexdigest()

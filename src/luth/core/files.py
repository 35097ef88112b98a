"""Files written whole or not at all, and fingerprints of what was read."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write beside `path`, flush to disk, then rename: a reader or a kill never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def written_beside(folder: Path) -> Iterator[Path]:
    """Give a new folder beside `folder`; rename it to `folder` at the end, or remove it if the work fails."""
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
    """Write JSON as `write_text` does, indented, accents kept."""
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

"""A cache folder for `datasets.load_dataset` that changes with the files it reads."""

import hashlib
from pathlib import Path

import datasets.config


def content_cache(source: str) -> str | None:
    """Return the `cache_dir` to load `source` with: one for this state of a local folder, None for anything else.

    datasets 5.2 keys its cache of a local folder by the folder's path alone, so rows edited since would go unseen.
    The state is every file's path, size and time of change.
    """
    folder = Path(source).resolve()
    if not folder.is_dir():
        return None
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return str(Path(datasets.config.HF_DATASETS_CACHE) / "by-content" / digest.hexdigest()[:16])

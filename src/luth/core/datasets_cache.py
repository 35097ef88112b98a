"""A cache folder for `datasets.load_dataset` that changes with the files it reads."""

import hashlib
from pathlib import Path

import datasets.config


def content_cache(*sources: str) -> str | None:
    """Return the `cache_dir` to load sources with: one for this state of local files and folders, None for others.

    datasets 5.2 keys its cache of a local folder by the folder's path alone, so rows edited since would go unseen.
    The state is every file's path, size and time of change.
    """
    places = [Path(source).resolve() for source in sources]
    if not all(place.exists() for place in places):
        return None
    files = {file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()}
    digest = hashlib.sha256()
    for path in sorted(files):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return str(Path(datasets.config.HF_DATASETS_CACHE) / "by-content" / digest.hexdigest()[:16])

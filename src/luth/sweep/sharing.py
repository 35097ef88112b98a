"""How the processes of one sweep share its work and remember which merges failed, by files in the sweep's folder."""

import json
import shutil
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from luth.core.console import say
from luth.core.errors import explain
from luth.core.files import write_json
from luth.core.locks import join_group, share_work


def joined(folder: Path) -> AbstractContextManager[None]:
    """Join the processes of a sweep. The first to join forgets failures, so that these merges are tried again."""

    def forget_failures() -> None:
        shutil.rmtree(folder / "failed", ignore_errors=True)
        for path in (folder / "verified").glob("*.json"):
            if not read_json(path).get("in_memory"):
                path.unlink()

    return join_group(folder / "locks" / "company", forget_failures)


def share(
    folder: Path, step: str, pieces: list[str], is_done: Callable[[str], bool], work: Callable[[str], None]
) -> None:
    """Do a step's pieces of work together with the sweep's other processes; return when all are done."""
    share_work(
        pieces,
        folder / "locks" / step,
        is_done,
        work,
        lambda: say("The remaining work is being done by other processes of this sweep: waiting for them."),
    )


def note_failure(folder: Path, name: str, error: Exception) -> str:
    """Record why a merge failed, and return it; other processes see it."""
    reason = str(explain(error) or f"{type(error).__name__}: {error}")
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    write_json(_failure(folder, name), {"reason": reason})
    return reason


def failures(folder: Path, names: list[str]) -> dict[str, str]:
    """Return why merges failed, by name; of `names` those that did."""
    return {name: read_json(path)["reason"] for name in names if (path := _failure(folder, name)).exists()}


def _failure(folder: Path, name: str) -> Path:
    return folder / "failed" / f"{name}.json"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file; return an empty mapping where it is missing or broken."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}

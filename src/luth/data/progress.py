"""A pipeline's progress and time. It is read from files, so that it does not matter where the tasks run."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from luth.core.console import say
from luth.core.files import write_text
from luth.data.row_files import TROUBLE

# Seconds between two lines where there is no terminal for a bar.
LINE = 60.0


class Lines:
    """Counts the lines of some folders' files; called again, it reads only what is new."""

    def __init__(self, folders: list[Path]) -> None:
        """Nothing is read yet."""
        self.folders = folders
        self._seen: dict[Path, tuple[int, int]] = {}

    def __call__(self) -> int:
        """Return the lines of all `*.jsonl`."""
        for path in (path for folder in self.folders for path in folder.glob("*.jsonl")):
            read, lines = self._seen.get(path, (0, 0))
            if path.stat().st_size < read:
                # Another start writes it anew.
                read, lines = 0, 0
            with open(path, "rb") as file:
                file.seek(read)
                while block := file.read(1 << 20):
                    read, lines = read + len(block), lines + block.count(b"\n")
            self._seen[path] = read, lines
        return sum(lines for _, lines in self._seen.values())


def seconds(step: Path) -> float:
    """Return how long a step's pipelines have taken, over all starts, save a killed start's last second."""
    path = step / "seconds.txt"
    return float(path.read_text("utf-8")) if path.exists() else 0.0


def _trouble(step: Path, since: float) -> str:
    """Return why a request was last sent again, if one was since a time, in seconds since the epoch."""
    path = step / TROUBLE
    new = path.exists() and path.stat().st_mtime >= since
    return f"A request was sent again: {path.read_text('utf-8')}." if new else ""


@contextlib.contextmanager
def watched(step: Path, what: str, done: Callable[[], int], total: int | None, unit: str) -> Iterator[None]:
    """Show a bar on the terminal, elsewhere a line a minute, and note the time, while a pipeline of a step runs.

    Args:
        step: its folder.
        what: what the bar is called.
        done: returns how much is done so far.
        total: how much there is; None where that is unknown.
        unit: of both.
    """
    before, begun, over, started = seconds(step), time.monotonic(), threading.Event(), time.time()

    def watch() -> None:
        # While tasks run in this process, sys.stderr is not the terminal.
        terminal = sys.__stderr__
        hidden = terminal is None or not terminal.isatty()
        shown: dict[str, Any] = {"desc": what, "unit": f" {unit}", "leave": False, "delay": 2, "file": terminal}
        with tqdm(total=total, disable=hidden, **shown) as bar:
            ended, last_line = False, begun
            while not ended:
                ended = over.wait(1)
                # The pipeline itself reports a full disk or a vanished file.
                with contextlib.suppress(OSError):
                    bar.update(done() - bar.n)
                    bar.set_postfix_str(_trouble(step, started), refresh=False)
                    write_text(step / "seconds.txt", f"{before + time.monotonic() - begun:.1f}\n")
                    if bar.disable and time.monotonic() - last_line > LINE and not ended:
                        last_line = time.monotonic()
                        of = f"{total:,}" if total is not None else "unknown"
                        say(f"{what}: {done():,} of {of} {unit}. {_trouble(step, started)}".strip())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

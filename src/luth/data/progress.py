"""A pipeline's progress, wherever its tasks run: a bar of what its files hold so far, and the time that it takes."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from luth.core.console import say
from luth.core.files import write_text
from luth.data.row_files import TROUBLE

# Seconds between two lines where there is no terminal for a bar.
LINE = 60.0


class Lines:
    """How many lines some folders' files hold; asked again, only what is new is read."""

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
    """Return how long a step's pipelines have taken, over all starts; a killed start's last second is not in it."""
    path = step / "seconds.txt"
    return float(path.read_text("utf-8")) if path.exists() else 0.0


def _trouble(step: Path, since: float) -> str:
    """Return why a request was last sent again, if one was since a time, in seconds of the clock."""
    path = step / TROUBLE
    new = path.exists() and path.stat().st_mtime >= since
    return f"Asked again, the last time for: {path.read_text('utf-8')}." if new else ""


@contextlib.contextmanager
def watched(step: Path, what: str, done: Callable[[], int], total: int | None, unit: str) -> Iterator[None]:
    """Show a bar on the terminal, elsewhere a line a minute, and note the time, while a pipeline of a step runs.

    Args:
        step: its folder.
        what: what the bar is called.
        done: how much is done so far.
        total: how much there is; None where nobody knows.
        unit: of both.
    """
    before, begun, over, started = seconds(step), time.monotonic(), threading.Event(), time.time()

    def watch() -> None:
        # Tasks of this very process write to another stderr, and what they write is not for the terminal.
        shown = {"desc": what, "unit": f" {unit}", "leave": False, "delay": 2, "file": sys.__stderr__}
        with tqdm(total=total, disable=not sys.__stderr__.isatty(), **shown) as bar:
            ended, said = False, begun
            while not ended:
                ended = over.wait(1)
                # A full disk or a vanished file is for the pipeline itself to report.
                with contextlib.suppress(OSError):
                    bar.update(done() - bar.n)
                    bar.set_postfix_str(_trouble(step, started), refresh=False)
                    write_text(step / "seconds.txt", f"{before + time.monotonic() - begun:.1f}\n")
                    if bar.disable and time.monotonic() - said > LINE and not ended:
                        said = time.monotonic()
                        of = f"{total:,}" if total is not None else "unknown"
                        say(f"{what}: {done():,} of {of} {unit}. {_trouble(step, started)}".strip())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

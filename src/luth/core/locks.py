"""Work that several processes share: each piece is claimed by a lock file."""

import contextlib
import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from luth.core.errors import UserError


@contextlib.contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Lock the file at `path`; give False, without waiting, where another process holds it.

    The kernel lets go of a lock when its process ends, however it ends: no lock outlives a kill.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(
            "output-unusable", f"{path.parent} cannot be made ({error.strerror}): choose another output_dir"
        ) from None
    with open(path, "a", encoding="utf-8") as file:
        yield _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def company(path: Path, begin: Callable[[], None]) -> Iterator[None]:
    """Be one of the processes that work together on something; `begin` is called where no other is at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            begin()
        _lock(file, fcntl.LOCK_SH)
        yield


def _lock(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(
            "output-unusable", f"{file.name} cannot be locked ({error.strerror}): choose a disk with file locks"
        ) from None
    return True


@contextlib.contextmanager
def room(parent: Path) -> Iterator[Path]:
    """Give a new folder under `parent`, removed at the end; what killed processes left there is removed first."""
    parent.mkdir(parents=True, exist_ok=True)
    for lock in parent.glob("*.lock"):
        with claim(lock) as left:
            if left:
                shutil.rmtree(parent / lock.name.removesuffix(".lock"), ignore_errors=True)
                lock.unlink(missing_ok=True)
    folder = parent / f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"
    lock = parent / f"{folder.name}.lock"
    with claim(lock):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def share(
    pieces: list[str], locks: Path, done: Callable[[str], bool], work: Callable[[str], None], wait: Callable[[], None]
) -> None:
    """Do every piece that is not done, leaving to other processes those they have claimed; return when all are done.

    Args:
        pieces: their names, fit for files.
        locks: the folder of the lock files.
        done: tells, from what is on disk, whether a piece is done.
        work: does a piece, after which it is done.
        wait: called once where only others' pieces are left.
    """
    told = False
    while missing := [piece for piece in pieces if not done(piece)]:
        idle = True
        for piece in missing:
            with claim(locks / f"{piece}.lock") as mine:
                # Another process may have done it since the list was made.
                if mine and not done(piece):
                    work(piece)
                idle = idle and not mine
        if idle:
            if not told:
                wait()
            told = True
            time.sleep(1)

"""File locks, and work that several processes share by them."""

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

# Seconds that a process waits for the end of another one in its folder.
PATIENCE = 30.0


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Lock the file at `path` without waiting; give False where another process holds the lock.

    The kernel releases a lock when its process ends, also when it is killed.
    """
    _make_folder(path.parent)
    with open(path, "a", encoding="utf-8") as file:
        yield _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make a folder where there is none, and lock it: of all launches one may work in it, by its first process.

    One that is ending is waited for, for half a minute. Where the disk has no locks, as on some clusters, none is
    taken. A folder that was made and is still empty at the end is removed.

    Raises:
        UserError: another process holds the lock, or the folder cannot be made.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    there = folder.exists()
    _make_folder(folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _wait_for(folder, handle)
        yield
    finally:
        if not there:
            with contextlib.suppress(OSError):
                folder.rmdir()
        os.close(handle)


def _wait_for(folder: Path, handle: int) -> None:
    begun = time.monotonic()
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - begun > PATIENCE:
                raise UserError(
                    "folder-busy",
                    f"{folder}: another run works in it, perhaps one that writes its checkpoint after Ctrl-C: wait "
                    f"for its end, or stop it",
                ) from None
        except OSError:
            return None
        time.sleep(0.2)


@contextlib.contextmanager
def join_group(path: Path, begin: Callable[[], None]) -> Iterator[None]:
    """Join the group of processes sharing this work; the first to join runs `begin`.

    Args:
        path: the group's lock file.
        begin: runs where no other process is in the group. Processes that join meanwhile wait for it.
    """
    _make_folder(path.parent)
    with open(path, "a", encoding="utf-8") as file:
        if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            begin()
        _lock(file, fcntl.LOCK_SH)
        yield


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(
            "output-unusable", f"{folder} cannot be made ({error.strerror}): choose another output_dir"
        ) from None


def _lock(file: IO[str], operation: int) -> bool:
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(
            "output-unusable", f"{file.name} cannot be locked ({error.strerror}): choose a disk with file locks"
        ) from None
    return True


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Make a folder under `parent` and remove it at the end. Folders left by killed processes are removed first."""
    parent.mkdir(parents=True, exist_ok=True)
    for lock in parent.glob("*.lock"):
        with try_lock(lock) as abandoned:
            if abandoned:
                shutil.rmtree(parent / lock.name.removesuffix(".lock"), ignore_errors=True)
                lock.unlink(missing_ok=True)
    folder = parent / f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"
    lock = parent / f"{folder.name}.lock"
    with try_lock(lock):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def share_work(
    pieces: list[str],
    locks: Path,
    is_done: Callable[[str], bool],
    work: Callable[[str], None],
    on_wait: Callable[[], None],
) -> None:
    """Do all pieces of work that are not done, save those that other processes are doing; return when all are done.

    Args:
        pieces: their names, which must be valid file names.
        locks: the folder of the lock files, one a piece.
        is_done: tells from what is on disk whether a piece is done.
        work: does one piece, after which it is done.
        on_wait: runs once, when only pieces of other processes are left.
    """
    waited = False
    while missing := [piece for piece in pieces if not is_done(piece)]:
        idle = True
        for piece in missing:
            with try_lock(locks / f"{piece}.lock") as locked:
                # Another process may have done it since `missing` was listed.
                if locked and not is_done(piece):
                    work(piece)
                idle = idle and not locked
        if idle:
            if not waited:
                on_wait()
            waited = True
            time.sleep(1)

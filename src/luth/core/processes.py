"""Processes that one starts: they end with it, and say things once."""

import ctypes
import hashlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import psutil

# Of Linux's prctl: set the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, so that no orphan goes on writing."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def print_once(line: str) -> None:
    """Print a line to stderr; of the processes that one launcher started, only the first that has this line does."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or _is_first(line):
        print(line, file=sys.stderr, flush=True)


def _is_first(line: str) -> bool:
    launcher = psutil.Process(os.getppid())
    name = hashlib.sha256(f"{launcher.pid} {launcher.create_time()} {line}".encode()).hexdigest()[:32]
    try:
        (Path(tempfile.gettempdir()) / f"luth-{name}").touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        # Where nothing can be written, said twice is better than not at all.
        return True
    return True

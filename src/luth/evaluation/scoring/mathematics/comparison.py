"""Comparing two expressions by value: exact fractions here, all else in a child process with a time limit.

The child (worker.py) reads and writes lines of JSON. A time limit by signal would work in the main thread alone, and a
forked pool would copy the process that holds the model. A child process can be killed from any thread and costs 30 MB.
"""

import atexit
import contextlib
import functools
import json
import os
import select
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from luth.evaluation.scoring.mathematics.parsing import Node
from luth.languages import known

TIME_LIMIT = 5.0  # seconds that the worker may spend on one pair of answers
START_LIMIT = 120.0  # seconds for the child to start on a busy machine
MAX_BITS = 20_000


def exact(node: Node) -> Fraction | None:
    """Return the value of an expression that holds whole numbers, decimals and + - × / ^ alone, else None."""
    kind, *parts = node
    if kind == "num":
        return Fraction(parts[0]) if "E" not in parts[0] and parts[0] != "." else None
    if kind not in ("+", "*", "/", "^", "neg"):
        return None
    values = [value for part in parts if (value := exact(part)) is not None]
    if len(values) < len(parts):
        return None
    first, *rest = values
    if kind == "neg":
        return -first
    (second,) = rest
    if kind == "^":
        bits = max(first.numerator.bit_length(), first.denominator.bit_length())
        small = second.denominator == 1 and abs(second) * bits <= MAX_BITS and (first or second > 0)
        return first ** int(second) if small else None
    if kind == "/":
        return first / second if second else None
    return first + second if kind == "+" else first * second


class TimedOut(Exception):
    """The comparison of a pair of answers took longer than `TIME_LIMIT`."""


_SPENT = threading.local()


def start_clock() -> None:
    """Start the time limit of a pair of answers: all comparisons of this thread count from here on."""
    _SPENT.seconds = 0.0


class _Child:
    """This process's worker: started at the first request, and again after a time-out or a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0

    def forked(self) -> None:
        """Drop what a fork copied: the parent's worker, and a lock that another of its threads may hold."""
        self.lock, self.process = threading.Lock(), None

    def ask(self, request: dict[str, Any]) -> Any:
        """Return the worker's answer, or None if the request ended the worker.

        Raises:
            TimedOut: the pair of answers has used up its time.
        """
        with self.lock:
            # A worker that died since the last request is replaced once.
            for _ in range(2):
                started = self.start()
                assert self.process and self.process.stdin
                with contextlib.suppress(OSError):
                    self.process.stdin.write(json.dumps(request).encode() + b"\n")
                    self.process.stdin.flush()
                spent, start = getattr(_SPENT, "seconds", 0.0), time.monotonic()
                line = self.read(TIME_LIMIT - spent)
                _SPENT.seconds = spent + time.monotonic() - start
                if line:
                    return json.loads(line)
                self.stop()
                if line is None:
                    raise TimedOut
                if started:
                    return None
            return None

    def start(self) -> bool:
        if self.process is not None and self.process.poll() is None:
            return False
        self.stop()
        # By its path: the worker imports nothing of this package, so that the package need not be installed.
        aliases = {alias: name for language in known().values() for alias, name in language.functions.items()}
        command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), json.dumps(aliases)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        if self.read(START_LIMIT) != b"ready":
            self.stop()
            raise RuntimeError("the worker that compares mathematics did not start: see its message above")
        return True

    def read(self, limit: float) -> bytes | None:
        """Return one line of the worker without its end, b"" if the worker has ended, None after `limit` seconds."""
        assert self.process and self.process.stdout
        pipe, line, end = self.process.stdout.fileno(), b"", time.monotonic() + limit
        # poll, not select: a process that trains or serves may hold over 1024 files.
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while not line.endswith(b"\n"):
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                return None
            part = os.read(pipe, 4096)
            if not part:
                return b""
            line += part
        return line.strip()

    def stop(self) -> None:
        """Kill the worker, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in filter(None, (self.process.stdin, self.process.stdout)):
                with contextlib.suppress(OSError):
                    pipe.close()
            self.process = None


_CHILD = _Child()
atexit.register(_CHILD.stop)
os.register_at_fork(after_in_child=_CHILD.forked)


@functools.lru_cache(maxsize=4096)
def same_value(left: Node, right: Node, up_to_factor: bool = False) -> bool:
    """Tell whether two expressions are equal; `up_to_factor`: equal up to one constant factor other than 0.

    Raises:
        TimedOut: the pair of answers has used up its time.
        RuntimeError: the worker process cannot be started.
    """
    if left == right:
        return True
    exact_left, exact_right = exact(left), exact(right)
    if exact_left is not None and exact_right is not None and not up_to_factor:
        return exact_left == exact_right
    return _CHILD.ask({"left": left, "right": right, "up_to_factor": up_to_factor}) is True


@functools.lru_cache(maxsize=4096)
def real_value(node: Node) -> float | None:
    """Return the real value of an expression without unknowns as a float; None if it has none."""
    if node == ("inf",):
        return float("inf")
    if node[0] == "neg":
        value = real_value(node[1])
        return None if value is None else -value
    fraction = exact(node)
    with contextlib.suppress(OverflowError):
        return float(fraction) if fraction is not None else _CHILD.ask({"value": node})
    return None

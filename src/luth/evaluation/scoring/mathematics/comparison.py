"""Comparing two expressions by value: exact fractions here, all else in a child process with a time limit.

The child (worker.py) reads and writes lines of JSON. A time limit by signal would work in the main thread alone, and a
forked pool would copy the process that holds the model. A child process can be killed from any thread and costs 30 MB.
"""

import atexit
import contextlib
import functools
import json
import math
import os
import re
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
MAX_BITS = 200_000  # of a number that is computed exactly, here or in the worker
RIGHT_DIGITS = 4  # that a decimal needs to stand for an exact value


def exact(node: Node) -> tuple[int, int] | None:
    """Return an expression of whole numbers, decimals and + - × / ^ ! as a fraction, not reduced; another as None."""
    kind, *parts = node
    if kind == "num":
        return Fraction(parts[0]).as_integer_ratio() if "E" not in parts[0] and parts[0] != "." else None
    if kind not in ("+", "*", "/", "^", "neg", "!"):
        return None
    values = [value for part in parts if (value := exact(part)) is not None]
    if len(values) < len(parts):
        return None
    result = _computed(kind, *values)
    return result if result and max(map(int.bit_length, result)) <= MAX_BITS else None


def _computed(kind: str, first: tuple[int, int], second: tuple[int, int] = (1, 1)) -> tuple[int, int] | None:
    """Return the result of one operation on fractions that are not reduced; None if it has none or a long one."""
    (over, under), (other, divisor) = first, second
    if kind == "neg":
        return -over, under
    if kind == "!":
        number, rest = divmod(over, under)
        fits = rest == 0 and 0 <= number * number.bit_length() <= MAX_BITS
        return (math.factorial(number), 1) if fits else None
    if kind == "^":
        exponent, rest = divmod(other, divisor)
        bits = max(over.bit_length(), under.bit_length())
        if rest or abs(exponent) * bits > MAX_BITS or (over == 0 and exponent <= 0):
            return None
        return (over**exponent, under**exponent) if exponent >= 0 else _over(under**-exponent, over**-exponent)
    if kind == "/":
        return _over(over * divisor, under * other) if other else None
    return (over * divisor + other * under if kind == "+" else over * other), under * divisor


def _over(over: int, under: int) -> tuple[int, int]:
    return (over, under) if under > 0 else (-over, -under)


def decimal(node: Node) -> tuple[int, int] | None:
    """Return a decimal as a whole number and the power of ten that divides it (-0.25, 2.5 × 10^-1); else None."""
    kind, *parts = node
    if kind == "num" and "." in parts[0].strip(".") and "E" not in parts[0]:
        return int(parts[0].replace(".", "")), len(parts[0]) - parts[0].index(".") - 1
    if kind == "neg" and (inner := decimal(parts[0])):
        return -inner[0], inner[1]
    if kind in ("*", "/") and (inner := decimal(parts[0])) and (power := _power_of_ten(parts[1])) is not None:
        return inner[0], inner[1] - power if kind == "*" else inner[1] + power
    return None


def _power_of_ten(node: Node) -> int | None:
    value = exact(node)
    if value is None or 1 not in value or max(value) > 10**50 or not re.fullmatch("10*", digits := str(max(value))):
        return None
    return len(digits) - 1 if value[1] == 1 else 1 - len(digits)


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
        return exact_left[0] * exact_right[1] == exact_right[0] * exact_left[1]
    return _CHILD.ask({"left": left, "right": right, "up_to_factor": up_to_factor}) is True


def same_number(left: Node, right: Node) -> bool:
    """Tell whether two expressions are equal, or one is a decimal that the other, an exact value, has when it is cut.

    A decimal of `RIGHT_DIGITS` significant digits or more stands for an exact value that gives it when rounded or
    truncated at its last digit. Of two decimals each is what it says.

    Raises:
        TimedOut: the pair of answers has used up its time.
        RuntimeError: the worker process cannot be started.
    """
    if same_value(left, right):
        return True
    decimals = [decimal(left), decimal(right)]
    for rounded, value in zip(decimals, (right, left), strict=True):
        if rounded and None in decimals and len(str(abs(rounded[0]))) >= RIGHT_DIGITS:
            return _cut(value, *rounded)
    return False


@functools.lru_cache(maxsize=4096)
def _cut(node: Node, digits: int, places: int) -> bool:
    return _CHILD.ask({"value": node, "digits": str(digits), "places": places}) is True


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
        return fraction[0] / fraction[1] if fraction is not None else _CHILD.ask({"value": node})
    return None

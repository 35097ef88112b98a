"""Errors that a user can correct: one clear line with a code, instead of a traceback."""

import contextlib
import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Literal

from luth.core.console import DEBUG, VERBOSE
from luth.core.processes import print_once

# docs/troubleshooting.md explains every code; a test compares the two lists, and checks that each code is raised.
Code = Literal[
    "bad-argument",
    "bad-checkpoint",
    "bad-dataset",
    "bad-key",
    "bad-merge",
    "bad-model",
    "bad-recipe",
    "bad-recipe-key",
    "bad-recipe-value",
    "bad-rows",
    "bad-task-file",
    "bad-template",
    "build-stopped",
    "changed-recipe",
    "disk-full",
    "diverged",
    "folder-busy",
    "hub-gated",
    "hub-not-found",
    "hub-offline",
    "hub-refused",
    "hub-unreachable",
    "launch-mismatch",
    "merge-failed",
    "name-too-long",
    "no-gpu",
    "no-permission",
    "no-rows-left",
    "no-winner",
    "not-alike",
    "not-evaluated",
    "out-of-memory",
    "output-unusable",
    "package-missing",
    "recipe-not-found",
    "server-failed",
    "step-order",
    "step-unclear",
    "unknown-language",
    "unknown-task",
    "unsupported-model",
    "wrong-step",
    "wrong-version",
]


class UserError(Exception):
    """An error that the user can correct. The message says what is wrong, where, and how to fix it."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep the code beside the message.

        Args:
            code: short and stable; docs/troubleshooting.md explains it.
            message: one sentence or several; line breaks become spaces when it is printed.
        """
        super().__init__(message)
        self.code: Code = code

    def __reduce__(self) -> tuple[type["UserError"], tuple[Code, str]]:
        """Pickle the code as well: the errors of worker processes reach the parent pickled."""
        return type(self), (self.code, str(self))


def run_script(main: Callable[[list[str]], None]) -> None:
    """Run a script's `main` on the command line's arguments.

    A `UserError`, or a library's error that `explain` knows, becomes one line on stderr and exit code 2; `--debug`
    shows its traceback as well. Any other error is a fault of this software and keeps its traceback. Any process of a
    launch prints its error, because some errors, such as a loss that is not a number, occur in one process only; what
    another one has printed already is not said again.

    Args:
        main: takes the arguments without `--debug` and `--verbose`, which `quiet_libraries` reads from `sys.argv`.
    """
    arguments = [argument for argument in sys.argv[1:] if argument not in (DEBUG, VERBOSE)]
    try:
        main(arguments)
    except KeyboardInterrupt as stopped:
        print_once(str(stopped) or "stopped")
        sys.exit(130)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        if DEBUG in sys.argv:
            traceback.print_exc()
        print_once(f"error: {' '.join(str(known).split())} [{known.code}]")
        sys.exit(2)


@contextlib.contextmanager
def about(name: str) -> Iterator[None]:
    """Put `name`, what is being loaded or checked, before the message of any error that `explain` knows."""
    try:
        yield
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        line = str(known)
        raise UserError(known.code, line if name in line else f"{name}: {line}") from error


@contextlib.contextmanager
def memory_advice(advice: str) -> Iterator[None]:
    """Say `advice`, what to lower or to take instead, where the machine's or the card's memory runs out inside."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        full = next((line for cause in _causes(error) if (line := _full_memory(cause))), None)
        if full is None:
            raise
        raise UserError("out-of-memory", f"{full}: {advice}") from error


def explain(error: BaseException) -> UserError | None:
    """Return an error that the user or the machine caused as a `UserError`; None for any other error.

    The causes of the error are looked at in turn: libraries wrap a full disk or a missing network in their own errors.
    """
    return next((known for cause in _causes(error) if (known := _explain_one(cause))), None)


def disk_is_full(error: BaseException) -> bool:
    """Tell whether a full disk caused an error."""
    return any(_says_disk_is_full(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, then its cause, the cause of that, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _says_disk_is_full(error: BaseException) -> bool:
    codes = (errno.ENOSPC, errno.EDQUOT)
    # Libraries in Rust and SQLite raise no OSError: only their text tells.
    texts = ("database or disk is full", *map(os.strerror, codes))
    return (isinstance(error, OSError) and error.errno in codes) or any(text in str(error) for text in texts)


def _explain_one(error: BaseException) -> UserError | None:
    if isinstance(error, UserError):
        return error
    full = _full_memory(error)
    if full is not None:
        return UserError("out-of-memory", f"{full}: end other programs that use it, or take a larger one")
    return _explain_file(error) or _explain_hub(error)


def _full_memory(error: BaseException) -> str | None:
    """Return which memory is full, with what was asked for and what is free; None for an error of another kind.

    Libraries raise errors of many types: only their text tells.
    """
    text = f"{type(error).__name__}: {error}"
    on_card = re.search(r"\b(CUDA|HIP|XPU|MPS)\b.*out of memory|CUBLAS_STATUS_ALLOC_FAILED|^OutOfMemoryError", text)
    on_machine = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    if not (on_card or on_machine or re.search(r"DefaultCPUAllocator|\bMemoryError\b|std::bad_alloc", text)):
        return None
    in_bytes = re.search(r"tried to allocate (\d+) bytes", text)
    wanted = re.search(r"(?:[Tt]ried|[Uu]nable) to allocate ([\d.]+ [KMGTPE]iB)", text)
    free = re.search(r"total capacity of ([\d.]+ \w+) of which ([\d.]+ \w+) is free", text)
    facts = [f"{int(in_bytes[1]) / 2**30:,.4g} GiB were asked for"] if in_bytes else []
    facts += [f"{wanted[1]} were asked for"] if wanted else []
    facts += [f"{free[2]} of {free[1]} are free"] if free else []
    where = "the GPU's memory" if on_card else "the machine's memory"
    return f"{where} is full" + (f" ({', '.join(facts)})" if facts else "")


def _explain_file(error: BaseException) -> UserError | None:
    from safetensors import SafetensorError

    if _says_disk_is_full(error):
        file = getattr(error, "filename", None)
        where = f" while writing {file}" if file else ""
        advice = "free some space or choose another output_dir; finished work is kept"
        return UserError("disk-full", f"the disk is full{where}: {advice}")
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return UserError("name-too-long", f"the name {str(error.filename)[:60]}... is too long for a file: shorten it")
    if isinstance(error, PermissionError):
        return UserError("no-permission", f"no permission for {error.filename}: choose a folder that you may write to")
    if isinstance(error, SafetensorError):
        advice = "copy or download the model again"
        return UserError("bad-model", f"a safetensors file is damaged: {_first_line(str(error))}: {advice}")
    return None


def _explain_hub(error: BaseException) -> UserError | None:
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub import errors as hub

    text = str(error)
    if isinstance(error, hub.GatedRepoError) or re.search(r"\bgated (repo|dataset)", text, re.IGNORECASE):
        advice = "accept its terms on the Hub, then set HF_TOKEN"
        return UserError("hub-gated", f"gated repository: {_first_line(text)}: {advice}")
    missing = isinstance(error, hub.RepositoryNotFoundError | hub.RevisionNotFoundError | DatasetNotFoundError)
    if missing or "is not a valid model identifier" in text:
        advice = "check the name; for a private one set HF_TOKEN"
        return UserError("hub-not-found", f"not found on the Hub, or private: {_first_line(text)}: {advice}")
    if isinstance(error, hub.OfflineModeIsEnabled):
        return UserError("hub-offline", f"{_first_line(text)}: unset HF_HUB_OFFLINE, or name a local folder")
    if isinstance(error, hub.LocalEntryNotFoundError) or _is_connection_error(error):
        no_scheme = "missing an 'http://' or 'https://'" in text
        advice = "put https:// before HF_ENDPOINT" if no_scheme else "check the network, or name a local folder"
        return UserError("hub-unreachable", f"the Hub cannot be reached: {_first_line(text)}: {advice}")
    return None


def _is_connection_error(error: BaseException) -> bool:
    if isinstance(error, ConnectionError):
        return not isinstance(error, BrokenPipeError)
    names = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    return bool(names & {"httpx.TransportError", "requests.ConnectionError", "httpx2.TransportError"})


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:300] if lines else "no details given"

"""One clear line for a mistake of the user's, in place of a traceback."""

import contextlib
import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Literal

# Every code has its paragraph in docs/troubleshooting.md; a test compares the two lists.
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
    """A mistake that the user can mend.

    `code` is short and stable: docs/troubleshooting.md has a paragraph for each. The message says what is wrong, where
    and how to fix it.
    """

    def __init__(self, code: Code, message: str) -> None:
        """Take the code and the message."""
        super().__init__(message)
        self.code: Code = code

    def __reduce__(self) -> tuple[type["UserError"], tuple[Code, str]]:
        """Pickle both arguments: errors of worker processes travel that way."""
        return type(self), (self.code, str(self))


def run_script(main: Callable[[list[str]], None]) -> None:
    """Run a script's `main` on the command line's arguments.

    A `UserError`, or a library's error that `explain` knows, becomes one line on stderr and exit code 2; `--debug`
    shows the traceback as well, and `--verbose` what the libraries log. Any other error is a fault of this software
    and keeps its traceback. Every process of a launch prints its own error: a loss that is not a number, for example,
    may occur in one process alone.
    """
    arguments = [argument for argument in sys.argv[1:] if argument not in ("--debug", "--verbose")]
    try:
        main(arguments)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        if "--debug" in sys.argv:
            traceback.print_exc()
        print(f"error: {' '.join(str(known).split())} [{known.code}]", file=sys.stderr)
        sys.exit(2)


@contextlib.contextmanager
def about(name: str) -> Iterator[None]:
    """Name what was being loaded in any error that `explain` knows: libraries often leave it out."""
    try:
        yield
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        line = str(known)
        raise UserError(known.code, line if name in line else f"{name}: {line}") from error


def explain(error: BaseException) -> UserError | None:
    """Return the one-line form of an error whose cause lies with the user or the machine, else None.

    The chain of causes is followed: libraries wrap a full disk or a missing network in errors of their own.
    """
    seen: BaseException | None = error
    while seen is not None:
        known = _explain_one(seen)
        if known is not None:
            return known
        seen = seen.__cause__ or seen.__context__
    return None


def disk_is_full(error: BaseException | None) -> bool:
    """Tell whether a full disk is behind an error."""
    while error is not None:
        if _is_full(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_full(error: BaseException) -> bool:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    # SQLite has words of its own for it.
    said = ("database or disk is full", *(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT)))
    return full or any(words in str(error) for words in said)


def _explain_one(error: BaseException) -> UserError | None:
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub import errors as hub
    from safetensors import SafetensorError

    text = str(error)
    if isinstance(error, UserError):
        return error
    if _is_full(error):
        where = f" while writing {error.filename}" if getattr(error, "filename", None) else ""
        advice = "free some space or choose another output_dir; what was finished is kept"
        return UserError("disk-full", f"the disk is full{where}: {advice}")
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return UserError("name-too-long", f"{str(error.filename)[:60]}... is too long for a file's name: shorten it")
    if isinstance(error, PermissionError):
        return UserError("no-permission", f"no permission for {error.filename}: choose a folder that you may write to")
    if isinstance(error, hub.GatedRepoError) or re.search(r"\bgated (repo|dataset)", text, re.IGNORECASE):
        advice = "accept its terms on the Hub, then set HF_TOKEN"
        return UserError("hub-gated", f"gated repository: {_first_line(text)}: {advice}")
    if isinstance(error, SafetensorError):
        advice = "copy or download the model again"
        return UserError("bad-model", f"a safetensors file is damaged: {_first_line(text)}: {advice}")
    missing = isinstance(error, hub.RepositoryNotFoundError | hub.RevisionNotFoundError | DatasetNotFoundError)
    if missing or "is not a valid model identifier" in text:
        advice = "check the name; for a private one set HF_TOKEN"
        return UserError("hub-not-found", f"not found on the Hub, or private: {_first_line(text)}: {advice}")
    if isinstance(error, hub.OfflineModeIsEnabled):
        return UserError("hub-offline", f"{_first_line(text)}: unset HF_HUB_OFFLINE, or name a local folder")
    if isinstance(error, hub.LocalEntryNotFoundError) or _is_connection_error(error):
        advice = "check the network, or name a local folder"
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

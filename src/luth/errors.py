"""One clear line for a mistake of the user's, in place of a traceback."""

import contextlib
import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator


class UserError(Exception):
    """A mistake that the user can mend: the message says what is wrong, where, and how to fix it."""


def run_script(main: Callable[[list[str]], None]) -> None:
    """Run a script's `main` on the command line's arguments.

    A `UserError`, or a library's error that `explain` knows, becomes one line on stderr and exit code 2; `--debug`
    shows the traceback as well. Anything else is a fault of this software and keeps its traceback. Every process of a
    launch speaks for itself: what goes wrong in one alone, such as a loss that is not a number, must not go unsaid.
    """
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        main(arguments)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        if "--debug" in sys.argv:
            traceback.print_exc()
        print(f"error: {' '.join(line.split())}", file=sys.stderr)
        sys.exit(2)


@contextlib.contextmanager
def about(name: str) -> Iterator[None]:
    """Name what was being loaded in any error that `explain` knows: libraries often leave it out."""
    try:
        yield
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        raise UserError(line if name in line else f"{name}: {line}") from error


def explain(error: BaseException) -> str | None:
    """Say an error in one line if its cause lies with the user or the machine, else None.

    The chain of causes is followed: libraries wrap a full disk or a missing network in errors of their own.
    """
    seen: BaseException | None = error
    while seen is not None:
        line = _explain_one(seen)
        if line is not None:
            return line
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


def _explain_one(error: BaseException) -> str | None:
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub import errors as hub
    from safetensors import SafetensorError

    text = str(error)
    if isinstance(error, UserError):
        return text
    if _is_full(error):
        where = f" while writing {error.filename}" if getattr(error, "filename", None) else ""
        return f"the disk is full{where}: free some space or choose another output_dir; what was finished is kept"
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return f"the name {str(error.filename)[:60]}... is too long for a file: choose a shorter one"
    if isinstance(error, PermissionError):
        return f"no permission for {error.filename}: choose a folder that you may write to"
    if isinstance(error, hub.GatedRepoError) or re.search(r"\bgated (repo|dataset)", text, re.IGNORECASE):
        return f"gated repository: {_first_line(text)}: accept its terms on the Hub, then set HF_TOKEN"
    if isinstance(error, SafetensorError):
        return f"a safetensors file is damaged: {_first_line(text)}: copy or download the model again"
    missing = isinstance(error, hub.RepositoryNotFoundError | hub.RevisionNotFoundError | DatasetNotFoundError)
    if missing or "is not a valid model identifier" in text:
        return f"not found on the Hub, or private: {_first_line(text)}: check the name; for a private one set HF_TOKEN"
    if isinstance(error, hub.OfflineModeIsEnabled):
        return f"{_first_line(text)}: unset HF_HUB_OFFLINE, or name a local folder"
    if isinstance(error, hub.LocalEntryNotFoundError) or _is_connection_error(error):
        return f"the Hub cannot be reached: {_first_line(text)}: check the network, or name a local folder"
    return None


def _is_connection_error(error: BaseException) -> bool:
    if isinstance(error, ConnectionError):
        return not isinstance(error, BrokenPipeError)
    names = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    return bool(names & {"httpx.TransportError", "requests.ConnectionError", "httpx2.TransportError"})


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:300] if lines else "no details given"

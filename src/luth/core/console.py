"""What every script shares on the command line: its parser, quiet libraries, and lines about what it is doing."""

import argparse
import contextlib
import gc
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from typing import NoReturn

VERBOSE = "--verbose"
DEBUG = "--debug"
# The command line of the scripts whose keys may follow the recipe.
USAGE = "RECIPE [--KEY VALUE ...]"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line with a code, and name the nearest option."""

    def error(self, message: str) -> NoReturn:
        # Both import this module.
        from luth.core.errors import UserError
        from luth.core.recipes import nearest

        line = re.sub(r"^argument (\S+?)(/\S+)?: ", r"\1: ", message)
        if unknown := re.match(r"unrecognized arguments: (\S+)", message):
            option = unknown[1].split("=")[0]
            close = nearest(option, self._option_string_actions) if option.startswith("-") else ""
            line = f"unknown {'option' if option.startswith('-') else 'argument'} {option}{close}"
        elif missing := re.match(r"the following arguments are required: (.+)", message):
            line = f"the command line lacks {missing[1]}"
        usage = " ".join(self.format_usage().split())
        raise UserError("bad-argument", f"{line}: {usage}")


def script_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every script takes; `run_script` acts on them and removes them.

    Args:
        description: the script's docstring, which --help prints as it is.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument(VERBOSE, action="store_true", help="show the libraries' logs and warnings")
    parser.add_argument(DEBUG, action="store_true", help="as --verbose, and show the traceback of an error")
    return parser


def training_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a training script: its recipe, and any of the recipe's keys behind it.

    Args:
        description: the script's docstring, which --help prints as it is.
    """
    parser = script_parser(description)
    parser.usage = f"%(prog)s {USAGE}"
    parser.add_argument("recipe", help="a .yaml file; then any of its keys as --KEY VALUE")
    return parser


def quiet_libraries() -> None:
    """Silence the libraries' logs below errors, their warnings and their short progress bars.

    Call it before the libraries are imported. `--verbose` or `--debug` on the command line keeps their messages.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # A traceback in a task's log must not show the values of variables: an API key may be among them.
    os.environ.setdefault("LOGURU_DIAGNOSE", "NO")
    if {VERBOSE, DEBUG} & set(sys.argv):
        return
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DS_ACCELERATOR_LOG_LEVEL", "error")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()


def say(line: str) -> None:
    """Print one line about what the script does now, from the first process of a launch only."""
    if os.environ.get("RANK", "0") == "0":
        print(line, flush=True)


@contextlib.contextmanager
def loading(what: str) -> Iterator[None]:
    """Say that libraries are loaded, and import them inside: `with loading("LightEval"): import lighteval`.

    Garbage collection is off meanwhile. What imports create stays, and searching it takes a fifth of their time.
    """
    say(f"Loading {what}.")
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

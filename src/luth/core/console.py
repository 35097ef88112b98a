"""Libraries kept quiet, so that the lines a user sees are the ones meant for them."""

import logging
import os
import sys
import warnings


def quiet_libraries() -> None:
    """Silence the libraries' logs below an error, and their short progress bars. Call before importing them.

    `--verbose` or `--debug` on the command line leaves the libraries as they are.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # A traceback in a task's log must not show what variables hold: a key may be among them.
    os.environ.setdefault("LOGURU_DIAGNOSE", "NO")
    if {"--verbose", "--debug"} & set(sys.argv):
        return
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DS_ACCELERATOR_LOG_LEVEL", "error")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()


def say(line: str) -> None:
    """Print one line of plain words about the step that begins, from the first process only."""
    if os.environ.get("RANK", "0") == "0":
        print(line, flush=True)

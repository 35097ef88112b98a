"""What every script shares on the command line: quiet libraries, and lines about what it is doing."""

import contextlib
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator

VERBOSE = "--verbose"
DEBUG = "--debug"


def quiet_libraries() -> None:
    """Silence the libraries' logs below errors, their warnings and their short progress bars, and set what they read.

    Call it before the libraries are imported. `--verbose` or `--debug` on the command line keeps their messages.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # A traceback in a task's log must not show the values of variables: an API key may be among them.
    os.environ.setdefault("LOGURU_DIAGNOSE", "NO")
    # Packs and prompts differ in length: PyTorch's GPU memory in segments that grow has no holes of earlier sizes.
    if "PYTORCH_CUDA_ALLOC_CONF" not in os.environ:
        os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    # A bar that nobody watches is a line now and then.
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", "20")
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

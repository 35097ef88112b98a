"""What the steps' programs say to check.py: figures, one a line, as soon as each is known."""

import argparse
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# A line of a step's output that begins so is for check.py; all others are its log.
MARK = "@figure "
BEGUN = time.monotonic()


def step_arguments(about: str, *flags: str) -> argparse.Namespace:
    """Read a step's command line: `on_cpu`, the folder `scratch`, the `results` so far, and flags of its own."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", dest="on_cpu", action="store_true", help="on a CPU, tiny")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for models and rows")
    parser.add_argument("--results", type=Path, help="what the steps before this one found")
    parser.add_argument("--seconds", type=float, default=3600, help="after which this step is stopped")
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def too_late(seconds: float, needed: float) -> str | None:
    """Say that a step of so many seconds has fewer than `needed` left, None where it has more."""
    left = seconds - (time.monotonic() - BEGUN)
    return None if left > needed else f"only {left:.0f} of the step's {seconds:.0f} seconds were left"


def figure(name: str, value: float, digits: int = 4) -> None:
    """Give a measured figure; errors and ratios have no unit, the name says any other."""
    _say(name=name, value=float(f"{value:.{digits}g}"))


def left_out(name: str, why: str) -> None:
    """Say that a figure is not measured, and why."""
    _say(name=name, left_out=" ".join(why.split()))


def failed(name: str, why: str) -> None:
    """Say that measuring a figure failed, and how."""
    _say(name=name, failed=" ".join(why.split()))


def note(name: str, lines: list[str]) -> None:
    """Give text that belongs to the step, such as a profile."""
    _say(name=name, lines=lines)


def measured(recipe: str, tokens_per_second: float, peak_memory_bytes: int, changed: dict[str, Any]) -> None:
    """Give a recipe's speed and memory, for measured.yaml; `changed` are the keys that another value was tried of."""
    _say(
        recipe=recipe,
        changed=changed,
        tokens_per_second=round(tokens_per_second),
        peak_memory_bytes=peak_memory_bytes,
    )


@contextlib.contextmanager
def attempt(name: str) -> Iterator[None]:
    """Go on with the step's next figures where those of `name` cannot be measured."""
    from luth.core.errors import explain

    try:
        yield
    except Exception as error:
        known = explain(error)
        if known is not None and known.code in CANNOT:
            left_out(name, f"{known} [{known.code}]")
        else:
            failed(name, f"{type(error).__name__}: {error}"[:1000])


# Codes of luth.core.errors that say that this machine or version cannot do it, and not that it did it wrongly.
CANNOT = ("bad-recipe-key", "bad-recipe-value", "package-missing", "unsupported-model", "no-gpu", "hub-offline")


def _say(**fields: Any) -> None:
    # On a line of its own, after whatever a progress bar has written.
    print(f"\n{MARK}{json.dumps(fields)}", flush=True)

"""How all figures look, and how they are written."""

from pathlib import Path
from typing import TYPE_CHECKING

from luth.core.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Readable for the colour-blind, and, with markers and lines, without colour.
COLOURS = ("#1f5fbf", "#c4512d", "#3a8f4d", "#7a5ab5", "#8c6d31", "#3b8ea5", "#a55194", "#6b6b6b")
MARKERS = ("o", "s", "^", "D")
LINES = ("-", "--", ":", "-.")
DPI = 120


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of `width` x `height` inches, drawn without a screen; `save` closes it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def save(figure: "Figure", path: Path) -> None:
    """Write a PNG whole or not at all: several processes may draw the same figure."""
    with replacing(path) as beside:
        figure.savefig(beside, format="png")

"""The loss curve."""

from pathlib import Path
from typing import Any

from luth.core.figures import new_figure, save


def plot_loss(history: list[dict[str, Any]], path: Path, title: str, unit: str) -> None:
    """Draw training loss, and evaluation loss where there is one, over optimiser steps, as a PNG.

    Args:
        history: the Trainer's log history.
        path: the file to write.
        title: the figure's title.
        unit: what the loss is measured in; empty where it has no unit.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(7, 4)
    axes = figure.subplots()
    for key, label in (("loss", "training"), ("eval_loss", "held out")):
        points = [(entry["step"], entry[key]) for entry in history if key in entry]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
    axes.set(xlabel="optimiser step", ylabel=f"loss ({unit})" if unit else "loss", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    save(figure, path)

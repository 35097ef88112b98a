"""The loss curve."""

from pathlib import Path
from typing import Any


def plot_loss(history: list[dict[str, Any]], path: Path, title: str) -> None:
    """Draw training loss, and evaluation loss where there is one, over optimiser steps, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), dpi=120, layout="constrained")
    for key, label in (("loss", "training"), ("eval_loss", "held out")):
        points = [(entry["step"], entry[key]) for entry in history if key in entry]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
    axes.set(xlabel="optimiser step", ylabel="loss (nats per trained token)", title=title)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
    beside = path.with_name(f".{path.name}")
    figure.savefig(beside, format="png")
    plt.close(figure)
    beside.replace(path)

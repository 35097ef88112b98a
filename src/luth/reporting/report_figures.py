"""The report's figures. To add one: a function that draws it, and its line in FIGURES."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luth.core.figures import COLOURS, MARKERS, new_figure, save
from luth.reporting.differences import Comparison
from luth.reporting.recipe import ReportRecipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_differences(comparison: Comparison, recipe: ReportRecipe) -> "Figure":
    """Draw each group's difference to the base with its interval: one line a group, one marker a model."""
    purposes = {**dict.fromkeys(recipe.gained, "to gain"), **dict.fromkeys(recipe.kept, "to keep")}
    groups = list(dict.fromkeys([*purposes, *recipe.groups]))
    panels = [[group for group in groups if comparison.is_share(group) == share] for share in (True, False)]
    panels = [panel for panel in panels if panel]
    heights = [0.8 + len(panel) * (0.4 + 0.16 * len(comparison.models)) for panel in panels]
    figure = new_figure(8, 0.2 * len(comparison.models) + sum(heights))
    axes = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        _draw_intervals(axis, comparison, panel)
        labels = [f"{group}\n{purposes[group]}" if group in purposes else group for group in panel]
        axis.set_yticks(range(len(panel)), labels)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, loc="outside upper center")
    return figure


def _draw_intervals(axis: "Axes", comparison: Comparison, groups: list[str]) -> None:
    factor, unit = (100, "points") if comparison.is_share(groups[0]) else (1, "nats per character")
    base, *tuned = comparison.models
    # The base has the first colour in figures that show it.
    for number, model in enumerate(tuned, 1):
        estimates = [comparison.differences[group][model] for group in groups]
        value, low, high = factor * np.array([(each.value, each.low, each.high) for each in estimates]).T
        axis.errorbar(
            value,
            np.arange(len(groups)) + 0.5 * (number / len(comparison.models) - 0.5),
            xerr=[value - low, high - value],
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            linestyle="none",
            capsize=3,
            label=model,
        )
    axis.axvline(0, color="grey", linewidth=1)
    axis.grid(axis="x", alpha=0.3)
    axis.set(xlabel=f"difference to {base} ({unit}), with 95% intervals", ylim=(len(groups) - 0.5, -0.5))


# By file name: the caption, and what draws it.
FIGURES: dict[str, tuple[str, Callable[[Comparison, ReportRecipe], "Figure"]]] = {
    "differences.png": ("Differences to the base, with 95% intervals", draw_differences),
}
SWEEP_FIGURES = {"frontier.png": "What is gained against what is kept", "curve.png": "Score over the coefficient"}


def write_figures(recipe: ReportRecipe, comparison: Comparison, folder: Path) -> dict[str, list[str]]:
    """Draw the report's figures, and copy those that the steps left, into a folder.

    Returns:
        the figures as markdown, under `own`, `sweep` (its figures) and `training` (each model's loss curve).
    """
    for name, (_, draw) in FIGURES.items():
        save(draw(comparison, recipe), folder / name)
    curves = [(name, Path(model) / "loss.png") for name, model in recipe.all_models().items()]
    curves = [(name, path) for name, path in curves if path.is_file()]
    sweep = [Path(recipe.sweep) / name for name in SWEEP_FIGURES] if recipe.sweep else []
    return {
        "own": [f"![{caption}]({name})" for name, (caption, _) in FIGURES.items()],
        "sweep": [_copied(path, folder, path.name, SWEEP_FIGURES[path.name]) for path in sweep if path.is_file()],
        "training": [
            _copied(path, folder, f"loss-{number}.png" if number > 1 else "loss.png", f"Training loss of {name}")
            for number, (name, path) in enumerate(curves, 1)
        ],
    }


def _copied(path: Path, folder: Path, name: str, caption: str) -> str:
    shutil.copyfile(path, folder / name)
    return f"![{caption}]({name})"

"""The report's figures. To add one: a function that draws it, and its line in FIGURES."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luth.core.figures import COLOURS, MARKERS, new_figure, save
from luth.reporting.differences import Comparison
from luth.reporting.intervals import Estimate
from luth.reporting.recipe import ReportRecipe
from luth.reporting.reproduction import Pair, Reproduction

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


def draw_reproduction(reproduction: Reproduction) -> "Figure":
    """Draw each published score and the measured one below it, with their intervals: one panel a model."""
    panels = [[pair for pair in reproduction.pairs if pair.model == model] for model in reproduction.models]
    heights = [0.5 + 0.42 * len(panel) for panel in panels]
    figure = new_figure(8, 1.2 + sum(heights))
    axes = figure.subplots(len(panels), squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    for axis, model, panel in zip(axes, reproduction.models, panels, strict=True):
        published = [(place, pair.printed, pair.published) for place, pair in enumerate(panel)]
        measured = [(n, p.measured.estimate.value, p.measured.estimate) for n, p in enumerate(panel) if p.measured]
        for number, (label, points) in enumerate((("published", published), ("measured", measured))):
            _draw_points(axis, points, number, label)
        axis.set_yticks(range(len(panel)), [_task_label(pair) for pair in panel])
        axis.set(ylim=(len(panel) - 0.5, -0.5))
        axis.set_title(model, fontsize=10, loc="left")
        axis.grid(axis="x", alpha=0.3)
        for line in range(1, len(panel)):
            axis.axhline(line - 0.5, color="grey", linewidth=0.4, alpha=0.5)
    axes[-1].set(xlabel="score (percent), with 95% intervals over items")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=9, loc="outside upper center", ncols=2)
    return figure


def _draw_points(axis: "Axes", points: Sequence[tuple[int, float, Estimate | None]], number: int, label: str) -> None:
    """Draw scores at their places, with an interval where there is one; the second kind a little below the first."""
    places = [place + 0.34 * (number - 0.5) for place, _, _ in points]
    values = [100 * value for _, value, _ in points]
    ends = [(each.low, each.high) if each else (value, value) for _, value, each in points]
    margins = [[v - 100 * low for v, (low, _) in zip(values, ends, strict=True)]]
    margins.append([100 * high - v for v, (_, high) in zip(values, ends, strict=True)])
    style = {"color": COLOURS[number], "marker": MARKERS[number], "linestyle": "none", "capsize": 3, "markersize": 5}
    # A bootstrap's interval may miss the score by a rounding.
    axis.errorbar(values, places, xerr=np.maximum(0, margins), label=label, **style)


def _task_label(pair: Pair) -> str:
    if pair.measured is None:
        return f"{pair.task}\nnot measured"
    return (
        pair.task if pair.compatible else f"{pair.task}\n{'NOT TESTED' if pair.difference is None else 'INCOMPATIBLE'}"
    )


# By file name: the caption, and what draws it.
FIGURES: dict[str, tuple[str, Callable[[Comparison, ReportRecipe], "Figure"]]] = {
    "differences.png": ("Differences to the base, with 95% intervals", draw_differences),
}
SWEEP_FIGURES = {"frontier.png": "What is gained against what is kept", "curve.png": "Score over the coefficient"}


def write_figures(
    recipe: ReportRecipe, comparison: Comparison | None, reproduction: Reproduction | None, folder: Path
) -> dict[str, list[str]]:
    """Draw the report's figures, and copy those that the steps left, into a folder.

    Returns:
        the figures as markdown, under `own`, `sweep` (its figures), `training` (each model's loss curve) and
        `published` (the published scores beside the measured ones).
    """
    figures: dict[str, list[str]] = {}
    if reproduction:
        save(draw_reproduction(reproduction), folder / "published.png")
        figures["published"] = ["![Published and measured scores, with 95% intervals](published.png)"]
    if comparison is None:
        return figures
    for name, (_, draw) in FIGURES.items():
        save(draw(comparison, recipe), folder / name)
    curves = [(name, Path(model) / "loss.png") for name, model in recipe.all_models().items()]
    curves = [(name, path) for name, path in curves if path.is_file()]
    sweep = [Path(recipe.sweep) / name for name in SWEEP_FIGURES] if recipe.sweep else []
    return figures | {
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

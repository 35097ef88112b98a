"""A sweep's figures."""

import os
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from luth.reporting.intervals import Estimate
from luth.sweep.selection import Tried

# By group and by method, in the order of the recipe; readable without colour as well.
COLOURS = ("#1f5fbf", "#c4512d", "#3a8f4d", "#7a5ab5")
MARKERS = ("o", "s", "^", "D")
LINES = ("-", "--", ":", "-.")
Parents = dict[str, dict[str, Estimate]]


def _scaled(found: Estimate) -> tuple[float, float, float]:
    """Return value, and how far the interval reaches below and above it, in percent where it is a share."""
    factor = 100 if 0 <= found.value <= 1 else 1
    return factor * found.value, factor * (found.value - found.low), factor * (found.high - found.value)


def _unit(parents: Parents, group: str) -> str:
    shares = all(0 <= scores[group].value <= 1 for scores in parents.values())
    return f"{group} (% right)" if shares else f"{group} (nats)"


def plot_curve(tried: list[Tried], parents: Parents, winner: str | None, path: Path) -> None:
    """Draw every group's score over the coefficient, one panel a group, one line a method, the parents as levels."""
    groups = list(next(iter(parents.values())))
    figure, axes = plt.subplots(
        1, len(groups), figsize=(5.4 * len(groups), 4.6), dpi=120, layout="constrained", squeeze=False
    )
    methods = list(dict.fromkeys(cell.method for cell in tried))
    for number, (group, axis) in enumerate(zip(groups, axes[0], strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        for (name, scores), line in zip(parents.items(), (":", "-."), strict=True):
            axis.axhline(_scaled(scores[group])[0], color="grey", linestyle=line, linewidth=1.2, label=name)
        for at, method in enumerate(methods):
            _method_line(axis, [cell for cell in tried if cell.method == method], group, colour, at, len(methods))
        for cell in tried:
            if cell.name == winner and cell.scores:
                value = _scaled(cell.scores[group])[0]
                axis.plot(
                    cell.coefficient, value, "*", color="black", markersize=13, zorder=5, label=f"winner: {winner}"
                )
        axis.set(title=group, xlabel="coefficient (0: the base)", ylabel=_unit(parents, group))
        _finish(axis)
    figure.suptitle("Development items; bars: 95% bootstrap intervals over items", fontsize=9)
    _save(figure, path)


def _method_line(axis: plt.Axes, cells: list[Tried], group: str, colour: str, at: int, methods: int) -> None:
    shift = 0.008 * (at - (methods - 1) / 2)
    marker, line = MARKERS[at % len(MARKERS)], LINES[at % len(LINES)]
    for full in (True, False):
        shown = [
            (cell.coefficient + shift, _scaled(cell.scores[group]))
            for cell in cells
            if cell.scores and cell.full == full
        ]
        if not shown:
            continue
        places, values = [place for place, _ in shown], [value for _, value in shown]
        label = cells[0].method + ("" if full else ", first pass only (fewer items)")
        axis.errorbar(
            places,
            [value for value, _, _ in values],
            yerr=[[below for _, below, _ in values], [above for _, _, above in values]],
            color=colour,
            marker=marker,
            markerfacecolor=colour if full else "white",
            linestyle=line if full else "none",
            alpha=1 if full else 0.45,
            capsize=3,
            label=label,
        )


def plot_frontier(
    tried: list[Tried], parents: Parents, winner: str | None, groups: tuple[str, str], floor: float | None, path: Path
) -> None:
    """Draw the maximised group against the kept one: parents and merges that came to the end, intervals as crosses."""
    gained, kept = groups
    figure, axis = plt.subplots(figsize=(7.6, 6.0), dpi=120, layout="constrained")
    if floor is not None:
        axis.axvline(100 * floor, color="grey", linestyle=":", linewidth=1.2, label=f"least {kept} admitted")
    methods = list(dict.fromkeys(cell.method for cell in tried))
    for at, method in enumerate(methods):
        cells = [cell for cell in tried if cell.method == method and cell.scores and cell.full]
        for number, cell in enumerate(cells):
            label = method if number == 0 else None
            place = _cross(axis, cell.scores, groups, COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)], label)
            axis.annotate(f"{cell.coefficient:g}", place, xytext=(9, 7), textcoords="offset points", fontsize=8)
    for (name, scores), marker in zip(parents.items(), ("X", "P"), strict=True):
        _cross(axis, scores, groups, "black", marker, name, size=10)
    for cell in tried:
        if cell.name == winner and cell.scores:
            x, y = _scaled(cell.scores[kept])[0], _scaled(cell.scores[gained])[0]
            ring = {"color": "black", "markerfacecolor": "none", "markersize": 17, "markeredgewidth": 1.5}
            axis.plot(x, y, "o", label=f"winner: {winner}", **ring)
    out = sum(not cell.full or cell.scores is None for cell in tried)
    axis.set(xlabel=_unit(parents, kept), ylabel=_unit(parents, gained))
    axis.set_title(
        f"Development items; crosses: 95% bootstrap intervals\n"
        f"{out} of {len(tried)} merges left the race after the first pass, and are not shown",
        fontsize=9,
    )
    _finish(axis)
    _save(figure, path)


def _cross(
    axis: plt.Axes,
    scores: dict[str, Estimate],
    groups: tuple[str, str],
    colour: str,
    marker: str,
    label: str | None,
    size: float = 6,
) -> tuple[float, float]:
    y, x = _scaled(scores[groups[0]]), _scaled(scores[groups[1]])
    axis.errorbar(
        x[0],
        y[0],
        xerr=[[x[1]], [x[2]]],
        yerr=[[y[1]], [y[2]]],
        color=colour,
        marker=marker,
        markersize=size,
        elinewidth=0.7,
        alpha=0.85,
        linestyle="none",
        label=label,
    )
    return x[0], y[0]


def _finish(axis: plt.Axes) -> None:
    axis.grid(alpha=0.3)
    # Head room, so that the legend hides no interval.
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.34 * (high - low))
    axis.legend(loc="upper center", ncols=2, fontsize=8)


def _save(figure: plt.Figure, path: Path) -> None:
    # Several processes of one sweep draw the same figure.
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    figure.savefig(beside, format="png")
    plt.close(figure)
    beside.replace(path)

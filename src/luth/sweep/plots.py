"""A sweep's figures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from luth.core.figures import COLOURS, LINES, MARKERS, new_figure, save
from luth.reporting.intervals import Estimate
from luth.sweep.selection import Tried

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Estimates = dict[str, dict[str, Estimate]]
PARENT_LINES, PARENT_MARKERS = (":", "-."), ("X", "P")
# Methods at the same coefficient are drawn side by side, this share of the highest coefficient apart.
SHIFT = 0.014
# Where a method's coefficients stand beside its marks, in points: another corner for each method.
CORNERS = ((9, 6), (-9, -13), (9, -13), (-9, 6))


def plot_curve(tried: list[Tried], parents: Estimates, winner: str | None, path: Path) -> None:
    """Draw every group's score over the coefficient: one panel a group, one line a method, the parents as levels."""
    groups = list(next(iter(parents.values())))
    figure = new_figure(5.4 * len(groups), 5.0)
    methods = _by_method(tried)
    widest = max(merge.coefficient for merge in tried)
    for group, axis in zip(groups, figure.subplots(1, len(groups), squeeze=False)[0], strict=True):
        for (name, scores), line in zip(parents.items(), PARENT_LINES, strict=True):
            axis.axhline(_scaled(scores[group])[0], color="grey", linestyle=line, linewidth=1.2, label=name)
        for number, merges in enumerate(methods.values()):
            shift = SHIFT * widest * (number - (len(methods) - 1) / 2)
            _draw_method(axis, merges, group, number, shift)
            for merge in merges:
                if merge.name == winner and merge.scores:
                    value, star = _scaled(merge.scores[group])[0], {"color": "black", "markersize": 13, "zorder": 5}
                    axis.plot(merge.coefficient + shift, value, "*", label=f"winner: {winner}", **star)
        axis.set(title=group, xlabel="coefficient (0: the base)", ylabel=_label(parents, group))
        axis.grid(alpha=0.3)
    figure.suptitle("Development items; bars: 95% bootstrap intervals over items", fontsize=9)
    _add_legend(figure)
    save(figure, path)


def _draw_method(axis: "Axes", merges: list[Tried], group: str, number: int, shift: float) -> None:
    """Draw a method's merges: a line through those of the full pass, hollow marks for the first pass's."""
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    for full in (True, False):
        shown = [merge for merge in merges if merge.scores and merge.full == full]
        if not shown:
            continue
        values, below, above = zip(*(_scaled(merge.scores[group]) for merge in shown if merge.scores), strict=True)
        axis.errorbar(
            [merge.coefficient + shift for merge in shown],
            values,
            yerr=[below, above],
            color=colour,
            marker=marker,
            markerfacecolor=colour if full else "white",
            linestyle=LINES[number % len(LINES)] if full else "none",
            alpha=1 if full else 0.45,
            capsize=3,
            label=merges[0].method + ("" if full else ", first pass only (fewer items)"),
        )


def plot_frontier(
    tried: list[Tried], parents: Estimates, winner: str | None, groups: tuple[str, str], least: float, path: Path
) -> None:
    """Draw the gained group's score against the kept group's: parents and merges of the full pass.

    Args:
        tried: the grid.
        parents: the group means of base and fine-tuned model.
        winner: the name of one of `tried`.
        groups: the gained group and the kept one.
        least: the lowest score of the kept group that is admitted, as a share of 1.
        path: of the PNG.
    """
    gained, kept = groups
    figure = new_figure(7.6, 6.4)
    axis = figure.subplots()
    axis.axvline(100 * least, color="grey", linestyle=":", linewidth=1.2, label=f"least {kept} admitted")
    for number, (method, merges) in enumerate(_by_method(tried).items()):
        style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        right, up = CORNERS[number % len(CORNERS)]
        text = {"color": style["color"], "fontsize": 8, "ha": "left" if right > 0 else "right"}
        label: str | None = method
        for merge in merges:
            if not merge.scores or not merge.full:
                continue
            place = _draw_cross(axis, merge.scores, groups, label=label, **style)
            axis.annotate(f"{merge.coefficient:g}", place, xytext=(right, up), textcoords="offset points", **text)
            label = None
            if merge.name == winner:
                ring = {"color": "black", "markerfacecolor": "none", "markersize": 17, "markeredgewidth": 1.5}
                axis.plot(*place, "o", label=f"winner: {winner}", **ring)
    for (name, scores), marker in zip(parents.items(), PARENT_MARKERS, strict=True):
        _draw_cross(axis, scores, groups, label=name, color="black", marker=marker, markersize=10)
    axis.set(xlabel=_label(parents, kept), ylabel=_label(parents, gained))
    hidden = sum(not merge.full or merge.scores is None for merge in tried)
    axis.set_title(
        f"Development items; crosses: 95% bootstrap intervals; numbers: coefficients\n"
        f"{hidden} of {len(tried)} merges are not shown: out after the first pass, or failed",
        fontsize=9,
    )
    axis.grid(alpha=0.3)
    _add_legend(figure)
    save(figure, path)


def _draw_cross(
    axis: "Axes", scores: dict[str, Estimate], groups: tuple[str, str], **style: Any
) -> tuple[float, float]:
    """Draw a model's two scores with their intervals; return the place."""
    (y, y_below, y_above), (x, x_below, x_above) = _scaled(scores[groups[0]]), _scaled(scores[groups[1]])
    spread: dict[str, Any] = {"xerr": [[x_below], [x_above]], "yerr": [[y_below], [y_above]]}
    axis.errorbar(x, y, **spread, elinewidth=0.7, alpha=0.85, linestyle="none", **style)
    return x, y


def _by_method(tried: list[Tried]) -> dict[str, list[Tried]]:
    methods: dict[str, list[Tried]] = {}
    for merge in tried:
        methods.setdefault(merge.method, []).append(merge)
    return methods


def _scaled(mean: Estimate) -> tuple[float, float, float]:
    """Return a value, and how far its interval reaches below and above it, in percent where it is a share."""
    factor = 100 if 0 <= mean.value <= 1 else 1
    return factor * mean.value, factor * (mean.value - mean.low), factor * (mean.high - mean.value)


def _label(parents: Estimates, group: str) -> str:
    shares = all(0 <= scores[group].value <= 1 for scores in parents.values())
    return f"{group} (% right)" if shares else f"{group} (nats)"


def _add_legend(figure: "Figure") -> None:
    """Put one legend below all panels, which hides no interval."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3 if len(figure.axes) > 1 else 2, fontsize=8)

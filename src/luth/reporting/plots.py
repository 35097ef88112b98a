"""The report's figures."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from luth.reporting.statistics import Estimate

COLOURS = {"french": "#1f5fbf", "english": "#c4512d"}


def plot_shares(
    shares: list[float],
    panels: dict[str, dict[str, tuple[str, list[Estimate]]]],
    path: Path,
    chosen: float | None,
) -> None:
    """Draw French and English side by side over the fine-tuned model's share in the merge.

    Args:
        shares: the shares, 0 the base and 1 the fine-tuned model.
        panels: by panel title, for `french` and `english` a label and one estimate a share.
        path: the PNG.
        chosen: the share to mark, if any.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(5.4 * len(panels), 4.2), dpi=120, layout="constrained")
    for axis, (title, lines) in zip(axes, panels.items(), strict=True):
        for offset, (language, (label, estimates)) in zip((-0.006, 0.006), lines.items(), strict=True):
            values = [estimate.value for estimate in estimates]
            below = [estimate.value - estimate.low for estimate in estimates]
            above = [estimate.high - estimate.value for estimate in estimates]
            axis.errorbar(
                [share + offset for share in shares],
                values,
                yerr=[below, above],
                color=COLOURS[language],
                marker="o" if language == "french" else "s",
                capsize=3,
                label=label,
            )
        if chosen is not None:
            axis.axvline(chosen, color="grey", linestyle=":", linewidth=1)
        axis.set(title=title, xlabel="share of the fine-tuned model (0: base, 1: fine-tuned)", xticks=shares)
        axis.grid(alpha=0.3)
        # Head room, so that the legend hides no interval.
        low, high = axis.get_ylim()
        axis.set_ylim(low, high + 0.18 * (high - low))
        axis.legend(loc="upper center", ncols=2)
    figure.suptitle("Bars: 95% bootstrap intervals over items", fontsize=9)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    beside = path.with_name(f".{path.name}")
    figure.savefig(beside, format="png")
    plt.close(figure)
    beside.replace(path)

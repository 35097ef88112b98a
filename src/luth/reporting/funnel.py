"""The funnel of a dataset: rows and tokens after every step and part, what was rejected and why, what it cost."""

import html
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luth.core.figures import COLOURS, new_figure, save
from luth.core.files import write_text
from luth.core.markdown import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAMPLES, SAMPLE_CHARACTERS = 3, 400
# What each step counted, by its name in the plan: "rows" and "rejected", each a list of counts by part (and reason).
Steps = dict[str, dict[str, Any]]
# The steps that each part has for itself come first; the rest follow in the plan's order.
PART_STEPS = ("read", "select", "translate", "generate", "judge")
COSTS = {
    "requests": "requests",
    "retries": "sent again after a fault",
    "prompt_tokens": "tokens in",
    "completion_tokens": "tokens out",
}


def write_funnel(folder: Path, steps: Steps, parts: list[str], seconds: dict[str, float]) -> None:
    """Write funnel.md and funnel.png.

    Args:
        folder: the build's.
        steps: what each step counted, by its name in the plan, in order.
        parts: the recipe's.
        seconds: how long every step took, by name.
    """
    plot_funnel(steps, parts, folder / "funnel.png")
    sections = [
        "# From the sources to the dataset",
        "![What is left after every step](funnel.png)",
        _table(parts, [("(the sources)", sources(steps, parts)), *after(steps, parts, "rows")]),
    ]
    if _has_tokens(steps):
        note = "Where the step quality corrects typography, it changes the number of tokens a little."
        sections += ["## Tokens", note, _table(parts, after(steps, parts, "tokens"))]
    sections += ["## Time", _times(steps, seconds)]
    costs = _costs(steps, seconds)
    if costs:
        header = ["step", *COSTS.values(), "requests a second"]
        sections += ["## What the models cost", table(header, costs)]
    sections += ["## Rejected", _rejected(folder, steps)]
    write_text(folder / "funnel.md", "\n\n".join(sections) + "\n")


def after(steps: Steps, parts: list[str], what: str) -> list[tuple[str, dict[str, int]]]:
    """Return rows or tokens by part after every kind of step: a part's own steps count for it alone."""
    left: dict[str, int] = dict.fromkeys(parts, 0)
    kinds: dict[str, dict[str, int]] = {}
    for name, counts in steps.items():
        part, _, kind = name.rpartition(".")
        numbers = {count["part"]: count.get(what, 0) for count in counts["rows"]}
        kinds.setdefault(kind, {}).update({each: numbers.get(each, 0) for each in ([part] if part else parts)})
    result = []
    for kind in sorted(kinds, key=lambda kind: PART_STEPS.index(kind) if kind in PART_STEPS else len(PART_STEPS)):
        left = {**left, **kinds[kind]}
        result.append((kind, left))
    return result


def sources(steps: Steps, parts: list[str]) -> dict[str, int]:
    """Return the rows of every part's source: those that were read, and those that could not be."""
    rows = dict.fromkeys(parts, 0)
    for name, counts in steps.items():
        if name.endswith(".read"):
            for count in (*counts["rows"], *counts["rejected"]):
                rows[count["part"]] += count["rows"]
    return rows


def _table(parts: list[str], lines: Iterable[tuple[str, dict[str, int]]]) -> str:
    rows = [[step, *(f"{left[part]:,}" for part in parts), f"{sum(left.values()):,}"] for step, left in lines]
    return table(["after", *parts, "all"], rows)


def _rejected(folder: Path, steps: Steps) -> str:
    blocks = []
    for name, counts in steps.items():
        reasons: Counter[str] = Counter()
        for count in counts["rejected"]:
            reasons[count["reason"]] += count["rows"]
        for reason, rows in reasons.most_common():
            blocks.append(f"**{name}: {reason}** ({rows:,} row{'s' if rows > 1 else ''})")
            blocks += [f"> {text}" for text in _samples(folder / "steps" / name / "rejected", reason)]
    return "\n\n".join(blocks) or "Nothing."


def _samples(folder: Path, reason: str) -> list[str]:
    samples: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["metadata"].get("filter_reason") == reason:
                    detail = row["metadata"].get("detail") or row["metadata"].get("found")
                    text = " ".join(row["text"].split())[:SAMPLE_CHARACTERS] + (f" ⟶ {detail}" if detail else "")
                    # A tag in the text would take effect in the page.
                    samples.append(html.escape(" ".join(text.split()), quote=False))
                if len(samples) == SAMPLES:
                    return samples
    return samples


def _times(steps: Steps, seconds: dict[str, float]) -> str:
    rows = []
    for name, counts in steps.items():
        number = sum(count["rows"] for kind in counts.values() for count in kind)
        rows.append([name, f"{seconds[name]:,.1f}", _rate(number, seconds[name])])
    return table(["step", "seconds", "rows a second"], rows)


def _rate(number: int, seconds: float) -> str:
    return f"{number / seconds:,.1f}" if seconds else "unknown"


def _costs(steps: Steps, seconds: dict[str, float]) -> list[list[str]]:
    rows = []
    for name, counts in steps.items():
        step, cost = name.rpartition(".")[2], Counter[str]()
        for count in [*counts["rows"], *counts["rejected"]]:
            cost.update({key.split(": ")[1]: value for key, value in count.items() if key.startswith(f"{step}: ")})
        if cost:
            rows.append([name, *(f"{cost[key]:,}" for key in COSTS), _rate(cost["requests"], seconds[name])])
    return rows


def plot_funnel(steps: Steps, parts: list[str], path: Path) -> None:
    """Draw rows after every step, and beside them tokens where they were counted, the parts stacked."""
    counted = ["rows", *(["tokens"] if _has_tokens(steps) else [])]
    figure = new_figure(8 * len(counted), 1.4 + 0.5 * len(after(steps, parts, "rows")))
    axes = figure.subplots(1, len(counted), squeeze=False, sharey=True)[0]
    for axis, what in zip(axes, counted, strict=True):
        _draw_bars(axis, after(steps, parts, what), parts, what)
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=min(len(parts), 4))
    save(figure, path)


def _draw_bars(axis: "Axes", lines: list[tuple[str, dict[str, int]]], parts: list[str], what: str) -> None:
    ends, places = [0.0] * len(lines), range(len(lines))
    for number, part in enumerate(parts):
        counts = [left[part] for _, left in lines]
        axis.barh(places, counts, left=ends, label=part, color=COLOURS[number % len(COLOURS)])
        ends = [end + count for end, count in zip(ends, counts, strict=True)]
    axis.set_yticks(places, [step for step, _ in lines])
    axis.locator_params(axis="x", integer=True)
    for place, total in enumerate(ends):
        axis.text(total, place, f" {total:,.0f}", va="center", fontsize=8)
    axis.set(xlabel=f"{what} after the step", xlim=(0, 1.12 * max([1.0, *ends])))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _has_tokens(steps: Steps) -> bool:
    return any(count.get("tokens") for counts in steps.values() for count in counts["rows"])

"""The funnel of a dataset: rows and tokens after every step and part, what was rejected and why, what it cost."""

import html
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from luth.core.files import write_text

COLOURS = ("#1f5fbf", "#c4512d", "#3a8f4d", "#7a5ab5", "#8c6d31", "#3b8ea5", "#a55194", "#6b6b6b")
SAMPLES, SAMPLE_CHARACTERS = 3, 400
Steps = dict[str, dict[str, Any]]


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
        _table(steps, parts, "rows"),
    ]
    if _has_tokens(steps):
        note = "Typography, which quality puts right where that is asked, changes their number a little."
        sections += ["## Tokens", note, _table(steps, parts, "tokens")]
    sections += ["## Time", _times(steps, seconds)]
    costs = _costs(steps, seconds)
    if costs:
        sections += ["## What the models cost", costs]
    sections += ["## Rejected", _rejected(folder, steps)]
    write_text(folder / "funnel.md", "\n\n".join(sections) + "\n")


def after(steps: Steps, parts: list[str], what: str) -> list[tuple[str, dict[str, int]]]:
    """Return rows or tokens by part after every kind of step: a part's own steps count for it alone."""
    now: dict[str, int] = dict.fromkeys(parts, 0)
    kinds: dict[str, dict[str, int]] = {}
    for name, counts in steps.items():
        part, _, step = name.rpartition(".")
        found = {count["part"]: count.get(what, 0) for count in counts["rows"]}
        kinds.setdefault(step, {}).update(
            {part: found.get(part, 0)} if part else {one: found.get(one, 0) for one in parts}
        )
    table = []
    order = ("read", "select", "translate", "generate", "judge")
    for step in sorted(kinds, key=lambda one: order.index(one) if one in order else len(order)):
        now = {**now, **kinds[step]}
        table.append((step, now))
    return table


def sources(steps: Steps, parts: list[str]) -> dict[str, int]:
    """Return the rows of every part's source: those that were read, and those that could not be."""
    came = dict.fromkeys(parts, 0)
    for name, counts in steps.items():
        if name.endswith(".read"):
            for count in (*counts["rows"], *counts["rejected"]):
                came[count["part"]] += count["rows"]
    return came


def _table(steps: Steps, parts: list[str], what: str) -> str:
    lines = [f"| after | {' | '.join(parts)} | all |", "| --- |" + " ---: |" * (len(parts) + 1)]
    first = [("(the sources)", sources(steps, parts))] if what == "rows" else []
    for step, found in first + after(steps, parts, what):
        cells = " | ".join(f"{found[part]:,}" for part in parts)
        lines.append(f"| {step} | {cells} | {sum(found.values()):,} |")
    return "\n".join(lines)


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
    found: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row["metadata"].get("filter_reason") == reason:
                    detail = row["metadata"].get("detail") or row["metadata"].get("found")
                    text = " ".join(row["text"].split())[:SAMPLE_CHARACTERS] + (f" ⟶ {detail}" if detail else "")
                    # Tags in it would be taken for the report's own.
                    found.append(html.escape(" ".join(text.split()), quote=False))
                if len(found) == SAMPLES:
                    return found
    return found


def _times(steps: Steps, seconds: dict[str, float]) -> str:
    lines = ["| step | seconds | rows a second |", "| --- | ---: | ---: |"]
    for name, counts in steps.items():
        rows, took = sum(count["rows"] for which in counts.values() for count in which), seconds[name]
        lines.append(f"| {name} | {took:,.1f} | {_rate(rows, took)} |")
    return "\n".join(lines)


def _rate(number: int, seconds: float) -> str:
    return f"{number / seconds:,.1f}" if seconds else "unknown"


def _costs(steps: Steps, seconds: dict[str, float]) -> str:
    lines = []
    for name, counts in steps.items():
        step, cost = name.rpartition(".")[2], Counter[str]()
        for count in [*counts["rows"], *counts["rejected"]]:
            cost.update({key.split(": ")[1]: value for key, value in count.items() if key.startswith(f"{step}: ")})
        if cost:
            cells = [f"{cost[key]:,}" for key in ("requests", "retries", "prompt_tokens", "completion_tokens")]
            lines.append(f"| {name} | {' | '.join(cells)} | {_rate(cost['requests'], seconds[name])} |")
    head = (
        "| step | requests | sent again after a fault | tokens in | tokens out | requests a second |\n| --- |"
        + " ---: |" * 5
    )
    return "\n".join([head, *lines]) if lines else ""


def plot_funnel(steps: Steps, parts: list[str], path: Path) -> None:
    """Draw rows after every step, and beside them tokens where they were counted, the parts stacked."""
    counted = ["rows", *(["tokens"] if _has_tokens(steps) else [])]
    height = 1.4 + 0.5 * len(after(steps, parts, "rows"))
    figure, axes = plt.subplots(
        1, len(counted), figsize=(8 * len(counted), height), dpi=120, layout="constrained", squeeze=False, sharey=True
    )
    for axis, what in zip(axes[0], counted, strict=True):
        _bars(axis, after(steps, parts, what), parts, what)
    axes[0][0].invert_yaxis()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=min(len(parts), 4))
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    figure.savefig(beside, format="png")
    plt.close(figure)
    beside.replace(path)


def _bars(axis: Any, table: list[tuple[str, dict[str, int]]], parts: list[str], what: str) -> None:
    left, places = [0.0] * len(table), range(len(table))
    for number, part in enumerate(parts):
        counts = [found[part] for _, found in table]
        axis.barh(places, counts, left=left, label=part, color=COLOURS[number % len(COLOURS)])
        left = [before + now for before, now in zip(left, counts, strict=True)]
    axis.set_yticks(places, [step for step, _ in table])
    axis.xaxis.get_major_locator().set_params(integer=True)
    for place, total in enumerate(left):
        axis.text(total, place, f" {total:,.0f}", va="center", fontsize=8)
    axis.set(xlabel=f"{what} after the step", xlim=(0, 1.12 * max([1.0, *left])))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _has_tokens(steps: Steps) -> bool:
    return any(count.get("tokens") for counts in steps.values() for count in counts["rows"])

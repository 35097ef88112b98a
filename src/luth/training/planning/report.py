"""A plan in words: tables of memory and time, hours, and the verdict."""

from typing import Any

from luth.training.planning.footprint import MicroBatch
from luth.training.planning.planner import HOUR, Plan, changes

GIGA = 1e9


def report(recipe: dict[str, Any], plan: Plan, data: str, hours: bool = True) -> str:
    """Return a plan as text.

    Args:
        recipe: its keys.
        plan: what `make_plan` made of it.
        data: a line that says where the tokens are from.
        hours: whether the number of rows is known.
    """
    where = f"{plan.setting.kind}, {plan.card.name}"
    if plan.setting.processes > 1:
        where = f"{plan.setting.kind} over {plan.setting.processes} x {plan.card.name}"
    weights = f"{plan.shape.parameters / GIGA:.2f} B weights"
    if plan.setting.lora is not None:
        weights += f", {plan.setting.lora / 1e6:.1f} M of an adapter"
    head = f"Plan: {recipe['model_name_or_path']} ({weights}) on {where}. No weights were loaded."
    lines = [head, data, "", *_memory(plan), "", *_time(plan), *(_hours(plan) if hours else [])]
    return "\n".join([*lines, verdict(recipe, plan)])


def verdict(recipe: dict[str, Any], plan: Plan) -> str:
    """Return whether a plan fits its card, with what is free or what to change, in one line."""
    needed, there = plan.needed / GIGA, plan.card.memory_bytes / GIGA
    if plan.free >= 0:
        barely = "" if plan.fits_well else " barely"
        return f"Verdict: fits{barely}, with {plan.free / GIGA:.1f} of {there:.1f} GB free."
    short = f"Verdict: does not fit: {needed:.1f} GB are needed, and {plan.card.name} has {there:.1f} GB"
    if plan.least > plan.card.memory_bytes:
        short += f" (weights, gradients and states alone are {plan.least / GIGA:.1f} GB)"
    ways = [f"{words} ({size / GIGA:.1f} GB)" for words, size in changes(recipe, plan)]
    return (
        f"{short}. What fits: {'; or '.join(ways)}." if ways else f"{short}, whatever the batch: take a larger card."
    )


def _memory(plan: Plan) -> list[str]:
    largest = plan.batches.largest
    title = f"memory, the largest micro-batch: {largest.tokens:,} tokens"
    # What a tiny model needs is 0.0 otherwise.
    digits = 1 if plan.needed >= GIGA else 4
    rows = [(part.name, f"{part.size / GIGA:.{digits}f}", part.why) for part in plan.parts]
    return _table((title, "GB", ""), [*rows, ("all", f"{plan.needed / GIGA:.{digits}f}", "")])


def _time(plan: Plan) -> list[str]:
    if plan.time is None:
        why = "on a CPU" if plan.setting.on_cpu else f"{plan.card.name} has no bfloat16 units"
        if plan.card.bf16_flops and not plan.setting.on_cpu:
            why = "the recipe computes in fp32: set bf16: true"
        return [f"Time: not estimated ({why})."]
    took = plan.time
    forward = "layers forward again where they are checkpointed" if plan.setting.every else ""
    rows = [
        ("matrix products", took.products, forward),
        ("between them", took.elementwise, f"what moves through memory, {_run(plan)} layers"),
        ("attention", took.attention, f"a token sees its document, {plan.batches.reach:,.0f} tokens on average"),
        ("output projection and loss", took.head, f"{plan.batches.mean.trained:,} trained tokens"),
        ("rest", took.rest, "casts, gradients, optimiser, gaps"),
    ]
    if took.least >= sum(seconds for _, seconds, _ in rows):
        rows.append(("starting kernels", took.least, "takes longer than all of these: larger micro-batches help"))
    table = _table(
        (_micro(plan.batches.mean), "ms", ""), [(name, f"{seconds * 1000:.0f}", why) for name, seconds, why in rows]
    )
    step, speed, share = plan.step_seconds or 0, plan.tokens_per_second or 0, plan.share_of_peak or 0
    accumulated = f"{plan.setting.accumulated} x {took.seconds * 1000:.0f} ms"
    return [
        *table,
        f"A step: {accumulated} = {step * 1000:,.0f} ms; {speed:,.0f} tokens a second, {share:.0%} of the peak.",
    ]


def _hours(plan: Plan) -> list[str]:
    total = plan.tokens.total
    tokens = f"{total / 1e6:,.1f} M tokens" if total >= 1e6 else f"{total:,.0f} tokens"
    if plan.tokens.error:
        tokens += f" (± {2 * plan.tokens.error:.1%})"
    run = f"The run: {plan.tokens.rows:,} rows, {tokens} an epoch, {plan.steps:,.0f} steps"
    if plan.hours is None:
        return [f"{run}."]
    hours = f"{plan.hours:.1f} hours" if plan.hours >= 1 else f"{plan.hours * HOUR / 60:.0f} minutes"
    return [f"{run}: {hours}, without evaluation, saving and the time between cards."]


def _micro(batch: MicroBatch) -> str:
    return f"time, a micro-batch of {batch.tokens:,} tokens"


def _run(plan: Plan) -> str:
    return {"plain": "plain", "compiled": "compiled", "liger": "Liger's"}[plan.setting.layers]


def _table(head: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in (0, 1)]
    return [f"{name.ljust(widths[0])}  {size.rjust(widths[1])}  {why}".rstrip() for name, size, why in [head, *rows]]

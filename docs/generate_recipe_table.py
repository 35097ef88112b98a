"""Write memory and time into the headers of the fine-tuning recipes, and the table of recipes/README.md.

    python docs/generate_recipe_table.py [--check]

Planned by src/luth/training/planning, for the shapes that tests/hub/models/*.yaml have; measured figures are those of
benchmarks/gpu/measured.yaml. --check writes nothing, and fails where a page is stale.
"""

import argparse
import dataclasses
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

from luth.core.devices import Card, card_named
from luth.training.planning.batches import Tokens, assumed
from luth.training.planning.planner import Plan, make_plan
from luth.training.planning.shape import Shape

ROOT = Path(__file__).parents[1]
README = ROOT / "recipes/README.md"
BEGIN, END = "<!-- Written by docs/generate_recipe_table.py: -->", "<!-- to here. -->"
DEMO = "recipes/demo/sft.yaml"
# Of its config.json. The demo's rows: see python scripts/sft.py recipes/demo/sft.yaml --preview 0.
SMOLLM2 = Shape("llama", 30, 576, 1536, 9, 3, 64, 49152, True)
DEMO_ROWS = assumed(86_241, 90, 0.21)
# Luth-SFT: rows and tokens (Qwen3's) as published, and the part of them that is trained.
LUTH_SFT, ROWS, TOKENS, TRAINED = "kurakurai/luth-sft", 570_623, 338e6, 0.65
SIZES = ((16, "T4"), (24, "L4"), (32, "RTX 5090"), (40, "A100 40GB"), (48, "L40S"), (80, "H100"), (141, "H200"))
OTHERS = ("A100 80GB", "L40S", "RTX 4090")
UNKNOWN = "Memory and time: unknown until the model's shape is checked (make validate-hub)."
# What a part of a header begins with.
PARTS = re.compile(
    r"# (Hardware|Memory|Time|Measured|Precision|Published|Ours|Not|Packed|QLoRA|Model|Licence|Data|Base)\b"
)
PLANNED = re.compile(r"# (Memory|Time|Measured)\b")
GIGA = 1e9


def recipes() -> dict[str, dict[str, Any]]:
    """Return the fine-tuning recipes by path, smallest models first, the demo's last."""
    found = {}
    for path in sorted((ROOT / "recipes").glob("*.yaml")):
        recipe = yaml.safe_load(path.read_text("utf-8"))
        if recipe.get("step") == "sft":
            found[str(path.relative_to(ROOT))] = recipe
    return found | {DEMO: yaml.safe_load((ROOT / DEMO).read_text("utf-8"))}


def shape(recipe: dict[str, Any]) -> Shape | None:
    """Return the shape of a recipe's model, None where it is unknown."""
    name = recipe["model_name_or_path"]
    if name == "out/demo/base":
        return SMOLLM2
    file = ROOT / "tests/hub/models" / f"{name.replace('/', '--')}.yaml"
    known = yaml.safe_load(file.read_text("utf-8")).get("shape") if file.is_file() else None
    return Shape(**known) if isinstance(known, dict) else None


def rows(recipe: dict[str, Any]) -> tuple[Tokens, bool]:
    """Return an epoch's tokens, and whether their number is known."""
    if recipe["model_name_or_path"] == "out/demo/base":
        return DEMO_ROWS, True
    held_out = float(recipe.get("test_split_size") or 0)
    total = TOKENS * (1 - held_out)
    return assumed(total, TOKENS / ROWS, TRAINED), {source["path"] for source in recipe["datasets"]} == {LUTH_SFT}


def plan(recipe: dict[str, Any], card: Card) -> Plan | None:
    """Plan a recipe on one card, None where the model's shape is unknown."""
    found = shape(recipe)
    return None if found is None else make_plan(recipe, found, card, rows(recipe)[0])


def measured(path: str) -> list[dict[str, Any]]:
    """Return what was measured of a recipe."""
    entries = yaml.safe_load((ROOT / "benchmarks/gpu/measured.yaml").read_text("utf-8")) or []
    return [entry for entry in entries if entry["recipe"] == path]


def smallest(planned: Plan) -> str:
    """Return the size of the smallest card that holds a plan."""
    for size, name in SIZES:
        if dataclasses.replace(planned, card=card_named(name)).fits_well:
            return f"{size} GB"
    return f"more than {SIZES[-1][0]} GB"


def header(path: str, recipe: dict[str, Any]) -> list[str]:
    """Return a header's lines about memory and time."""
    planned = plan(recipe, card_named("h100"))
    if planned is None:
        return [f"# {UNKNOWN}"]
    parts = ", ".join(f"{part.name} {part.size / GIGA:.1f}" for part in planned.parts)
    sentences = [
        f"Memory (planned, see --plan; in GB): {parts}: {planned.needed / GIGA:.1f} GB, with a micro-batch of "
        f"{planned.batches.largest.tokens:,} tokens.",
        f"Time (planned, one H100): {_speed(planned)}{_hours(path, recipe, planned)}",
    ]
    sentences += [f"Measured ({entry['card']}, {entry['from']}): {figures(entry)}." for entry in measured(path)]
    return [line for sentence in sentences for line in _wrapped(sentence)]


def _speed(planned: Plan) -> str:
    seconds, speed, share = planned.step_seconds or 0, planned.tokens_per_second or 0, planned.share_of_peak or 0
    return f"{seconds:.1f} s a step, {speed:,.0f} tokens a second, {share:.0%} of its bf16 peak"


def _hours(path: str, recipe: dict[str, Any], planned: Plan) -> str:
    tokens, known = rows(recipe)
    if not known:
        return "; hours need the data."
    others = []
    for name in OTHERS:
        other = plan(recipe, card_named(name))
        if other is not None and other.free >= 0:
            others.append(f"{_time(other)} on an {name}")
    more = f" ({', '.join(others)})" if others else ""
    return f"; {tokens.total / 1e6:,.0f} M tokens x {planned.epochs:g} epochs: {_time(planned)}{more}."


def _time(planned: Plan) -> str:
    return _duration(planned.hours or 0)


def _duration(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def figures(entry: dict[str, Any]) -> str:
    """Return what a measurement has, in words."""
    found = [f"{entry['memory_gb']:g} GB"] if "memory_gb" in entry else []
    found += [f"{entry['tokens_per_second']:,} tokens a second"] if "tokens_per_second" in entry else []
    found += [_duration(entry["hours"])] if "hours" in entry else []
    return ", ".join(found)


def _wrapped(sentence: str) -> list[str]:
    # A number and its unit stay in one line.
    joined = re.sub(r"(\d) (h|s|GB|M|min)\b", "\\1\u00a0\\2", sentence)
    lines = textwrap.wrap(joined, 119, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def with_header(text: str, path: str, recipe: dict[str, Any]) -> str:
    """Return a recipe's text with its header's lines about memory and time renewed, and its smallest card."""
    lines = text.splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    kept: list[str] = []
    place, inside = None, False
    for line in lines[:end]:
        if PARTS.match(line):
            inside = bool(PLANNED.match(line))
        if inside:
            place = len(kept) if place is None else place
        else:
            kept.append(line)
    if place is None:
        after = [number for number, line in enumerate(kept) if PARTS.match(line) and "# Hardware" not in line]
        place = after[0] if after else len(kept)
    planned = plan(recipe, card_named("h100"))
    if planned is not None:
        kept = [
            re.sub(r"one GPU of \d+ GB( or more)?", f"one GPU of {smallest(planned)} or more", line) for line in kept
        ]
    return "\n".join([*kept[:place], *header(path, recipe), *kept[place:], *lines[end:]]) + "\n"


def table() -> str:
    """Return the table of recipes/README.md."""
    lines = [
        "| recipe | model | one step | learning rate | hardware | memory | time on an H100 | measured |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for path, recipe in recipes().items():
        lines.append("| " + " | ".join(_cells(path, recipe)) + " |")
    return "\n".join(lines)


def _cells(path: str, recipe: dict[str, Any]) -> list[str]:
    name = path.removeprefix("recipes/")
    model = "SmolLM2-135M" if path == DEMO else recipe["model_name_or_path"].split("/")[-1]
    model += ", LoRA" if recipe.get("use_peft") else ""
    batch, packed = recipe["global_batch_size"], recipe.get("packing")
    step = f"{batch} packs of {recipe['max_length']:,} tokens" if packed else f"{batch} conversations"
    rate = f"{float(recipe['learning_rate']):.0e}".replace("e-0", "e-")
    found = "; ".join(f"{entry['card']}: {figures(entry)}" for entry in measured(path))
    planned = plan(recipe, card_named("h100"))
    if path == DEMO and planned is not None:
        on_cpu = plan(recipe, Card("CPU", 2**40, None, 0.0))
        needed = f"{on_cpu.needed / GIGA:.0f} GB" if on_cpu else ""
        hardware, hours = "2 CPU cores", ""
    elif planned is not None:
        hardware, needed = f"one GPU of {smallest(planned)}", f"{planned.needed / GIGA:.0f} GB"
        hours = _time(planned) if rows(recipe)[1] else "needs the data"
    else:
        hardware = needed = hours = "unknown"
    return [f"[{name}]({name})", model, step, rate, hardware, needed, hours, found]


def pages() -> dict[Path, str]:
    """Return every page that is written here, by its path."""
    written = {}
    for path, recipe in recipes().items():
        if path != DEMO:
            written[ROOT / path] = with_header((ROOT / path).read_text("utf-8"), path, recipe)
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    written[README] = f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"
    return written


def main() -> None:
    """Write the pages, or check that they are fresh."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail where a page is stale, and write nothing")
    args = parser.parse_args()
    stale = {path: text for path, text in pages().items() if path.read_text("utf-8") != text}
    if args.check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"error: {names}: stale: run python docs/generate_recipe_table.py", file=sys.stderr)
        sys.exit(1)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

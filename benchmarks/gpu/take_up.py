"""Takes the results of a gpu-check up into docs/gpu.md, README.md and measured.yaml.

    python benchmarks/gpu/take_up.py out/gpu-check/20261127-101500/results.json

docs/gpu.md gets the whole table, README.md one line. measured.yaml keeps one entry for each recipe and card, the
newest, which the recipes' table shows beside what is planned.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from report import table

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
MEASURED = HERE / "measured.yaml"
SPEEDS = {
    "recipes/luth-0.6b.yaml: tokens/s": "with [luth-0.6b](recipes/luth-0.6b.yaml)",
    "plain layers: tokens/s": "without its compiled layers",
    "16,384: TRL, Liger and varlen: tokens/s": "with TRL, Liger's layers and our attention",
}


def put(page: Path, text: str) -> None:
    """Put a text between the two comments that mark its place on a page."""
    begin, end = "<!-- measured: begin, by benchmarks/gpu/take_up.py -->", "<!-- measured: end -->"
    whole = page.read_text("utf-8")
    before, after = whole.split(begin, 1)[0], whole.split(end, 1)[1]
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", "utf-8")


def entries(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a run measured of recipes as they are; with keys changed it stands in the table alone."""
    machine = record["machine"]
    source = f"commit {(record['commit'] or 'unknown')[:10]}, torch {machine['torch']}, {record['began'][:10]}"
    return [
        {
            "recipe": said["recipe"],
            "card": machine["card"].removeprefix("NVIDIA "),
            "memory_gb": round(said["peak_memory_bytes"] / 1e9, 1),
            "tokens_per_second": said["tokens_per_second"],
            "from": source,
        }
        for said in record["measured"]
        if not said["changed"]
    ]


def merged(kept: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of both; the new one where both have a recipe and card, with what only the old one says."""
    found = {(entry["recipe"], entry["card"]): entry for entry in kept}
    for entry in new:
        key = entry["recipe"], entry["card"]
        found[key] = found.get(key, {}) | entry
    return [found[key] for key in sorted(found)]


def line(record: dict[str, Any]) -> str:
    """Return the README's line: the speeds that were measured."""
    values = {figure["name"]: figure.get("value") for step in record["steps"] for figure in step["figures"]}
    speeds = [f"{values[name]:,.0f} {how}" for name, how in SPEEDS.items() if values.get(name)]
    return (
        f"On one {record['machine']['card']}, tokens a second of Qwen3-0.6B's shape: {', '.join(speeds) or 'none'} "
        f"([docs/gpu.md](docs/gpu.md))."
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    args = parser.parse_args(arguments)
    record = json.loads(args.results.read_text("utf-8"))
    if record["try"] or "card" not in record["machine"]:
        print(f"error: {args.results} is of a trial on a CPU, and measures nothing [bad-argument]", file=sys.stderr)
        sys.exit(2)
    comment = re.match(r"(?:#.*\n)*", MEASURED.read_text("utf-8"))
    assert comment is not None
    kept = merged(yaml.safe_load(MEASURED.read_text("utf-8")) or [], entries(record))
    rows = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)
    MEASURED.write_text(f"{comment[0]}{rows}", "utf-8")
    put(ROOT / "docs/gpu.md", table(record))
    put(ROOT / "README.md", line(record))


if __name__ == "__main__":
    main(sys.argv[1:])

"""The dataset's card: where its rows come from, what was done to them, what became of the others."""

import html
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import yaml

from luth.core.files import write_text
from luth.core.markdown import table
from luth.data.output.mixing import schema
from luth.data.part import PART_STEPS, Judge, Read, Request
from luth.data.recipe import DataRecipe
from luth.data.requests.jobs import read_prompt

SHOWN = 3


def write_card(recipe: DataRecipe, steps: dict[str, dict[str, Any]], folder: Path) -> None:
    """Write a dataset's card, README.md.

    Args:
        recipe: the dataset's.
        steps: what each step counted, by its name in the plan.
        folder: the dataset's.
    """
    write_text(folder / "README.md", _card(recipe, steps, _examples(folder), split_rows(folder)))


def _card(
    recipe: DataRecipe, steps: dict[str, dict[str, Any]], examples: list[dict[str, Any]], rows: dict[str, int]
) -> str:
    write = recipe.steps.write
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in rows]
    head = {
        "language": [recipe.language],
        "license": write.licence,
        "task_categories": ["text-generation"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    counted = ", ".join(f"{count:,} rows in `{split}`" for split, count in rows.items())
    named = ", ".join(f"`{name}`" for name in schema(recipe).names)
    checked = "" if recipe.steps.language else " (as it was meant: no step looked at the language)"
    parts = [
        f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---",
        f"# {write.title}",
        *([write.description] if write.description else []),
        f"Conversations in {recipe.language_name}{checked}: {counted}. Columns: {named}. "
        "Made by Luth's `scripts/build_dataset.py`.",
        "## Sources",
        _sources(recipe),
        "## Steps",
        _steps(steps, write.tokenizer),
        "## Removed rows, by reason",
        _reasons(steps),
        *_models(recipe),
        "## Examples",
        *[_example(row) for row in examples],
    ]
    return "\n\n".join(parts) + "\n"


def _sources(recipe: DataRecipe) -> str:
    rows = []
    for name, part in recipe.parts.items():
        steps = ", ".join(step for step in PART_STEPS if getattr(part, step))
        rows.append((name, _source(part.read), part.read.licence or "not stated", steps))
    return table(("part", "source", "licence", "what is done with it"), rows, left=4)


def _source(read: Read) -> str:
    """Return what was read: the revision is the commit, once the build has begun."""
    hub = [f"{key} {value}" for key, value in (("config", read.name), ("commit", read.revision)) if value]
    hub += [f"split {read.split}"] if read.revision else []
    limit = [f"the first {read.limit:,} rows"] if read.limit else []
    return ", ".join([read.path, *hub, *limit])


def _steps(steps: dict[str, dict[str, Any]], tokenizer: str | None) -> str:
    rows = []
    for name, counts in steps.items():
        cells = [f"{sum(count['rows'] for count in counts[kind]):,}" for kind in ("rows", "rejected")]
        tokens = [f"{sum(count.get('tokens', 0) for count in counts['rows']):,}"] if tokenizer else []
        rows.append([name, *cells, *tokens])
    return table(["step", "rows", "rejected", *([f"tokens ({tokenizer})"] if tokenizer else [])], rows)


def _reasons(steps: dict[str, dict[str, Any]]) -> str:
    totals: Counter[tuple[str, str]] = Counter()
    for name, counts in steps.items():
        for count in counts["rejected"]:
            totals[name, count["reason"]] += count["rows"]
    rows = [(step, reason, f"{number:,}") for (step, reason), number in totals.most_common()]
    return table(("step", "reason", "rows"), rows, left=2) if rows else "None."


def _models(recipe: DataRecipe) -> list[str]:
    rows, prompts, rubrics = [], {}, []
    for name, part in recipe.parts.items():
        for step, request in part.requests().items():
            model = recipe.endpoints[request.endpoint].model
            rows.append((name, step, model, _sampling(request), request.prompt))
            prompts[request.prompt] = read_prompt(request.prompt)
            rubrics += _rubric(name, request) if isinstance(request, Judge) else []
    if not rows:
        return []
    models = table(("part", "step", "model", "sampling", "prompt"), rows, left=5)
    texts = [f"`{name}`:\n\n````text\n{text}\n````" for name, text in prompts.items()]
    return ["## Models and prompts", models, *rubrics, *texts]


def _rubric(part: str, judge: Judge) -> list[str]:
    """Return what the judge of a part was asked, and what a row had to score, of 5."""
    lines = [f"- {name}: {question} {_least(judge, name)}" for name, question in judge.criteria.items()]
    return [f"What {part} was judged by, from 1 to 5:", "\n".join(lines)]


def _least(judge: Judge, criterion: str) -> str:
    return f"At least {judge.thresholds[criterion]}." if criterion in judge.thresholds else "Rejects nothing."


def _sampling(request: Request) -> str:
    thinking = {True: ", thinking", False: ", thinking off", None: ""}[request.thinking]
    tokens = f"{request.max_new_tokens} new tokens"
    return f"temperature {request.temperature:g}, top_p {request.top_p:g}, {tokens}{thinking}"


def _example(row: dict[str, Any]) -> str:
    # What is said may hold tags, which markdown would take for its own.
    turns = [f"**{turn['role']}**: {html.escape(turn['content'], quote=False)}" for turn in row["messages"]]
    return f"From {row['source']}:\n\n" + "\n\n".join("> " + turn.replace("\n", "\n> ") for turn in turns)


def split_rows(folder: Path) -> dict[str, int]:
    """Return the rows of each split of a dataset's folder."""
    found: Counter[str] = Counter()
    for path in sorted((folder / "data").glob("*.parquet"), reverse=True):
        found[path.name.split("-")[0]] += parquet.read_metadata(path).num_rows
    return dict(found)


def _examples(folder: Path) -> list[dict[str, Any]]:
    """Return the first rows of a dataset's folder, from as many sources as there are."""
    path = min((folder / "data").glob("train-*.parquet"))
    batch = next(parquet.ParquetFile(path).iter_batches(200), None)
    rows = batch.to_pylist() if batch is not None else []
    first = {row["source"]: row for row in reversed(rows)}
    return list(first.values())[:SHOWN]

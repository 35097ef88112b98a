"""The dataset's card: where its rows come from, what was done to them, what became of the others."""

import html
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import yaml

from luth.data.recipe import ASKING, PART_STEPS, DataRecipe, Judge, Read
from luth.data.requests.jobs import read_prompt

SHOWN = 3


def card(
    recipe: DataRecipe,
    steps: dict[str, dict[str, Any]],
    examples: list[dict[str, Any]],
    rows: dict[str, int],
    columns: list[str],
) -> str:
    """Return README.md.

    Args:
        recipe: the dataset's.
        steps: what each step counted, by its name in the plan.
        examples: some of the dataset's rows.
        rows: of each split.
        columns: the dataset's.
    """
    write = recipe.steps.write
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in rows]
    head = {
        "language": [recipe.language],
        "license": write.licence,
        "task_categories": ["text-generation"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    counted = ", ".join(f"{count:,} rows in `{split}`" for split, count in rows.items())
    named = ", ".join(f"`{name}`" for name in columns)
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
    lines = ["| part | source | licence | what is done with it |", "| --- | --- | --- | --- |"]
    for name, part in recipe.parts.items():
        done = ", ".join(step for step in PART_STEPS if getattr(part, step))
        lines.append(f"| {name} | {_source(part.read)} | {_cell(part.read.licence or 'not stated')} | {done} |")
    return "\n".join(lines)


def _source(read: Read) -> str:
    """Return what was read: the revision is the commit, once the build has begun."""
    hub = [f"{key} {value}" for key, value in (("config", read.name), ("commit", read.revision)) if value]
    hub += [f"split {read.split}"] if read.revision else []
    limit = [f"the first {read.limit:,} rows"] if read.limit else []
    return _cell(", ".join([read.path, *hub, *limit]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _steps(steps: dict[str, dict[str, Any]], tokenizer: str | None) -> str:
    tokens = f" | tokens ({tokenizer})" if tokenizer else ""
    lines = [f"| step | rows | rejected{tokens} |", "| --- | ---: | ---: |" + (" ---: |" if tokenizer else "")]
    for name, counts in steps.items():
        kept, gone = (sum(count["rows"] for count in counts[which]) for which in ("rows", "rejected"))
        cell = f" | {sum(count.get('tokens', 0) for count in counts['rows']):,}" if tokenizer else ""
        lines.append(f"| {name} | {kept:,} | {gone:,}{cell} |")
    return "\n".join(lines)


def _reasons(steps: dict[str, dict[str, Any]]) -> str:
    found: Counter[tuple[str, str]] = Counter()
    for name, counts in steps.items():
        for count in counts["rejected"]:
            found[name, count["reason"]] += count["rows"]
    lines = ["| step | reason | rows |", "| --- | --- | ---: |"]
    lines += [f"| {step} | {reason} | {rows:,} |" for (step, reason), rows in found.most_common()]
    return "\n".join(lines) if found else "None."


def _models(recipe: DataRecipe) -> list[str]:
    lines, prompts, rubrics = [], {}, []
    for name, part in recipe.parts.items():
        for step in ASKING:
            asking = getattr(part, step)
            if asking:
                model = recipe.endpoints[asking.endpoint].model
                lines.append(f"| {name} | {step} | {model} | {_settings(asking)} | {asking.prompt} |")
                prompts[asking.prompt] = read_prompt(asking.prompt)
                rubrics += _rubric(name, asking) if isinstance(asking, Judge) else []
    if not lines:
        return []
    head = "| part | step | model | sampling | prompt |\n| --- | --- | --- | --- | --- |\n"
    shown = [f"`{name}`:\n\n````text\n{text}\n````" for name, text in prompts.items()]
    return ["## Models and prompts", head + "\n".join(lines), *rubrics, *shown]


def _rubric(part: str, judge: Judge) -> list[str]:
    """Return what the judge of a part was asked, and what a row had to score, of 5."""
    lines = [f"- {name}: {question} {_least(judge, name)}" for name, question in judge.criteria.items()]
    return [f"What {part} was judged by, from 1 to 5:", "\n".join(lines)]


def _least(judge: Judge, criterion: str) -> str:
    return f"At least {judge.thresholds[criterion]}." if criterion in judge.thresholds else "Rejects nothing."


def _settings(asking: Any) -> str:
    thinking = {True: ", thinking", False: ", thinking off", None: ""}[asking.thinking]
    return f"temperature {asking.temperature:g}, top_p {asking.top_p:g}, {asking.max_new_tokens} new tokens{thinking}"


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


def examples(folder: Path) -> list[dict[str, Any]]:
    """Return the first rows of a dataset's folder, from as many sources as there are."""
    path = min((folder / "data").glob("train-*.parquet"))
    batch = next(parquet.ParquetFile(path).iter_batches(200), None)
    rows = batch.to_pylist() if batch is not None else []
    first = {row["source"]: row for row in reversed(rows)}
    return list(first.values())[:SHOWN]

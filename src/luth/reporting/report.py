"""The report's page, from the numbers, the figures and the records that the steps left."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.core.files import sha256
from luth.core.markdown import table
from luth.reporting import tables
from luth.reporting.differences import Comparison
from luth.reporting.recipe import ReportRecipe
from luth.reporting.reproduction import Reproduction
from luth.reporting.reproduction_page import pairs_table, sections, verdicts
from luth.reporting.results import model_folder

TITLE, REPRODUCTION_TITLE = "What was gained, what was kept", "Published beside measured"
SCORES = (
    "Shares in percent; log-likelihoods in nats per character of the reference answer (higher is better). The score "
    "of a group is the mean over its tasks. In brackets the 95% interval over the n items, a fixed sample, the same "
    "for every model: percentile bootstrap within each task, Wilson's where all items of a task agree."
)
DIFFERENCES = (
    "Paired over the same items. ▲ and ▼ stand only where the 95% interval excludes zero; the p-values are not "
    "corrected for the number of comparisons."
)


def page(
    recipe: ReportRecipe,
    comparison: Comparison | None,
    reproduction: Reproduction | None,
    figures: dict[str, list[str]],
    answers: dict[str, list[str]],
    steps: dict[str, dict[str, Any]],
) -> str:
    """Return report.md; where published scores are looked at, its last line says which models were reproduced.

    Args:
        recipe: of the report.
        comparison: the numbers of the tuned models and their base; None without a base.
        reproduction: the published scores beside the measured ones; None without a published file.
        figures: as `write_figures` returns them.
        answers: of each model, one a prompt.
        steps: as `read_steps` returns them.
    """
    parts = [f"# {recipe.title or (TITLE if comparison else REPRODUCTION_TITLE)}"]
    for title, paragraphs in (
        *(_comparison_sections(recipe, comparison, figures) if comparison else []),
        *(sections(reproduction, *figures["published"]) if reproduction else []),
        ("## Answers, unedited", _answer_sections(recipe.prompts, answers)),
        ("## How it was made", _provenance(steps)),
        ("## Reproduced?", [verdicts(reproduction)] if reproduction else []),
    ):
        parts += [title, *paragraphs] if paragraphs else []
    return "\n\n".join(parts) + "\n"


def _comparison_sections(
    recipe: ReportRecipe, comparison: Comparison, figures: dict[str, list[str]]
) -> list[tuple[str, list[str]]]:
    return [
        ("To gain:", _sentences(comparison, recipe.gained)),
        ("To keep:", _sentences(comparison, recipe.kept)),
        ("## Scores", [*_chosen(recipe), SCORES, _scores(comparison, recipe.groups)]),
        ("### Scores by task", [_scores(comparison, comparison.tasks)] if comparison.tasks else []),
        ("## Differences to the base", [DIFFERENCES, _differences(comparison, recipe.groups), *figures["own"]]),
        ("### Differences by task", [_differences(comparison, comparison.tasks)] if comparison.tasks else []),
        ("## All merges, on the development items", figures["sweep"]),
        ("## Fine-tuning", figures["training"]),
    ]


def summary(recipe: ReportRecipe, comparison: Comparison | None, reproduction: Reproduction | None) -> str:
    """Return the tables for the terminal, and last which models were reproduced."""
    note = "Differences to the base (▲ gain, ▼ loss: only where the 95% interval excludes zero)"
    parts = []
    if comparison:
        parts += [_scores(comparison, recipe.groups), note, _differences(comparison, recipe.groups)]
    if reproduction:
        parts += [pairs_table(reproduction.pairs), verdicts(reproduction)]
    return "\n\n".join(parts)


def _scores(comparison: Comparison, groups: Iterable[str]) -> str:
    return tables.score_table(comparison.scores, comparison.models, groups)


def _differences(comparison: Comparison, groups: Iterable[str]) -> str:
    return tables.difference_table(comparison.differences, comparison.scores, comparison.models[1:], groups)


def _sentences(comparison: Comparison, groups: list[str]) -> list[str]:
    base, *tuned = comparison.models
    lines = [
        tables.sentence(model, base, group, comparison.differences[group][model], comparison.is_share(group))
        for model in tuned
        for group in groups
    ]
    return ["\n".join(f"- {line}" for line in lines)] if lines else []


def _chosen(recipe: ReportRecipe) -> list[str]:
    if recipe.sweep is None or recipe.winner is None:
        return []
    name = recipe.names.get(recipe.winner, recipe.winner)
    return [f"{name} is {_read_sweep(recipe.sweep)['winner']}: chosen by a sweep on development items, not on these."]


def _answer_sections(prompts: list[str], answers: dict[str, list[str]]) -> list[str]:
    """Show every prompt with every model's answer, quoted so that no markup of the model's takes effect."""
    sections = []
    for number, prompt in enumerate(prompts):
        lines = [f"**{prompt}**", ""]
        for model, texts in answers.items():
            fence = "~~~~"
            lines += [f"{model}:", "", fence, texts[number].replace(fence, "~ ~ ~ ~"), fence, ""]
        sections.append("\n".join(lines).strip())
    return sections


def _provenance(steps: dict[str, dict[str, Any]]) -> list[str]:
    """Tell the machines, the versions and the minutes of each step, from the steps' run.json."""
    machines = []
    for record in steps.values():
        machine = record.get("hardware")
        if machine is None:
            machines.append("a server")
            continue
        gpus = ", ".join(machine["gpus"]) or "no GPU"
        machines.append(f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {gpus}")
    commits = [record["git_commit"] or "not in a git checkout" for record in steps.values()]
    packages = next(iter(steps.values()))["packages"]
    return [
        f"Machine: {'; '.join(dict.fromkeys(machines))}.",
        table(["step", "minutes"], [[name, f"{record['seconds'] / 60:.1f}"] for name, record in steps.items()]),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in packages.items() if version) + ".",
        f"Commit: {'; '.join(dict.fromkeys(commits))}.",
    ]


def numbers(
    comparison: Comparison | None, reproduction: Reproduction | None, answers: dict[str, list[str]]
) -> dict[str, Any]:
    """Return the content of results.json."""
    parts = comparison.as_json() if comparison else {}
    return {**parts, **({"published": reproduction.as_json()} if reproduction else {}), "answers": answers}


def read_steps(recipe: ReportRecipe, reproduction: Reproduction | None) -> dict[str, dict[str, Any]]:
    """Read the run.json of every step that a report rests on, by a name to show; a model on the Hub has none.

    Raises:
        UserError: one cannot be read, or there is none, or the sweep is not finished.
    """
    rows = reproduction.records if reproduction else {}
    if recipe.base is None:
        return {f"evaluating {name}": record for name, record in rows.items()}
    models = recipe.all_models()
    results = Path(recipe.evaluation) / "results"
    folders = {name: Path(model) for name, model in models.items()}
    folders |= {f"evaluating {name}": model_folder(results, model) for name, model in models.items()}
    if recipe.sweep:
        _read_sweep(recipe.sweep)
        folders["the sweep"] = Path(recipe.sweep)
    steps = {}
    for name, folder in folders.items():
        try:
            steps[name] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise UserError("not-evaluated", f"{folder / 'run.json'} cannot be read: {error}") from None
    if not steps:
        raise UserError("not-evaluated", f"no run.json beside {', '.join(models.values())}: run the steps first")
    return steps


def _read_sweep(folder: str) -> dict[str, Any]:
    try:
        return json.loads((Path(folder) / "sweep.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError("step-order", f"{folder} holds no finished sweep: run scripts/sweep.py first") from None


def fingerprints(recipe: ReportRecipe, steps: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return a fingerprint of each step's run.json, and of the file of published scores."""
    published = {"published": sha256(Path(recipe.published))} if recipe.published else {}
    return published | {
        name: hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest() for name, record in steps.items()
    }

"""The report: figures out of the files that the steps left, and the page that shows them."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luth.checkpoints.models import model_fingerprint
from luth.core.errors import UserError
from luth.reporting import intervals, tables
from luth.reporting.intervals import Estimate
from luth.reporting.recipe import ReportRecipe
from luth.reporting.results import group_scores, item_scores, model_folder

SWEEP_FIGURES = {"frontier.png": "French against English", "curve.png": "Score over the coefficient"}


@dataclass
class Figures:
    """Scores and differences to the base, by group and model."""

    models: list[str]
    scores: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]


def compute(recipe: ReportRecipe) -> Figures:
    """Estimate every score and every paired difference to the base."""
    models = [recipe.base, recipe.fine_tuned, recipe.merged]
    evaluated = {model: item_scores(Path(recipe.evaluation), model) for model in models}
    _require_alike({model: record for model, (_, record) in evaluated.items()})
    found = {model: scores for model, (scores, _) in evaluated.items()}
    tasks = {task: [task] for names in recipe.groups.values() for task in names}
    columns = {
        **recipe.groups,
        **{task: names for task, names in tasks.items() if names not in recipe.groups.values()},
    }
    scores: dict[str, dict[str, Estimate]] = {}
    differences: dict[str, dict[str, Estimate]] = {}
    for group, names in columns.items():
        arrays = {model: group_scores(found[model], names, model) for model in models}
        scores[group] = {model: intervals.mean(array) for model, array in arrays.items()}
        differences[group] = {
            model: intervals.difference(array, arrays[recipe.base])
            for model, array in arrays.items()
            if model != recipe.base
        }
    return Figures(models, scores, differences)


def _require_alike(records: dict[str, dict[str, Any]]) -> None:
    """Raise `UserError` unless all were evaluated alike, on the same items, and have those weights still."""
    first = next(iter(records))
    for model, record in records.items():
        settings = [
            {**one["recipe"], "model": None, "tasks": one["inputs"]["tasks"]} for one in (records[first], record)
        ]
        if settings[0] != settings[1]:
            raise UserError(
                "not-evaluated", f"{first} and {model} were not evaluated alike: evaluate both again with one recipe"
            )
        if Path(model).is_dir() and model_fingerprint(model) != record["inputs"]["model"]:
            raise UserError(
                "not-evaluated", f"{model} has changed since it was evaluated: run scripts/evaluate.py again"
            )


def as_json(figures: Figures) -> dict[str, Any]:
    """Return all figures for results.json."""
    return {
        "models": figures.models,
        "confidence": intervals.CONFIDENCE,
        "resamples": intervals.RESAMPLES,
        "scores": {group: {model: asdict(e) for model, e in row.items()} for group, row in figures.scores.items()},
        "differences_to_base": {
            group: {model: asdict(e) for model, e in row.items()} for group, row in figures.differences.items()
        },
    }


def page(
    recipe: ReportRecipe, figures: Figures, answers: dict[str, list[str]], steps: dict[str, dict[str, Any]]
) -> str:
    """Write report.md."""
    base, said = recipe.base, []
    for model in (recipe.fine_tuned, recipe.merged):
        for group in (recipe.french, recipe.french_likelihood, recipe.english, recipe.english_likelihood):
            found = figures.differences[group][model]
            said.append("- " + tables.sentence(model, base, group, found, tables.is_share(figures.scores[group])))
    others = [model for model in figures.models if model != base]
    parts = [
        "# What was gained in French, what was kept in English",
        "\n".join(said),
        *chosen(recipe),
        "## Scores",
        "Shares in percent; log-likelihoods in nats per character of the reference answer (higher is better). In "
        "brackets the 95% interval: percentile bootstrap over the n items, a fixed sample, the same for every model.",
        tables.score_table(figures.scores, figures.models),
        "## Differences to the base",
        "Paired over the same items. ▲ and ▼ stand only where the 95% interval excludes zero; the p-values are not "
        "corrected for the number of comparisons.",
        tables.difference_table(figures.differences, figures.scores, others),
        *sweep_figures(recipe),
        "## Fine-tuning",
        "![Training loss over optimiser steps](loss.png)",
        "## Answers, unedited",
        *answer_sections(recipe.prompts, answers),
        "## How it was made",
        *provenance(steps),
    ]
    return "\n\n".join(parts) + "\n"


def chosen(recipe: ReportRecipe) -> list[str]:
    """Say how the merge was chosen, where a sweep did it."""
    if recipe.sweep is None:
        return []
    winner = read_sweep(recipe)["winner"]
    return [f"{recipe.merged} is {winner}: chosen by a sweep on development items, not on those below."]


def sweep_figures(recipe: ReportRecipe) -> list[str]:
    """Show the sweep's figures that `copy_figures` copied."""
    if recipe.sweep is None:
        return []
    there = [name for name in SWEEP_FIGURES if (Path(recipe.sweep) / name).is_file()]
    shown = [f"![{SWEEP_FIGURES[name]}]({name})" for name in there]
    return ["## All merges, on the development items", *shown]


def read_sweep(recipe: ReportRecipe) -> dict[str, Any]:
    """Read a sweep's sweep.json.

    Raises:
        UserError: it is not there, or the merge is not that sweep's.
    """
    try:
        found = json.loads((Path(recipe.sweep) / "sweep.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            "not-evaluated", f"{recipe.sweep} holds no finished sweep: run scripts/sweep.py first"
        ) from None
    if Path(recipe.merged).resolve() != (Path(recipe.sweep) / "winner").resolve():
        raise UserError(
            "not-evaluated", f"merged: {recipe.merged} is not the sweep's winner, {Path(recipe.sweep) / 'winner'}"
        )
    return found


def answer_sections(prompts: list[str], answers: dict[str, list[str]]) -> list[str]:
    """Show every prompt with every model's answer, quoted so that no markup of the model's takes effect."""
    sections = []
    for number, prompt in enumerate(prompts):
        lines = [f"**{prompt}**", ""]
        for model, given in answers.items():
            fence = "~~~~"
            lines += [f"{model}:", "", fence, given[number].replace(fence, "~ ~ ~ ~"), fence, ""]
        sections.append("\n".join(lines).strip())
    return sections


def provenance(steps: dict[str, dict[str, Any]]) -> list[str]:
    """Tell the machines, the versions and the minutes of each step, from the steps' run.json."""
    machines = []
    for record in steps.values():
        machine = record["hardware"]
        gpus = ", ".join(machine["gpus"]) or "no GPU"
        machines.append(f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {gpus}")
    commits = [record["git_commit"] or "not in a git checkout" for record in steps.values()]
    packages = next(iter(steps.values()))["packages"]
    rows = ["| step | minutes |", "| --- | ---: |"]
    rows += [f"| {name} | {record['seconds'] / 60:.1f} |" for name, record in steps.items()]
    return [
        f"Machine: {'; '.join(dict.fromkeys(machines))}.",
        "\n".join(rows),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in packages.items() if version) + ".",
        f"Commit: {'; '.join(dict.fromkeys(commits))}.",
    ]


def read_steps(recipe: ReportRecipe) -> dict[str, dict[str, Any]]:
    """Read the run.json of every step that a report rests on, by a name to show; a model on the Hub has none.

    Raises:
        UserError: one cannot be read, or there is none.
    """
    evaluation = Path(recipe.evaluation) / "results"
    models = [recipe.base, recipe.fine_tuned, recipe.merged]
    folders = {model: Path(model) for model in models}
    folders |= {f"evaluating {model}": model_folder(evaluation, model) for model in models}
    if recipe.sweep:
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
        raise UserError("not-evaluated", f"no run.json beside {', '.join(models)}: run the steps first")
    return steps


def fingerprints(steps: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return a fingerprint of each step's run.json."""
    return {
        name: hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest() for name, record in steps.items()
    }


def copy_figures(recipe: ReportRecipe, folder: Path) -> None:
    """Copy the fine-tuning's loss curve and the sweep's figures beside the page.

    Raises:
        UserError: the fine-tuning left none.
    """
    curve = Path(recipe.fine_tuned) / "loss.png"
    if not curve.is_file():
        raise UserError("not-evaluated", f"{curve} is missing: is {recipe.fine_tuned} a finished fine-tuning?")
    sweep = [Path(recipe.sweep) / name for name in SWEEP_FIGURES] if recipe.sweep else []
    for path in [curve, *(path for path in sweep if path.is_file())]:
        shutil.copyfile(path, folder / path.name)

"""The search: parents evaluated, merges raced, the best one chosen, made, and proved on the test items."""

from dataclasses import dataclass
from pathlib import Path

from luth.core.console import say
from luth.core.errors import UserError
from luth.core.files import write_json, write_text
from luth.core.run_record import Run
from luth.sweep import report
from luth.sweep.merges import delete_ends
from luth.sweep.passes import Pass, evaluate_merges, evaluate_models, merge_model, scores
from luth.sweep.selection import Scores, Tried, best, eliminated, goal
from luth.sweep.state import Sweep
from luth.sweep.verification import verify_methods
from luth.sweep.winner import make_winner


@dataclass
class Race:
    """How far the merges of the grid came, by name.

    Parameters:
        base: the base's scores on all development items.
        first: the merges' scores in the first pass.
        full: the scores of those that went on, on all development items.
        reasons: why others did not go on.
        failed: why merges failed.
    """

    base: Scores
    first: dict[str, Scores]
    full: dict[str, Scores]
    reasons: dict[str, str]
    failed: dict[str, str]


def find_best(sweep: Sweep, run: Run) -> None:
    """Find the best merge, from wherever the sweep was left.

    Each step reads from disk what is done, shares the rest with the sweep's other processes, and ends with them.

    Raises:
        UserError: no merge meets the criterion, or some failed.
    """
    recipe = sweep.recipe
    verify_methods(sweep)
    evaluate_models(sweep, "full", sweep.parents)
    race = run_race(sweep)
    tried = _tried(sweep, race)
    parents = {name: report.group_means(scores(sweep, "full", name), recipe.development) for name in sweep.parents}
    development_goal = goal(recipe.development, recipe.criterion)
    winner = best(race.full, race.base, development_goal)
    figures = report.write_merges(sweep.folder, tried, parents, winner, recipe.criterion)
    if winner is None:
        delete_ends(sweep)
        reason = report.no_winner(race.full, race.base, development_goal)
        raise UserError("no-winner", f"{reason}: all scores are in {sweep.folder / 'cells.md'}")

    checkpoint = make_winner(sweep, winner)
    delete_ends(sweep)
    proof = prove(sweep, checkpoint)
    summary = report.summary(winner, len(tried), proof, recipe.criterion)
    write_text(sweep.folder / "sweep.md", report.page(summary, tried, parents, figures))
    figures_of_all = report.as_json(tried, parents, winner, proof)
    write_json(sweep.folder / "sweep.json", {"recipe": run.record["recipe"], **figures_of_all})
    print(f"\n{summary}\n")
    print(f"All of it: {sweep.folder / 'sweep.md'}")
    print(f"The winner: {checkpoint}, made by {sweep.folder / 'winner.yaml'}")
    if race.failed:
        name, reason = next(iter(race.failed.items()))
        count = len(race.failed)
        raise UserError("merge-failed", f"{count} merges failed ({name}: {reason}): start again to try them again")
    run.finish(winner=winner, verdict=proof.verdict)


def run_race(sweep: Sweep) -> Race:
    """Evaluate the grid's merges: with a first pass all on few items and the best on all, else all on all items."""
    base, left = scores(sweep, "full", sweep.recipe.base_model), list(sweep.cells)
    first: dict[str, Scores] = {}
    reasons: dict[str, str] = {}
    failed: dict[str, str] = {}
    if sweep.recipe.first_pass:
        failed, first = _pass(sweep, "first", left)
        first_pass, wanted = sweep.recipe.first_pass, goal(sweep.recipe.development, sweep.recipe.criterion)
        reasons = eliminated(first, base, wanted, first_pass.confidence, first_pass.finalists)
        left = [name for name in first if name not in reasons]
        say(f"{len(left)} of {len(sweep.cells)} merges go on to the full pass: {', '.join(left)}.")
    failed_later, full = _pass(sweep, "full", left)
    return Race(base, first, full, reasons, failed | failed_later)


def _pass(sweep: Sweep, which: Pass, names: list[str]) -> tuple[dict[str, str], dict[str, Scores]]:
    """Evaluate merges; return why some failed, and the scores of the others."""
    failed = evaluate_merges(sweep, which, names)
    return failed, {name: scores(sweep, which, merge_model(name)) for name in names if name not in failed}


def _tried(sweep: Sweep, race: Race) -> list[Tried]:
    """Return what is known of every merge of the grid: its scores, why it is out, why it failed."""
    tried = []
    for name, cell in sweep.cells.items():
        latest = None if name in race.failed else race.full.get(name) or race.first.get(name)
        means = report.group_means(latest, sweep.recipe.development) if latest else None
        reason = race.failed.get(name) or race.reasons.get(name, "")
        tried.append(Tried(name, cell.method, cell.coefficient, means, name in race.full, reason))
    return tried


def prove(sweep: Sweep, winner: Path) -> report.Evidence:
    """Evaluate the winner and its parents on the test items, and compare them."""
    models = [*sweep.parents, str(winner)]
    # The loaded base has the weights of the last merge.
    sweep.evaluator.loaded.clear()
    evaluate_models(sweep, "test", models)
    tested = {model: scores(sweep, "test", model) for model in models}
    return report.evidence(tested, sweep.recipe.test, goal(sweep.recipe.test, sweep.recipe.criterion))

"""Report what was gained and what was kept, or what was published beside what is measured, with its uncertainty.

    python scripts/report.py recipes/demo/report.yaml
    python scripts/report.py --evaluation out/eval/luth-fr --published recipes/published/luth-card.yaml

It reads the files that the steps left, writes results.json, report.md and figures into the recipe's output_dir, and
prints the table. --evaluation, --published and --output_dir stand in for the recipe's keys; without a recipe the
report goes into the evaluation's folder `published`.
"""

import argparse
from pathlib import Path
from typing import Any

from luth.core.command_line import script_parser
from luth.core.console import quiet_libraries, say
from luth.core.errors import UserError, run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("recipe", nargs="?", help="a .yaml file; it can be left out where --published is given")
    parser.add_argument("--evaluation", help="the output_dir of an evaluation")
    parser.add_argument("--published", help="a file of published scores, such as recipes/published/luth-card.yaml")
    parser.add_argument("--output_dir", help="where the report goes")
    return parser


def read_keys(args: argparse.Namespace) -> dict[str, Any]:
    """Return the recipe's keys with what the command line says in place of its own values."""
    from luth import steps

    if not args.recipe and not (args.evaluation and args.published):
        raise UserError("bad-argument", "name a recipe, or both --evaluation DIR and --published FILE")
    keys = (
        steps.read(args.recipe, "report") if args.recipe else {"output_dir": str(Path(args.evaluation) / "published")}
    )
    changes = {name: getattr(args, name) for name in ("evaluation", "published", "output_dir")}
    return {**keys, **{name: value for name, value in changes.items() if value is not None}}


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    quiet_libraries()

    from luth.core.files import write_json, write_text
    from luth.core.recipes import build
    from luth.core.run_record import open_run
    from luth.reporting import report
    from luth.reporting.differences import compare
    from luth.reporting.recipe import ReportRecipe
    from luth.reporting.report_figures import write_figures
    from luth.reporting.reproduction import put_beside

    given = read_keys(args)
    recipe = build(args.recipe or "the command line", given, ReportRecipe)
    folder = Path(recipe.output_dir)
    comparison = compare(recipe) if recipe.base else None
    reproduction = put_beside(recipe) if recipe.published else None
    records = report.read_steps(recipe, reproduction)
    run = open_run(folder, "report", given, report.fingerprints(recipe, records), replace_other=True)
    folder.mkdir(parents=True, exist_ok=True)
    figures = write_figures(recipe, comparison, reproduction, folder)
    answers = {}
    if recipe.prompts and recipe.max_new_tokens:
        from luth.reporting.answers import answer_all

        models = recipe.all_models()
        say(f"Asking {len(recipe.prompts)} questions to {', '.join(models)}.")
        answers = answer_all(models, recipe.prompts, recipe.max_new_tokens)
    write_json(folder / "results.json", report.numbers(comparison, reproduction, answers))
    write_text(folder / "report.md", report.page(recipe, comparison, reproduction, figures, answers, records))
    run.finish()

    print(f"Report: {folder / 'report.md'}, its figures beside it\nAll numbers: {folder / 'results.json'}")
    print(f"\n{report.summary(recipe, comparison, reproduction)}")
    if reproduction:
        reproduction.require_all()


if __name__ == "__main__":
    run_script(main)

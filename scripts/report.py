"""Report what was gained and what was kept, with its uncertainty, from the files that the steps left.

    python scripts/report.py recipes/demo/report.yaml

It writes results.json, report.md and figures into the recipe's output_dir and prints the table.
"""

import argparse
from pathlib import Path

from luth.core.command_line import script_parser
from luth.core.console import quiet_libraries, say
from luth.core.errors import run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("recipe")
    return parser


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    quiet_libraries()

    from luth import steps
    from luth.core.files import write_json, write_text
    from luth.core.recipes import build
    from luth.core.run_record import open_run
    from luth.reporting import report
    from luth.reporting.differences import compare
    from luth.reporting.recipe import ReportRecipe
    from luth.reporting.report_figures import write_figures

    given = steps.read(args.recipe, "report")
    recipe = build(args.recipe, given, ReportRecipe)
    folder = Path(recipe.output_dir)
    records = report.read_steps(recipe)
    comparison = compare(recipe)
    run = open_run(folder, "report", given, report.fingerprints(records), replace_other=True)
    folder.mkdir(parents=True, exist_ok=True)
    figures = write_figures(recipe, comparison, folder)
    answers = {}
    if recipe.prompts and recipe.max_new_tokens:
        from luth.reporting.answers import answer_all

        say(f"Asking {len(recipe.prompts)} questions to {', '.join(comparison.models)}.")
        answers = answer_all(recipe.all_models(), recipe.prompts, recipe.max_new_tokens)
    write_json(folder / "results.json", {**comparison.as_json(), "answers": answers})
    write_text(folder / "report.md", report.page(recipe, comparison, figures, answers, records))
    run.finish()

    print(f"\n{report.summary(recipe, comparison)}\n")
    print(f"Report: {folder / 'report.md'}, its figures beside it\nAll numbers: {folder / 'results.json'}")


if __name__ == "__main__":
    run_script(main)

"""Report what was gained and what was kept, with its uncertainty, from the files that the steps left.

    python scripts/report.py recipes/demo/report.yaml

It writes results.json, report.md and figures into the recipe's output_dir and prints the table.
"""

import argparse
from pathlib import Path

from luth.core.console import quiet_libraries, say
from luth.core.errors import run_script


def main(arguments: list[str]) -> None:
    quiet_libraries()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    args = parser.parse_args(arguments)

    from luth import steps
    from luth.core.files import write_json, write_text
    from luth.core.recipes import build
    from luth.core.run_record import open_run
    from luth.reporting import report, tables
    from luth.reporting.recipe import ReportRecipe

    given = steps.read(args.recipe, "report")
    recipe = build(args.recipe, given, ReportRecipe)
    recipe.check()
    folder = Path(recipe.output_dir)
    steps = report.read_steps(recipe)
    figures = report.compute(recipe)
    run = open_run(folder, "report", given, report.fingerprints(steps), replace_other=True)
    folder.mkdir(parents=True, exist_ok=True)
    report.copy_figures(recipe, folder)

    asked = (recipe.base, recipe.fine_tuned, recipe.merged)
    say(f"Asking {len(recipe.prompts)} questions to {', '.join(asked)}.")
    from luth.reporting.answers import answer_all

    answers = answer_all(asked, recipe.prompts, recipe.max_new_tokens)
    write_json(folder / "results.json", {**report.as_json(figures), "answers": answers})
    write_text(folder / "report.md", report.page(recipe, figures, answers, steps))
    run.finish()

    columns = {group: figures.scores[group] for group in recipe.groups}
    print(f"\n{tables.score_table(columns, figures.models)}\n")
    differences = {group: figures.differences[group] for group in recipe.groups}
    print("Differences to the base (▲ gain, ▼ loss: only where the 95% interval excludes zero)\n")
    print(f"{tables.difference_table(differences, columns, figures.models[1:])}\n")
    print(f"Report: {folder / 'report.md'}, its figures beside it\nAll numbers: {folder / 'results.json'}")


if __name__ == "__main__":
    run_script(main)

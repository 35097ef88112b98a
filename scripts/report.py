"""Report what was gained and what was kept, with its uncertainty, from the files that the steps left.

    python scripts/report.py recipes/demo/report.yaml

It writes results.json, report.md and figures into the recipe's output_dir and prints the table.
"""

import argparse
from pathlib import Path

from luth.errors import run_script
from luth.quiet import quiet_libraries, say


def main(arguments: list[str]) -> None:
    quiet_libraries()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    args = parser.parse_args(arguments)

    from luth.files import write_json, write_text
    from luth.recipe import read_recipe, require_valid
    from luth.reporting import report, tables
    from luth.reporting.plots import plot_shares
    from luth.reporting.recipe import ReportRecipe
    from luth.run_record import new_record

    given = read_recipe(args.recipe)
    require_valid(args.recipe, given, ReportRecipe)
    recipe = ReportRecipe(**given)
    folder = Path(recipe.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    figures = report.compute(recipe)
    steps = report.read_steps(recipe)
    report.copy_loss_curve(recipe, folder)
    shares, panels = report.panels(recipe, figures)
    best_share = next(share for share, model in recipe.merges.items() if model == figures.best_merge)
    plot_shares(shares, panels, folder / "merge-ratio.png", best_share)

    say(f"Asking {len(recipe.prompts)} questions to the base, the fine-tuned model and {figures.best_merge}.")
    from luth.reporting.answers import answer

    asked = (recipe.base, recipe.fine_tuned, figures.best_merge)
    answers = {model: answer(model, recipe.prompts, recipe.max_new_tokens) for model in asked}
    write_json(folder / "results.json", {**report.as_json(figures), "answers": answers})
    write_text(folder / "report.md", report.page(recipe, figures, answers, steps))
    write_json(folder / "run.json", new_record("report", given, {}, None) | {"status": "finished"})

    columns = {group: figures.scores[group] for group in recipe.groups}
    print(f"\n{tables.score_table(columns, figures.models)}\n")
    differences = {group: figures.differences[group] for group in recipe.groups}
    print("Differences to the base (▲ gain, ▼ loss: only where the 95% interval excludes zero)\n")
    print(f"{tables.difference_table(differences, columns, figures.models[1:])}\n")
    print(f"Report: {folder / 'report.md'}\nFigures: {folder / 'merge-ratio.png'}, {folder / 'loss.png'}")
    print(f"All numbers: {folder / 'results.json'}")


if __name__ == "__main__":
    run_script(main)

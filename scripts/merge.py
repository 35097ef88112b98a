"""Merge models with MergeKit, checked before and after; the weights are those of plain mergekit-yaml.

python scripts/merge.py recipes/demo/merge.yaml out/demo/merged-0.7
"""

import argparse
import shutil
from pathlib import Path

from luth.core.command_line import script_parser
from luth.core.console import quiet_libraries, say
from luth.core.errors import run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("recipe")
    parser.add_argument("output", type=Path, metavar="OUT")
    return parser


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    quiet_libraries()

    from luth import steps
    from luth.checkpoints.models import model_fingerprint, require_model
    from luth.core.files import written_beside
    from luth.core.recipes import build
    from luth.core.run_record import open_run
    from luth.merging.check import check_result
    from luth.merging.mergekit import name_card, run_mergekit
    from luth.merging.parents import alike_parents, check_filters, check_layers, check_parents, check_tokenizer
    from luth.merging.recipe import MergeRecipe, filters, makes_tokenizer, parents, with_base, with_local_names

    recipe = steps.read(args.recipe, steps.MERGE)
    build(args.recipe, recipe, MergeRecipe)
    names, own_tokenizer = parents(recipe), makes_tokenizer(recipe)
    for name in names:
        require_model(name)
    run = open_run(args.output, "merge", recipe, {name: model_fingerprint(name) for name in names})
    if run.finished:
        say(f"{args.output} already holds this merge: nothing to do.")
        return

    with written_beside(args.output) as run.folder:
        folders = alike_parents(names, run.folder / "parents", own_tokenizer)
        check_parents(folders, own_tokenizer)
        check_layers(recipe, folders)
        check_tokenizer(recipe, folders)
        check_filters(filters(recipe), names[0], folders[names[0]])
        say(f"Merging {' and '.join(names)} with MergeKit ({recipe['merge_method']}).")
        written = {name: str(folder) for name, folder in folders.items() if folder.parent.name == "parents"}
        run_mergekit(with_local_names(with_base(recipe), written), run.folder)
        say("Checking the merge: shapes, special tokens, chat template, answers to the probe questions.")
        answers = check_result(run.folder, folders[recipe.get("base_model") or names[0]], recipe)
        shutil.rmtree(run.folder / "parents", ignore_errors=True)
        name_card(run.folder, args.output.name, written)
        run.finish(answers=answers)
    for question, answer in answers.items():
        say(f"  {question} {answer}")


if __name__ == "__main__":
    run_script(main)

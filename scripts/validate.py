"""Check recipes strictly and offline: keys, types, local files, merges of models that no recipe makes.

    python scripts/validate.py recipes [more files or folders]

All errors are said at once; nothing is loaded, downloaded or run.
"""

import argparse
import sys
from pathlib import Path

from luth.core.command_line import script_parser
from luth.core.console import quiet_libraries
from luth.core.errors import UserError, run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    return parser


def main(arguments: list[str]) -> None:
    args = make_parser().parse_args(arguments)
    quiet_libraries()

    from luth.validation import validate

    files = []
    for path in args.paths:
        if not path.exists():
            raise UserError("bad-argument", f"{path}: no such file or folder")
        files += sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
    if not files:
        raise UserError("bad-argument", f"no .yaml file in {', '.join(map(str, args.paths))}")
    problems = validate(files)
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    print(f"{_count(len(files), 'recipe')} checked, {_count(len(problems), 'problem')}")
    if problems:
        sys.exit(2)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    run_script(main)

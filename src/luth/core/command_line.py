"""The command line of the scripts: their parsers, whose errors are one line with a code."""

import argparse
import re
import sys
from typing import Any, NoReturn

from luth.core.console import DEBUG, VERBOSE
from luth.core.errors import UserError

# The command line of the scripts whose keys may follow the recipe.
USAGE = "RECIPE [--KEY VALUE ...]"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line with a code, and name the nearest option."""

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Take dashes inside an option's name for underscores; refuse an option that is given twice."""
        words = underscored(sys.argv[1:] if args is None else args)
        given = [word.split("=")[0] for word in words]
        for option, action in self._option_string_actions.items():
            if given.count(option) > 1 and not isinstance(action, argparse._ExtendAction):
                raise UserError("bad-argument", f"{option} is given twice: {' '.join(self.format_usage().split())}")
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        # It imports pydantic, which the shell's completion need not wait for.
        from luth.core.recipes import nearest

        line = re.sub(r"^argument (\S+?)(/\S+)?: ", r"\1: ", message)
        if unknown := re.match(r"unrecognized arguments: (\S+)", message):
            option = unknown[1].split("=")[0]
            close = nearest(option, self._option_string_actions) if option.startswith("-") else ""
            line = f"unknown {'option' if option.startswith('-') else 'argument'} {option}{close}"
        elif missing := re.match(r"the following arguments are required: (.+)", message):
            line = f"the command line lacks {missing[1]}"
        usage = " ".join(self.format_usage().split())
        raise UserError("bad-argument", f"{line}: {usage}")


def underscored(words: list[str]) -> list[str]:
    """Return a command line's words with the dashes inside options' names as underscores: --learning-rate 1e-5."""
    return [_underscored(word) if word.startswith("--") else word for word in words]


def _underscored(word: str) -> str:
    name, equals, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def script_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every script takes; `run_script` acts on them and removes them.

    Args:
        description: the script's docstring, which --help prints as it is.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument(VERBOSE, action="store_true", help="show the libraries' logs and warnings")
    parser.add_argument(DEBUG, action="store_true", help="as --verbose, and show the traceback of an error")
    return parser


def recipe_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a script that takes a recipe, and any of the recipe's keys behind it.

    Args:
        description: the script's docstring, which --help prints as it is.
    """
    parser = script_parser(description)
    parser.usage = f"%(prog)s {USAGE}"
    parser.add_argument("recipe", help="a .yaml file; then any of its keys as --KEY VALUE")
    return parser


def split(arguments: list[str], parser: argparse.ArgumentParser) -> tuple[str, list[str]]:
    """Return the recipe's path and the rest of `RECIPE [--KEY VALUE ...]` or `--config RECIPE [--KEY VALUE ...]`.

    Args:
        arguments: the command line's words.
        parser: what `recipe_parser` returned; it prints its help and ends the script where the words hold --help.

    Raises:
        UserError: the first word is no recipe.
    """
    arguments = underscored(arguments)
    if {"--help", "-h"} & set(arguments):
        parser.print_help()
        parser.exit()
    if arguments and not arguments[0].startswith("--"):
        return arguments[0], arguments[1:]
    if "--config" in arguments[:-1]:
        at = arguments.index("--config")
        return arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    raise UserError("bad-argument", f"the recipe comes first: {parser.format_usage().strip()}")


def split_keys(arguments: list[str], parser: argparse.ArgumentParser) -> tuple[list[str], list[str]]:
    """Return the words of the parser's own options, and those of the recipe's keys: every other --KEY with its values.

    Args:
        arguments: the command line's words.
        parser: what `recipe_parser` returned, with the script's options.
    """
    own: list[str] = []
    keys: list[str] = []
    of_key = False
    for word in underscored(arguments):
        option = word.split("=")[0]
        if option.startswith("--") or option in parser._option_string_actions:
            of_key = option not in parser._option_string_actions
        (keys if of_key else own).append(word)
    return own, keys

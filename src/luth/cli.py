"""The command `luth`: every script of scripts/ under one name, for an installed package.

    luth sft recipes/luth-0.6b.yaml
    accelerate launch -m luth.scripts.sft recipes/luth-0.6b.yaml
    eval "$(register-python-argcomplete luth)"

The second line starts a command on several GPUs. The third one, in ~/.bashrc, completes commands, options and keys.
"""

import argparse
import ast
import difflib
import importlib
import importlib.util
import os
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import argcomplete

from luth import scripts
from luth.core.errors import UserError, run_script

COMMANDS = tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(scripts.__path__)))
# The classes whose fields may follow a recipe as options, by command: package, file, class, and the key that holds it.
KEYS = {
    "sft": (
        ("luth", "training/arguments.py", "LuthArguments", ""),
        ("luth", "training/sft_keys.py", "SFTKeys", ""),
        ("trl", "trainer/sft_config.py", "SFTConfig", ""),
        ("trl", "trainer/base_config.py", "_BaseConfig", ""),
        ("trl", "trainer/model_config.py", "ModelConfig", ""),
        ("trl", "scripts/utils.py", "DatasetMixtureConfig", ""),
        ("transformers", "training_args.py", "TrainingArguments", ""),
    ),
    "evaluate": (
        ("luth", "evaluation/recipe.py", "EvalRecipe", ""),
        ("luth", "evaluation/recipe.py", "Generation", "generation_parameters."),
        ("luth", "evaluation/recipe.py", "Generation", "thinking_generation_parameters."),
        ("luth", "core/endpoints.py", "Endpoint", "endpoint."),
    ),
    "sweep": (
        ("luth", "sweep/recipe.py", "SweepRecipe", ""),
        ("luth", "sweep/recipe.py", "Criterion", "criterion."),
        ("luth", "sweep/recipe.py", "FirstPass", "first_pass."),
        ("luth", "evaluation/recipe.py", "EvalRecipe", "evaluation."),
    ),
}


def main() -> None:
    """Run the command that the command line names, as its script would run."""
    if "_ARGCOMPLETE" in os.environ:
        argcomplete.autocomplete(completion_parser())
    command, arguments = (sys.argv[1:2] or ["--help"])[0], sys.argv[2:]
    if command in ("-h", "--help"):
        print(help_text())
        return
    sys.argv = [f"luth {command}", *arguments]
    run_script(script(command).main if command in COMMANDS else _refuse)


def _refuse(arguments: list[str]) -> None:
    command = sys.argv[0].removeprefix("luth ")
    close = difflib.get_close_matches(command, COMMANDS, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise UserError("bad-argument", f"luth has no command {command!r}{hint}: the commands are {', '.join(COMMANDS)}")


def script(command: str) -> ModuleType:
    """Import the script behind a command; no script imports a large library before its `main` runs."""
    return importlib.import_module(f"luth.scripts.{command.replace('-', '_')}")


def help_text() -> str:
    """Return what `luth --help` prints: the commands, each with the first line of its script."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {command:{width}}{(script(command).__doc__ or '').splitlines()[0]}" for command in COMMANDS]
    return f"usage: luth COMMAND ...\n\n{__doc__}\nCommands (luth COMMAND --help says more):\n\n" + "\n".join(lines)


def completion_parser() -> argparse.ArgumentParser:
    """Return a parser of all commands and their options, for argcomplete."""
    parser = argparse.ArgumentParser(prog="luth")
    commands = parser.add_subparsers()
    for command in COMMANDS:
        options = commands.add_parser(command, parents=[script(command).make_parser()], conflict_handler="resolve")
        for key in keys(command):
            options.add_argument(f"--{key}")
    return parser


def keys(command: str) -> list[str]:
    """Return the keys that a command takes as options, from the libraries' sources: importing them takes seconds."""
    names: set[str] = set()
    for package, file, name, holder in KEYS.get(command, ()):
        found = importlib.util.find_spec(package)
        for folder in (found and found.submodule_search_locations) or []:
            path = Path(folder) / file
            body = ast.parse(path.read_text("utf-8")).body if path.is_file() else []
            classes = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
            names |= {f"{holder}{key}" for node in classes for key in _fields(node)}
    return sorted(names)


def _fields(node: ast.ClassDef) -> list[str]:
    targets = [line.target for line in node.body if isinstance(line, ast.AnnAssign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


if __name__ == "__main__":
    main()

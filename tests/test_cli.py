"""The command `luth` and the options that all scripts share; the shell's completion of options and keys."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from luth import cli
from luth.core.overrides import override
from luth.evaluation.recipe import EvalRecipe
from luth.steps import keys_of
from luth.sweep.recipe import SweepRecipe

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted({path.stem for path in (ROOT / "scripts").glob("*.py")} - {"__init__"})


def complete(line):
    """Return what argcomplete offers at the end of a command line, and the modules that were imported for it."""
    program = (
        "import argcomplete, atexit, functools, sys\n"
        "argcomplete.autocomplete = functools.partial(argcomplete.autocomplete, exit_method=sys.exit)\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv[0] = 'luth'\n"
        "from luth import cli\n"
        "cli.main()\n"
    )
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": "/dev/stdout",
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | variables, capture_output=True, text=True)
    return {word.strip() for word in done.stdout.splitlines()}, set(done.stderr.split())


def test_there_is_a_command_for_every_script():
    assert list(cli.COMMANDS) == [script.replace("_", "-") for script in SCRIPTS]
    assert all(cli.script(command).main for command in cli.COMMANDS)


def test_a_command_runs_its_script_with_its_arguments(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["luth", "merge", "none.yaml", "out/x", "--debug"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    err = capsys.readouterr().err
    assert stop.value.code == 2 and "none.yaml" in err and "[recipe-not-found]" in err and "Traceback" in err


def test_a_command_that_does_not_exist_is_one_line_with_the_nearest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["luth", "evalute", "r.yaml"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    err = capsys.readouterr().err
    assert stop.value.code == 2 and err.count("\n") == 1 and "did you mean 'evaluate'" in err


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_shows_each_script_s_first_line(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["luth", *arguments])
    cli.main()
    out = capsys.readouterr().out
    for command in cli.COMMANDS:
        first = cli.script(command).__doc__.splitlines()[0]
        assert any(line.startswith(f"  {command} ") and line.endswith(first) for line in out.splitlines())


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_has_the_shared_options(script, run):
    code, out, err = run(script, "--help")
    assert code == 0 and err == "" and "--verbose" in out and "--debug" in out
    assert cli.script(script).__doc__.strip() in out


def test_commands_options_and_keys_are_completed_without_torch():
    words, modules = complete("luth ")
    assert set(cli.COMMANDS) <= words
    assert not {"torch", "transformers", "trl", "lighteval"} & modules and "luth.cli" in modules
    assert {"--limit", "--base_url", "--verbose"} <= complete("luth evaluate --")[0]
    assert complete("luth sft r.yaml --max_st")[0] == {"--max_steps"}


def test_the_keys_completed_are_those_that_a_command_takes():
    for command in ("sft", "evaluate", "sweep"):
        assert {key for key in cli.keys(command) if "." not in key} == keys_of(command)
    for command, schema in (("evaluate", EvalRecipe), ("sweep", SweepRecipe)):
        for key in cli.keys(command):
            override({}, [f"--{key}", "1"], schema)

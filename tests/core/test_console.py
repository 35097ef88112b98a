import logging
import os
import sys
import warnings

import pytest

from luth.core.console import quiet_libraries, say, script_parser
from luth.core.errors import UserError


@pytest.mark.parametrize("option", [None, "--verbose", "--debug"])
def test_libraries_are_quiet_unless_asked(option, monkeypatch):
    disabled, filters, environment = [], [], {}
    monkeypatch.setattr(sys, "argv", ["script.py", "recipe.yaml", *([option] if option else [])])
    monkeypatch.setattr(logging, "disable", disabled.append)
    monkeypatch.setattr(warnings, "filterwarnings", filters.append)
    monkeypatch.setattr(os, "environ", environment)
    quiet_libraries()
    if option is None:
        assert disabled == [logging.WARNING] and filters == ["ignore"]
        assert environment["TRANSFORMERS_VERBOSITY"] == "error"
    else:
        assert disabled == [] and filters == [] and "TRANSFORMERS_VERBOSITY" not in environment
    assert environment["LOGURU_DIAGNOSE"] == "NO"


def test_one_process_of_a_launch_speaks(monkeypatch, capsys):
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        say(f"process {rank}")
    assert capsys.readouterr().out == "process 0\n"


def test_an_option_that_is_cut_short_is_refused(capsys):
    parser = script_parser("What it does.")
    assert parser.parse_args(["--debug"]).debug
    with pytest.raises(UserError) as error:
        parser.parse_args(["--verb"])
    assert error.value.code == "bad-argument" and "did you mean '--verbose'" in str(error.value)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ([], "recipe"),
        (["r.yaml", "--limt", "3"], "--limt (did you mean '--limit'?)"),
        (["r.yaml", "--limit", "three"], "--limit: invalid int value: 'three'"),
        (["r.yaml", "--kind=c"], "--kind: invalid choice: 'c'"),
        (["r.yaml", "another"], "another"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_with_a_code(words, fact):
    parser = script_parser("What it does.")
    parser.add_argument("recipe")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--kind", choices=("a", "b"))
    with pytest.raises(UserError) as error:
        parser.parse_args(words)
    assert error.value.code == "bad-argument" and fact in str(error.value) and "\n" not in str(error.value)

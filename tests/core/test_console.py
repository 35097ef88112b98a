import logging
import os
import sys
import warnings

import pytest

from luth.core.console import quiet_libraries, say


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

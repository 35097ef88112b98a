"""A build that ends, as by kill -9, before each single change to the names of its files: nothing lost or doubled."""

import builtins
import os
import shutil
import sys

import pytest
import yaml

from luth.core.errors import run_script
from luth.data.requests import inference
from tests.data.conftest import ROOT, TOPICS, shards

ROWS = 12


@pytest.fixture
def given(tmp_path, server, write_rows):
    """A recipe of which each row is asked about once, in chunks of 5 documents."""
    rows = [
        {"prompt": f"Explique-moi en quelques phrases ce que l'on entend par : {topic}"} for topic in TOPICS[:ROWS]
    ]
    ask = {"endpoint": "model", "attempts": 1}
    read = {"path": str(write_rows(rows)), "columns": {"prompt": "prompt"}}
    content = {
        "step": "build_dataset",
        "language": "fr",
        "language_name": "French",
        "tasks": 1,
        "endpoints": {"model": {"base_url": server.url, "model": "m", "concurrent_requests": 1}},
        "parts": {"made": {"read": read, "generate": ask}},
        "steps": {},
        "output_dir": str(tmp_path / "broken"),
    }
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return path


def start(module, arguments, last):
    """Run the script in a fork that ends before its change number `last`; return its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [last]

    def ends(call):
        def instead(*positional, **named):
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)
            return call(*positional, **named)

        return instead

    for name in ("remove", "unlink", "replace", "rename", "rmdir"):
        setattr(os, name, ends(getattr(os, name)))
    plain, counted = open, ends(open)

    def opens(path, mode="r", *more, **named):
        made = mode[0] in "wx" and "completions" in str(path)
        return (counted if made else plain)(path, mode, *more, **named)

    builtins.open = opens
    sys.argv = ["build_dataset.py", *map(str, arguments)]
    try:
        run_script(module.main)
    except SystemExit as stop:
        os._exit(stop.code or 0)
    except BaseException:
        os._exit(1)
    os._exit(0)


@pytest.mark.slow
def test_a_kill_before_any_change_of_a_name(given, server, build, tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(inference, "CHUNK", 5)
    spec = importlib.util.spec_from_file_location("script", ROOT / "scripts/build_dataset.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    code, _, err = build(given, "--output_dir", tmp_path / "whole")
    assert code == 0, err
    number, killed = 0, True
    while killed:
        number += 1
        shutil.rmtree(tmp_path / "broken", ignore_errors=True)
        server.asked.clear()
        killed = start(module, [given, "--workers", 1], number) == 9
        assert start(module, [given, "--workers", 1], 0) == 0, number
        assert shards(tmp_path / "broken") == shards(tmp_path / "whole"), number
        # One request at a time: the one that was under way may be paid again.
        assert sum(server.asked.values()) <= ROWS + 1, (number, server.asked)
    assert number > 20

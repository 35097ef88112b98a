"""`make gpu-check`: its runner with small steps of the test's own; its real steps, small, on a CPU (slow)."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GPU = ROOT / "benchmarks/gpu"
CARD = {"name": "NVIDIA H100 80GB HBM3", "total_memory": 85899345920, "major": 9, "minor": 0}
PYTORCH = """
class version: cuda = {cuda!r}
__version__ = "2.11.0"
class cuda:
    def is_available(): return {available}
    def get_device_properties(at): return type("Card", (), {card!r})
"""


@pytest.fixture
def machine(tmp_path):
    """Run gpu-check on a machine of the test's own: its PyTorch sees this card, its driver is this one."""

    def call(*arguments, cuda="13.0", available=True, driver=None, python=(sys.executable,), wait=True):
        folder = tmp_path / "machine"
        folder.mkdir(exist_ok=True)
        (folder / "torch.py").write_text(PYTORCH.format(cuda=cuda, available=available, card=CARD))
        smi = folder / "nvidia-smi"
        smi.write_text(f"#!/bin/sh\n{f'echo {driver}' if driver else 'exit 9'}\n")
        smi.chmod(0o755)
        environment = os.environ | {"PYTHONPATH": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        command = [*python, str(GPU / "check.py"), *map(str, arguments)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if not wait:
            return process
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return call


@pytest.fixture
def plan(tmp_path):
    """Write expected.toml for steps given as (program's text, seconds, expectations)."""

    def write(*steps, seconds=60):
        lines = ['cards = ["H100"]', f"seconds = {seconds}"]
        for at, (program, limit, expect) in enumerate(steps):
            path = tmp_path / f"step{at}.py"
            path.write_text(f"import json, sys, time\nsay = lambda **f: print('@figure ' + json.dumps(f))\n{program}")
            lines += ["[[step]]", f'name = "{"ABCDEF"[at]}"', 'about = "a step"', f'program = "{path}"']
            lines += [f"seconds = {limit}", "[step.expect]", *expect]
        path = tmp_path / "expected.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def read(folder):
    return json.loads((folder / "results.json").read_text("utf-8"))


def refused(answer, code, *words):
    """A mistake is one line on stderr with its code, and exit code 2."""
    assert answer[0] == 2 and answer[2].count("\n") == 1 and answer[2].endswith(f"[{code}]\n"), answer
    assert all(word in answer[2] for word in words), answer[2]


def test_verdicts(machine, plan, tmp_path):
    fast = '"fast" = {low = 10, high = 20, otherwise = "the kernel is missing"}'
    expected = plan(
        ("say(name='fast', value=15); say(name='more', value=1)", 20, [fast]),
        ("say(name='fast', value=5)", 20, [fast]),
        ("say(name='fast', value=15); sys.exit('it broke')", 20, [fast]),
        ("say(name='fast', left_out='no Liger')", 20, [fast]),
        ("say(name='fast', value=float('nan'))", 20, [fast]),
        ("say(name='fast', failed='out of memory')", 20, [fast]),
    )
    code, _, _ = machine("--expected", expected, "--out", tmp_path / "out")
    record = read(tmp_path / "out")
    verdicts = [step["verdict"] for step in record["steps"]]
    assert code == 1
    assert verdicts == ["as expected", "other", "failed", "left out", "other", "failed"]
    assert record["finished"] and record["machine"]["card"] == CARD["name"]
    assert "it broke" in record["steps"][2]["why"]
    table = (tmp_path / "out/report.md").read_text("utf-8")
    assert all(word in table for word in ("the kernel is missing", "no Liger", "10 to 20", "out of memory", "H100"))
    assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1


def test_speed_is_expected_of_some_cards_and_errors_of_all(machine, plan, tmp_path):
    speed, error = '"speed" = {low = 10, otherwise = "slow"}', '"error" = {high = 1, otherwise = "w", anywhere = true}'
    expected = plan(("say(name='speed', value=5); say(name='error', value=5)", 20, [speed, error]))
    expected.write_text(expected.read_text().replace("H100", "B200"))
    machine("--expected", expected, "--out", tmp_path / "out")
    assert [figure["verdict"] for figure in read(tmp_path / "out")["steps"][0]["figures"]] == ["measured", "other"]


def test_a_step_is_stopped_at_its_limit_with_its_own_processes(machine, plan, tmp_path):
    child = "import subprocess; child = subprocess.Popen(['sleep', '99']); say(name='child', value=child.pid); "
    expected = plan((f"{child}sys.stdout.flush(); time.sleep(99)", 1, []), ("say(name='next', value=1)", 20, []))
    begun = time.monotonic()
    machine("--expected", expected, "--out", tmp_path / "out")
    assert time.monotonic() - begun < 40
    stopped, following = read(tmp_path / "out")["steps"]
    assert stopped["verdict"] == "failed" and "1 seconds" in stopped["why"] and following["verdict"] == "as expected"
    # Ended; where nobody waits for orphans, its entry stays.
    state = Path(f"/proc/{stopped['figures'][0]['value']:.0f}/stat")
    assert not state.exists() or ") Z " in state.read_text()


def test_steps_for_which_no_time_is_left_are_left_out(machine, plan, tmp_path):
    expected = plan(("say(name='one', value=1)", 20, []), seconds=4)
    assert machine("--expected", expected, "--out", tmp_path / "out")[0] == 0
    assert read(tmp_path / "out")["steps"][0]["verdict"] == "left out"


def test_a_kill_loses_no_figure(machine, plan, tmp_path):
    expected = plan(
        ("say(name='one', value=1)", 20, []), ("say(name='two', value=2); sys.stdout.flush(); time.sleep(30)", 40, [])
    )
    process = machine("--expected", expected, "--out", tmp_path / "out", wait=False)
    results = tmp_path / "out/results.json"
    limit = time.monotonic() + 30
    while time.monotonic() < limit and not (results.exists() and '"two"' in results.read_text("utf-8")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    first, second = read(tmp_path / "out")["steps"]
    assert first["verdict"] == "as expected" and first["figures"][0]["value"] == 1
    assert second["verdict"] == "running" and second["figures"][0]["value"] == 2
    refused(machine("--expected", expected, "--out", tmp_path / "out"), "output-unusable", str(tmp_path / "out"))


def test_machines_without_a_gpu_for_this_pytorch(machine, plan, tmp_path):
    arguments = ("--expected", plan(("", 20, [])), "--out", tmp_path / "out")
    refused(machine(*arguments, available=False, driver="470.1"), "no-gpu", "470.1", "13.0", "too old")
    refused(machine(*arguments, available=False), "no-gpu", "TRY=1")
    refused(machine(*arguments, available=False, cuda=None), "no-gpu", "2.11.0", "CPU")
    assert not (tmp_path / "out").exists()


def wheel(folder, name, files=("module.py",)):
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file in files:
            archive.writestr(file, "value = 1\n")
        head = "-".join(name.split("-")[:2])
        archive.writestr(f"{head}.dist-info/METADATA", "Name: {}\nVersion: {}\n".format(*head.split("-")))
    return folder


def test_what_wheels_lack_or_cannot_be(machine, tmp_path):
    # Without its site-packages this Python is as bare as can be.
    bare = (sys.executable, "-S")
    refused(machine(python=bare), "package-missing", "trl", "transformers", "WHEELS=")
    pure = wheel(tmp_path / "one", "trl-1.16.0-py3-none-any.whl")
    code, _, error = machine("--wheels", pure, python=bare)
    assert code == 2 and "transformers" in error and "trl" not in error.split("lacks")[1].split("`make")[0].split(", ")
    old = wheel(tmp_path / "old", "transformers-4.57.0-py3-none-any.whl")
    refused(machine("--wheels", old, python=bare), "package-missing", "transformers 5.23", "4.57.0")
    other = wheel(tmp_path / "other", "xxhash-3.8.2-cp39-cp39-manylinux_2_17_x86_64.whl")
    refused(machine("--wheels", other), "bad-argument", "xxhash", "gpu-wheels")
    twice = wheel(wheel(tmp_path / "two", "dill-0.4.1-py3-none-any.whl"), "dill-0.4.2-py3-none-any.whl")
    refused(machine("--wheels", twice), "bad-argument", "dill")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(machine("--wheels", empty), "bad-argument", str(empty))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/hjson-9-py3-none-any.whl").write_bytes(b"PK")
    refused(machine("--wheels", tmp_path / "broken"), "bad-argument", "hjson")
    refused(machine("--steps", "Q"), "bad-argument", "Q")
    refused(machine("--expected", empty / "none.toml"), "bad-argument", "none.toml")


def test_wheels_are_unpacked_where_another_version_is_here_and_torch_never(machine, plan, tmp_path):
    wheels = wheel(tmp_path / "wheels", "torch-9.9.9-py3-none-any.whl", ["torch/__init__.py"])
    wheel(wheels, "hjson-99.0-py3-none-any.whl", ["hjson-99.0.data/purelib/hjson.py", "hjson-99.0.data/scripts/hjson"])
    found = "import hjson; say(name='hjson', value=hjson.value)"
    code, out, error = machine("--expected", plan((found, 20, [])), "--out", tmp_path / "out", "--wheels", wheels)
    record = read(tmp_path / "out")
    assert code == 0, (out, error)
    assert record["unpacked"] == {"hjson": "99.0"} and record["packages"]["hjson"] == "99.0"
    assert record["steps"][0]["figures"][0]["value"] == 1


def test_the_steps_fit_into_eight_minutes_and_are_on_the_page():
    plan = tomllib.loads((GPU / "expected.toml").read_text("utf-8"))
    assert sum(step["seconds"] for step in plan["step"]) <= plan["seconds"] <= 480
    page = (ROOT / "docs/gpu.md").read_text("utf-8")
    assert re.findall(r"^\| ([A-Z]) \| (\d+) \|", page, flags=re.M) == [
        (step["name"], str(step["seconds"])) for step in plan["step"]
    ]
    for step in plan["step"]:
        assert (GPU / step["program"]).is_file()
        assert all(figure["otherwise"] for figure in step.get("expect", {}).values())


def test_results_are_taken_up(machine, plan, tmp_path):
    """Into copies of the pages, by a copy of the programs, for they write where they lie."""
    copy = tmp_path / "copy"
    for name in ("benchmarks/gpu/take_up.py", "benchmarks/gpu/report.py", "docs/gpu.md", "README.md"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    measured = copy / "benchmarks/gpu/measured.yaml"
    measured.write_text("# What this is.\n[]\n", "utf-8")
    for speed in (100, 200):
        said = (
            f"recipe='recipes/luth-0.6b.yaml', changed={{}}, tokens_per_second={speed}, peak_memory_bytes=5123456789"
        )
        expected = plan((f"say(name='plain layers: tokens/s', value=61234); say({said})", 20, []))
        machine("--expected", expected, "--out", tmp_path / f"out-{speed}")
        command = [sys.executable, copy / "benchmarks/gpu/take_up.py", tmp_path / f"out-{speed}/results.json"]
        subprocess.run(command, check=True)
    (entry,) = yaml.safe_load(measured.read_text("utf-8"))
    assert (entry["tokens_per_second"], entry["memory_gb"], entry["card"]) == (200, 5.1, "H100 80GB HBM3")
    assert measured.read_text("utf-8").startswith("# What this is.\n")
    for page in ("docs/gpu.md", "README.md"):
        text = (copy / page).read_text("utf-8")
        assert text.count("61,234") == 1 and text.split("61,234")[0].split("<!-- measured: begin")[0]


@pytest.mark.slow
@pytest.mark.parametrize("steps", ["A,B,E", "C,G", "D", "F,H"])
def test_every_step_small_on_a_cpu(steps, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, GPU / "check.py", "--try", "--steps", steps, "--out", out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    record = read(out)
    log = (out / "log.txt").read_text("utf-8")
    assert done.returncode == 0, f"{done.stdout}\n{log[-8000:]}"
    for step in record["steps"]:
        assert step["verdict"] == "as expected", (step, log[-4000:])
        assert sum("value" in figure for figure in step["figures"]) >= 4

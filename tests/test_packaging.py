"""What is said in several files about the package agrees: Python versions, pins, make's targets, workflows."""

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def setup():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))


def lines(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def plain(requirement):
    """Return a requirement's package: lower case, hyphens, no extra and no version."""
    return re.split(r"[\[<>=!~; ]", requirement.strip())[0].lower().replace("_", "-").replace(".", "-")


def pins():
    text = (ROOT / "constraints.txt").read_text("utf-8")
    return {plain(line): line.split("==")[1].strip() for line in lines(text)}


def test_the_python_versions_are_the_same_everywhere(setup):
    versions = re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"])
    minors = [int(version.removeprefix("3.")) for version in versions]
    assert len(minors) > 1 and minors == list(range(minors[0], minors[-1] + 1))
    assert setup["options"]["python_requires"] == f">=3.{minors[0]},<3.{minors[-1] + 1}"
    for page, last in (
        ("README.md", "or"),
        ("docs/quickstart.md", "or"),
        ("docs/how-to/use-another-python.md", "and"),
    ):
        listed = re.search(r"Python ([\d., ]+? \w+ 3\.\d+)", (ROOT / page).read_text("utf-8"))
        assert listed and listed[1] == f"{', '.join(versions[:-1])} {last} {versions[-1]}", page
    assert f"VERSIONS := {' '.join(f'python{version}' for version in versions)}\n" in (ROOT / "Makefile").read_text()
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values():
            assert job["strategy"]["matrix"]["python"] == versions


def python_of(version, path):
    """Write a program that says, whatever it is asked, that it is this Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho python{version}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("named", "venv", "code", "facts"),
    [
        ("3.12", "3.12", 0, []),
        ("3.12", "3.11", 2, ["venv holds python3.11", "VENV="]),
        (None, "3.11", 0, []),
        ("3.10", None, 2, ["PYTHON=/path/to/python3."]),
        ("", "3.11", 2, ["venv holds python3.11"]),
    ],
)
def test_make_takes_the_python_that_is_named_or_says_why_not(named, venv, code, facts, tmp_path):
    folder = tmp_path / "venv"
    words = ["make", "setup", f"VENV={folder}"]
    if named is not None:
        words.append(f"PYTHON={python_of(named, tmp_path / 'python') if named else tmp_path / 'none'}")
    if venv:
        python_of(venv, folder / "bin/python")
        (folder / ".ready").touch()
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "VENV", "MAKEFLAGS")}
    done = subprocess.run(words, cwd=ROOT, env=variables, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == code and len(lines) == (code != 0), done.stderr
    assert all(fact in lines[0] for fact in facts)


def test_every_requirement_is_pinned_to_one_version(setup):
    required = lines(setup["options"]["install_requires"])
    for extra in ("data", "docs", "dev"):
        required += lines(setup["options.extras_require"][extra])
    names = {plain(line) for line in required} - {"luth"}
    assert names - set(pins()) == set()
    assert not [version for version in pins().values() if "+" in version]
    for line in required:
        if "==" in line:
            assert pins()[plain(line)] == line.split("==")[1]


def test_pre_commit_checks_with_the_same_versions():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    for hook in hooks:
        for line in hook["additional_dependencies"]:
            assert pins().get(plain(line), line.split("==")[1]) == line.split("==")[1]
    assert {"ruff", "ruff-format", "check-yaml", "trailing-whitespace"} <= {hook["id"] for hook in hooks}


def test_workflows_run_what_there_is(targets):
    assert {path.stem for path in WORKFLOWS} == {"test", "nightly"}
    commands = [(ROOT / ".ci/run").read_text("utf-8"), (ROOT / "CONTRIBUTING.md").read_text("utf-8")]
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text("utf-8"))
        assert workflow["permissions"] == {"contents": "read"}
        commands += [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert "bash .ci/run" in commands
    named = {target for command in commands for target in re.findall(r"(?:^|`)make ([a-z-]+)", command, flags=re.M)}
    assert {"quality", "docs", "test", "test-all"} <= named <= targets


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_workflows_and_templates_are_what_github_reads(path):
    check = pytest.importorskip("check_jsonschema")
    kind = {"workflows": "workflows", "config.yml": "issue-config"}
    schema = kind.get(path.name) or kind.get(path.parent.name, "issue-forms")
    with pytest.raises(SystemExit) as stop:
        check.main(["--builtin-schema", f"vendor.github-{schema}", str(path)])
    assert stop.value.code == 0

"""The installed package works in an empty folder, away from the repository: a wheel, its data, the command `luth`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
RECIPE = {
    "step": "sft",
    "model_name_or_path": "Qwen/Qwen3-0.6B",
    "chat_template_path": "qwen3.jinja",
    "output_dir": "out",
    "datasets": [{"path": "owner/dataset"}],
    "max_length": 256,
    "assistant_only_loss": True,
    "global_batch_size": 4,
    "report_to": "none",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build a wheel of the sources, install it into a folder of its own, and return that folder."""
    # A copy: setuptools leaves build/ behind, and takes from it what earlier builds left.
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "scripts"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", source / "wheels", source]
    subprocess.run(wheel, check=True)
    (file,) = (source / "wheels").glob("luth-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--no-compile", "--target", site, file], check=True)
    return site


@pytest.fixture
def luth(installed, tmp_path):
    """Run the installed command in an empty folder; return exit code, stdout and stderr."""

    def call(*arguments, **variables):
        environment = {**os.environ, "PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1", **variables}
        command = [installed / "bin" / "luth", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    return call


def test_the_wheel_holds_every_file_that_the_code_reads(installed):
    kinds = ("*.jinja", "*.md", "*.py")
    ours = {path.relative_to(ROOT / "src") for kind in kinds for path in (ROOT / "src").rglob(kind)}
    ours |= {Path("luth/scripts") / path.name for path in (ROOT / "scripts").glob("*.py")}
    missing = {path for path in ours if not (installed / path).is_file() and path.name != "README.md"}
    assert missing == set() and any(path.name == "judge.md" for path in ours)


def test_help_lists_the_commands_and_every_script_s_options(luth):
    code, out, err = luth("--help")
    assert (code, err) == (0, "")
    for script in {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"__init__"}:
        assert f"\n  {script.replace('_', '-')} " in out
    code, out, _ = luth("evaluate", "--help")
    assert code == 0 and "usage: luth evaluate" in out
    assert all(option in out for option in ("--limit", "--verbose", "--debug"))


def test_a_recipe_is_validated_with_a_template_of_the_package(luth, tmp_path):
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(RECIPE), "utf-8")
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({**RECIPE, "chat_template_path": "qwen4.jinja"}), "utf-8")
    code, out, err = luth("validate", "r.yaml", "s.yaml")
    assert (code, out) == (2, "2 recipes checked, 1 problem\n")
    assert "s.yaml: chat_template_path: qwen4.jinja" in err and err.count("\n") == 1


def test_a_wrong_recipe_is_one_line_and_exit_code_2(luth, tmp_path):
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(RECIPE), "utf-8")
    for arguments, fact in (
        (["report", "r.yaml"], "[wrong-step]"),
        (["swep", "r.yaml"], "'sweep'"),
    ):
        code, _, err = luth(*arguments)
        assert code == 2 and err.startswith("error: ") and err.count("\n") == 1 and fact in err

"""Every command of the README is one that works: run where it is quick, checked part by part where it is long."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
FLAGS = {
    "--config_file", "--preview", "--max_steps", "--output_dir", "--nodes", "--model", "--custom-tasks", "--limit",
    "--base_url", "--port", "--write_items", "--executor", "--workers", "--only",
}  # fmt: skip
ELSEWHERE = {"kurakurai/Luth-0.6B-Instruct", "Qwen/Qwen3-0.6B", "http://localhost:8000/v1"}
MADE = ("out/demo/base", "out/demo/sft", "out/demo/sweep/winner")


def commands():
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.S)
    inline = re.findall(r"`((?:make|python|source|accelerate)[ ][^`]*)`", README)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()] + inline


def test_the_three_uses_are_shown():
    text = "\n".join(commands())
    assert "accelerate launch scripts/sft.py recipes/luth-0.6b.yaml" in text
    assert "mergekit-yaml recipes/merge.yaml out/" in text
    assert re.search(r"lighteval custom .* --custom-tasks src/luth/tasks.py", text)


@pytest.mark.parametrize("command", commands())
def test_command(command, make_model, tmp_path):
    words = shlex.split(command)
    if words[0] == "make":
        target = words[1]
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)
    elif words[0] == "source":
        assert words[1] == ".venv/bin/activate"
    elif words[:2] == ["python", "-c"]:
        (path,) = [name for name in MADE if name in words[2]]
        code = words[2].replace(path, str(make_model(tmp_path / "model")))
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
    elif words[0] in ("accelerate", "python", "mergekit-yaml", "lighteval", "transformers", "sbatch"):
        for word in words[1:]:
            if "/" in word and not word.startswith(("out/", "--")) and word not in ELSEWHERE:
                assert (ROOT / word).is_file(), word
            if word.startswith("--"):
                assert word.split("=")[0] in FLAGS, word
            if word.startswith("out/demo"):
                assert word in (*MADE, "out/demo/merged-0.7", "out/demo/items"), word
    else:
        raise AssertionError(f"the README shows a command that no test knows: {command}")


@pytest.mark.parametrize("page", ["README.md", "recipes/README.md"])
def test_every_link_leads_somewhere(page):
    path = ROOT / page
    for link in re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8")):
        if link.startswith("#"):
            assert f"\n## {link[1:].replace('-', ' ')}\n" in path.read_text("utf-8").lower(), link
        else:
            assert link.startswith("https://") or (path.parent / link).exists(), link


def test_every_launch_file_is_named():
    for path in (ROOT / "accelerate_configs").glob("*.yaml"):
        assert f"`{path.stem}`" in README, path


def test_the_demo_s_outputs_are_the_ones_the_recipes_name():
    report = yaml.safe_load((ROOT / "recipes/demo/report.yaml").read_text("utf-8"))
    evaluated = yaml.safe_load((ROOT / "recipes/demo/eval.yaml").read_text("utf-8"))["models"]
    sweep = yaml.safe_load((ROOT / "recipes/demo/sweep.yaml").read_text("utf-8"))
    assert set(MADE) == set(evaluated) == {report["base"], report["fine_tuned"], report["merged"]}
    assert report["sweep"] == sweep["output_dir"] and report["merged"] == f"{sweep['output_dir']}/winner"


def test_the_commands_in_the_recipes_headers_name_files_that_exist():
    for path in (ROOT / "recipes").rglob("*.yaml"):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("#") and re.match(r"#\s+(python|accelerate|mergekit-yaml) ", line):
                for word in re.findall(r"(?:recipes|scripts|accelerate_configs)/\S+\.(?:yaml|py)", line):
                    assert (ROOT / word).is_file(), (path, word)

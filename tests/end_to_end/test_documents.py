"""Every command of the README and docs/ works as written: run where it is quick, else checked part by part."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from luth import cli
from luth.steps import STEPS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "recipes/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = {"kurakurai/Luth-0.6B-Instruct", "Qwen/Qwen3-0.6B"}
MADE = ("out/demo/base", "out/demo/sft", "out/demo/sweep/winner")
# Options of other people's programs that the pages use.
FLAGS = {
    "accelerate": {"--config_file", "--num_processes"},
    "lighteval": {"--custom-tasks"},
    "transformers": {"--port"},
    "sbatch": {"--nodes"},
    "pip": {"--index-url", "-c", "-e", "install"},
    "pytest": {"-q", "-x", "--durations"},
}


def commands():
    """Return (page, command) for every line of the bash blocks; continued lines are joined, comments dropped."""
    shown = []
    for page in PAGES:
        for block in re.findall(r"```bash\n(.*?)```", page.read_text("utf-8"), flags=re.S):
            lines = block.replace("\\\n", " ").splitlines()
            shown += [(page.relative_to(ROOT).as_posix(), line.strip()) for line in lines if line.strip()]
    return [(page, line) for page, line in shown if not line.startswith("#")]


def test_the_three_uses_are_shown():
    text = "\n".join(command for page, command in commands() if page == "README.md")
    assert "accelerate launch scripts/sft.py recipes/luth-0.6b.yaml" in text
    assert "mergekit-yaml recipes/merge.yaml out/" in text
    assert re.search(r"lighteval custom .* --custom-tasks src/luth/tasks.py", text)


def known_flags(words):
    """Return the options that a command's programs know."""
    flags = set().union(*(FLAGS.get(Path(word).name, set()) for word in words[:3]))
    for word in words:
        if word.startswith("scripts/") or word.startswith("benchmarks/") or word.startswith("docs/"):
            flags |= set(re.findall(r"\"(--[\w-]+)\"", (ROOT / word).read_text("utf-8"))) | {"--debug", "--verbose"}
    for command in ("sft", "evaluate", "sweep"):
        if f"scripts/{command}.py" in words or (command == "sft" and "sbatch" in words):
            flags |= {f"--{key}" for key in cli.keys(command)}
    return flags


@pytest.mark.parametrize(("page", "command"), commands())
def test_command(page, command, make_model, python, tmp_path):
    words = shlex.split(command, comments=True)
    while "=" in words[0]:
        words.pop(0)
    program = Path(words[0]).name
    if program == "make":
        targets = [word for word in words[1:] if "=" not in word]
        subprocess.run(["make", "-n", *targets], cwd=ROOT, check=True, capture_output=True)
    elif program == "source":
        assert words[1] == ".venv/bin/activate"
    elif words[:2] == ["python", "-c"]:
        (path,) = [name for name in MADE if name in words[2]]
        code = words[2].replace(path, str(make_model(tmp_path / "model")))
        output = subprocess.run([python, "-c", code], capture_output=True, text=True)
        assert output.returncode == 0, output.stderr
    elif re.fullmatch(r"python3(\.\d+)?|pip", program):
        assert words[1] in ("-m", "install"), command
    elif program == "luth":
        assert words[1] in {name.replace("_", "-") for name in (*STEPS, "merge", "validate")}, command
    elif program in ("accelerate", "python", "mergekit-yaml", "lighteval", "transformers", "sbatch", "pytest"):
        flags = known_flags(words)
        for word in words[1:]:
            local = word.startswith(
                ("recipes/", "scripts/", "src/", "accelerate_configs/", "benchmarks/", "docs/", "slurm/")
            )
            assert not local or (ROOT / word).exists() or "my" in word, f"{page}: {word}"
            assert not word.startswith("--") or word.split("=")[0] in flags, f"{page}: {word}"
    else:
        raise AssertionError(f"{page} shows a command that no test knows: {command}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        path = page if not target else page.parent / target
        assert path.exists(), f"{link} in {page}"
        if anchor and path.suffix == ".md":
            titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), flags=re.M)
            slugs = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles}
            assert anchor in slugs, f"{link} in {page}"


def test_the_shortest_recipe_is_a_recipe(run, tmp_path):
    page = (ROOT / "docs/fine-tuning.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(step: sft\n.*?)```", page, flags=re.S)
    rows = tmp_path / "my_rows.jsonl"
    rows.write_text('{"question": "Où ?", "answer": "Ici."}\n', "utf-8")
    (tmp_path / "recipe.yaml").write_text(block.replace(rows.name, str(rows)), "utf-8")
    code, _, error = run("validate", tmp_path / "recipe.yaml")
    assert code == 0, error


def test_every_launch_file_is_named():
    page = (ROOT / "docs/fine-tuning.md").read_text("utf-8")
    for path in (ROOT / "accelerate_configs").glob("*.yaml"):
        assert f"`{path.stem}`" in page, path


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 130


def test_the_demo_s_outputs_are_the_ones_the_recipes_name():
    report = yaml.safe_load((ROOT / "recipes/demo/report.yaml").read_text("utf-8"))
    evaluated = yaml.safe_load((ROOT / "recipes/demo/eval.yaml").read_text("utf-8"))["models"]
    sweep = yaml.safe_load((ROOT / "recipes/demo/sweep.yaml").read_text("utf-8"))
    assert set(MADE) == set(evaluated) == {report["base"], *report["models"]}
    assert report["sweep"] == sweep["output_dir"] and f"{sweep['output_dir']}/winner" in report["models"]


def test_the_commands_in_the_recipes_headers_name_files_that_exist():
    for path in (ROOT / "recipes").rglob("*.yaml"):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("#") and re.match(r"#\s+(python|accelerate|mergekit-yaml) ", line):
                for word in re.findall(r"(?:recipes|scripts|accelerate_configs)/\S+\.(?:yaml|py)", line):
                    assert (ROOT / word).is_file(), (path, word)


@pytest.mark.parametrize("page", ["generate_recipe_keys", "generate_recipe_table"])
def test_what_is_generated_is_fresh(page, python):
    command = [python, f"docs/{page}.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

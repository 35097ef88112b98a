"""docs/how-to/add-a-data-step.md, followed as it is written in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys

from tests.data.conftest import ROOT

PAGE = ROOT / "docs/how-to/add-a-data-step.md"


def test_the_page_s_filter_works_with_nothing_but_what_the_page_says(tmp_path):
    blocks = dict(re.findall(r'```python title="([^"]+)"\n(.*?)```', PAGE.read_text("utf-8"), re.DOTALL))
    assert len(blocks) == 4
    for name in ("src", "scripts", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    recipe = tmp_path / "src/luth/data/recipe.py"
    source = recipe.read_text("utf-8")
    for title, text in blocks.items():
        path, _, where = title.partition(", ")
        if not where:
            (tmp_path / path).write_text(text, "utf-8")
        elif where == "above class Steps":
            source = source.replace("@dataclass\nclass Steps:", f"{text}\n\n@dataclass\nclass Steps:")
        else:
            source = source.replace(
                "    quality: Quality | None = None\n", f"    quality: Quality | None = None\n{text}"
            )
    recipe.write_text(source, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/data/test_length.py"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout

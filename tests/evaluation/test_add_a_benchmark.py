"""docs/how-to/add-a-benchmark.md, followed: its rows, its file and its recipe, in a folder of one's own."""

import json
import re
from pathlib import Path

import yaml

PAGE = Path(__file__).parents[2] / "docs/how-to/add-a-benchmark.md"


def test_the_page_works_as_written(make_model, run, tmp_path, monkeypatch):
    text = PAGE.read_text("utf-8")
    rows, file, recipe = (re.search(rf"```{kind}\n(.*?)```", text, re.S)[1] for kind in ("json", "python", "yaml"))
    (tmp_path / "capitals").mkdir()
    (tmp_path / "capitals/test.jsonl").write_text(rows, "utf-8")
    (tmp_path / "my_tasks.py").write_text(file, "utf-8")
    (tmp_path / "geography.yaml").write_text(recipe, "utf-8")
    model = make_model(tmp_path / yaml.safe_load(recipe)["models"][0])
    assert model.is_dir()
    monkeypatch.chdir(tmp_path)
    assert run("validate", "geography.yaml")[0] == 0
    code, _, err = run("evaluate", "geography.yaml")
    assert code == 0, err
    scores = json.loads((tmp_path / "out/geography/scores.json").read_text("utf-8"))
    assert {row["task"]: row["estimate"]["items"] for row in scores if row["main"]} == {
        "capitals:letter": 3,
        "capitals:words": 3,
    }
    (details,) = (tmp_path / "out/geography/details").rglob("details_capitals:words*.parquet")
    assert details.stat().st_size > 0

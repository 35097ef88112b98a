"""scripts/evaluate.py --write_items: what decontamination reads holds every item, whatever the recipe's sample."""

import json
from pathlib import Path

from luth.data.filters.decontamination import read_items

DATA = Path(__file__).parents[2] / "recipes/demo/data"


def test_every_item_of_every_task_is_written(run, tmp_path):
    code, _, err = run("evaluate", "recipes/demo/eval.yaml", "--write_items", tmp_path, "--limit", "3")
    assert code == 0, err
    found = read_items(tmp_path)
    assert set(found) == {
        f"demo_{kind}_{tongue}" for kind in ("choice", "short", "conversations") for tongue in ("fr", "en")
    }
    for task, texts in found.items():
        _, kind, tongue = task.split("_")
        lines = (DATA / kind / f"{tongue}-test.jsonl").read_text("utf-8").rstrip("\n").split("\n")
        assert len(texts) == len(lines)
        row = json.loads(lines[0])
        question = row["question"] if "question" in row else row["messages"][0]["content"]
        assert any(question in text for text in texts)

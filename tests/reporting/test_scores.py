"""scores.md, scores.csv and scores.json of an evaluation, from the details it left."""

import csv
import json

import numpy as np
import pytest

from luth.reporting.scores import ScoredRow, write_scores, written_table


def read(folder):
    return {
        (score["model"], score["task"], score["metric"]): score
        for score in json.loads((folder / "scores.json").read_text())
    }


def test_means_over_runs_and_their_spread(evaluation, tmp_path):
    runs = {"m|run=1": [1, 0, 1, 1], "m|run=2": [1, 0, 0, 1], "m|run=3": [1, 1, 0, 1]}
    for name, items in runs.items():
        folder = evaluation(name, {"short": [{"acc": float(item), "truncated": 0.5} for item in items]})
    table = write_scores(folder, [ScoredRow("m", name, ["short"]) for name in runs])
    score = read(folder)["m", "short", "acc"]
    assert (
        score["estimate"]["value"] == pytest.approx(np.mean(list(runs.values()))) and score["estimate"]["items"] == 4
    )
    assert score["runs"] == 3 and score["run_spread"] == pytest.approx(np.std([0.75, 0.5, 0.75], ddof=1))
    cells = table.split("\n")[2].split(" | ")
    assert cells[:4] == ["| m", "short", "acc", "66.7"] and cells[5:7] == ["4", "3, ± 14.4"] and cells[7] == "50.0%"
    assert table in (folder / "scores.md").read_text("utf-8")


def test_parts_of_items_and_metrics_beside_the_main_one(evaluation):
    items = [{"prompt": 1.0, "parts": [1, 1]}, {"prompt": 0.0, "parts": [1, 0, 0]}, {"prompt": 0.0, "parts": [0]}]
    folder = evaluation("m", {"rules": items})
    table = write_scores(folder, [ScoredRow("m", "m", ["rules"])])
    assert len(table.split("\n")) == 3 and "| prompt | 33.3 |" in table
    assert read(folder)["m", "rules", "parts"]["estimate"]["value"] == 0.5
    rows = list(csv.DictReader((folder / "scores.csv").open()))
    assert [row["metric"] for row in rows] == ["prompt", "parts"] and rows[1]["score"] == "0.5"


def test_all_right_is_wilson_s_interval_and_one_log_likelihood_has_none(evaluation):
    folder = evaluation("m", {"choice": [1] * 20, "said": [-1.25]})
    table = write_scores(folder, [ScoredRow("m", "m", ["choice", "said"])])
    assert "| choice | acc | 100.0 | [83.9, 100.0] | 20 | 1 |" in table
    assert "| said | log_likelihood | -1.250 | none | 1 | 1 |" in table


def test_what_other_models_scored_stays(evaluation):
    folder = evaluation("one", {"choice": [1, 0, 1]})
    write_scores(folder, [ScoredRow("one", "one", ["choice"])])
    evaluation("two", {"choice": [0, 0, 1]})
    table = write_scores(folder, [ScoredRow("two", "two", ["choice"])])
    assert "| one |" not in table and list(read(folder)) == [("one", "choice", "acc"), ("two", "choice", "acc")]
    both = (folder / "scores.md").read_text("utf-8")
    assert (
        both.startswith("| model | task | metric | score | 95% interval |") and "| one |" in both and "| two |" in both
    )


def test_scores_json_says_what_a_card_needs(evaluation):
    settings = {"thinking": False, "system_prompt": "Oui.", "revision": "abc", "max_samples": {"short": 2}}
    folder = evaluation("m", {"short": [1, 0], "choice": [1, 0, 1]}, **settings)
    write_scores(folder, [ScoredRow("m", "m", ["short", "choice"])])
    short, choice = (read(folder)["m", task, "acc"]["provenance"] for task in ("short", "choice"))
    assert (short["date"], short["task_version"], short["model"]) == ("2026-11-26T10:00:00", 3, "m")
    assert (short["dataset"], short["dataset_revision"], short["split"]) == ("org/short", None, "test")
    assert short["revision"] == "abc" and short["settings"]["system_prompt"] == "Oui."
    # The limit that applied, of answers alone; the samples of each task.
    assert (short["settings"]["max_new_tokens"], choice["settings"]["max_new_tokens"]) == (1024, None)
    assert (short["settings"]["max_samples"], choice["settings"]["max_samples"]) == (2, None)


def test_a_file_of_an_earlier_version_is_read(evaluation):
    folder = evaluation("one", {"choice": [1, 0, 1]})
    rows = [ScoredRow("one", "one", ["choice"])]
    table = write_scores(folder, rows)
    entries = json.loads((folder / "scores.json").read_text())
    (folder / "scores.json").write_text(
        json.dumps([{k: v for k, v in e.items() if k != "provenance"} for e in entries])
    )
    assert written_table(folder, rows) == table
    evaluation("two", {"choice": [0, 0, 1]})
    write_scores(folder, [ScoredRow("two", "two", ["choice"])])
    assert "| one |" in (folder / "scores.md").read_text("utf-8")

"""scripts/report.py: the page and its files, with and without what is optional."""

import json
import shutil

import matplotlib.image
import pytest

from luth.core.files import folder_fingerprint
from tests.reporting.conftest import BASE, MACHINE, TUNED

STEP = {"step": "sft", "hardware": MACHINE, "git_commit": "def456", "packages": {"torch": "2.13.0"}, "seconds": 600}


@pytest.fixture
def local(make_model, evaluation, report_recipe, tmp_path, monkeypatch):
    """Make base and tuned model folders and evaluate them; return how to write a recipe for their report."""
    monkeypatch.chdir(tmp_path)
    for seed, (name, scores) in enumerate((("base", BASE), ("sweep/winner", TUNED), ("sft", TUNED))):
        folder = make_model(tmp_path / name, seed=seed)
        evaluation(name, scores)
        record = tmp_path / "eval/results" / name / "run.json"
        content = json.loads(record.read_text())
        content["inputs"]["model"] = folder_fingerprint(folder)
        record.write_text(json.dumps(content))

    def write(**changes):
        return report_recipe(base="base", **{"models": ["sft"], **changes})

    return write


def files(folder):
    return {path.name for path in folder.iterdir()}


def page(folder):
    return (folder / "report/report.md").read_text("utf-8")


def test_one_tuned_model_without_all_that_is_optional(report_recipe, run, tmp_path):
    code, _, err = run("report", report_recipe())
    assert code == 0 and "questions" not in err, err
    assert files(tmp_path / "report") == {"report.md", "results.json", "run.json", "differences.png"}
    text = page(tmp_path)
    gain, keep = text.index("To gain:"), text.index("To keep:")
    assert text.startswith("# What was gained, what was kept\n") and gain < keep
    assert "- French: " in text[gain:keep] and "- Answers: " in text[gain:keep] and "- English: " in text[keep:]
    assert text.count("nats per character above org/base") == 1
    assert [line for line in text.split("\n") if line.startswith("## ")] == [
        "## Scores",
        "## Differences to the base",
        "## How it was made",
    ]
    # The evaluations are the only steps that left a record.
    assert "| evaluating org/tuned | 1.5 |" in text and "abc123" in text
    found = json.loads((tmp_path / "report/results.json").read_text())
    score = found["by_task"]["org/tuned"]["short_fr"]
    assert found["answers"] == {} and set(found["by_task"]["org/base"]) == set(BASE)
    assert score["estimate"] == found["scores"]["short_fr"]["org/tuned"] and score["provenance"]["task_version"] == 3


def test_loss_curves_and_a_sweep_are_shown_where_they_are(local, run, tmp_path):
    assert run("report", local(models=["sft", "sweep/winner"]))[0] == 0
    assert "loss" not in page(tmp_path) and not list((tmp_path / "report").glob("loss*"))
    for folder in ("sft", "base"):
        shutil.copy(tmp_path / "report/differences.png", tmp_path / folder / "loss.png")
        record = tmp_path / "eval/results" / folder / "run.json"
        content = json.loads(record.read_text())
        content["inputs"]["model"] = folder_fingerprint(tmp_path / folder)
        record.write_text(json.dumps(content))
        (tmp_path / folder / "run.json").write_text(json.dumps(STEP))
    (tmp_path / "sweep/sweep.json").write_text(json.dumps({"winner": "slerp-0.3"}))
    shutil.copy(tmp_path / "report/differences.png", tmp_path / "sweep/frontier.png")
    code, _, err = run("report", local(models=["sft", "sweep/winner"], sweep="sweep", title="Ours", output_dir="two"))
    assert code == 0, err
    assert {"loss.png", "loss-2.png", "frontier.png"} <= files(tmp_path / "two")
    assert "curve.png" not in files(tmp_path / "two")
    text = (tmp_path / "two/report.md").read_text("utf-8")
    assert text.startswith("# Ours\n") and "sweep/winner is slerp-0.3" in text
    assert all(f"]({name})" in text for name in ("loss.png", "loss-2.png", "frontier.png", "differences.png"))
    assert "| sft | 10.0 |" in text


def test_an_unfinished_sweep_is_one_line(local, run):
    code, _, err = run("report", local(models=["sweep/winner"], sweep="sweep"))
    assert code == 2 and "[step-order]" in err and "scripts/sweep.py" in err


def test_answers_are_shown_as_they_are(local, run, tmp_path):
    path = local(names={"sft": "ours"}, prompts=["Bonjour ?", "Combien ?"], max_new_tokens=3)
    code, _, err = run("report", path)
    assert code == 0, err
    answers = json.loads((tmp_path / "report/results.json").read_text())["answers"]
    assert list(answers) == ["base", "ours"] and all(len(texts) == 2 for texts in answers.values())
    text = page(tmp_path)
    assert text.count("**Bonjour ?**") == 1 and text.count("\n~~~~\n") == 8
    assert answers["ours"][1].replace("~~~~", "~ ~ ~ ~") in text


def test_pictures_are_pictures(report_recipe, run, tmp_path):
    assert run("report", report_recipe())[0] == 0
    height, width, _ = matplotlib.image.imread(tmp_path / "report/differences.png").shape
    assert width == 960 and height > 300

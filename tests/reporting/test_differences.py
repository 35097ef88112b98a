"""The numbers of results.json against arithmetic of its own."""

import json

import numpy as np
import pytest

from tests.reporting.conftest import BASE, TUNED


def results(folder):
    return json.loads((folder / "results.json").read_text("utf-8"))


def bootstrap(samples, weights):
    """Percentiles of 20,000 weighted sums of resampled means."""
    rng = np.random.default_rng(11)
    means = [rng.choice(sample, (20_000, len(sample))).mean(axis=1) for sample in map(np.array, samples)]
    return np.percentile(np.tensordot(weights, means, 1), [2.5, 97.5])


def test_a_group_is_the_mean_over_its_tasks(report_recipe, run, tmp_path):
    assert run("report", report_recipe())[0] == 0
    found = results(tmp_path / "report")
    assert found["models"] == ["org/base", "org/tuned"]
    for model, answered in (("org/base", BASE), ("org/tuned", TUNED)):
        french = found["scores"]["French"][model]
        tasks = [answered["choice_fr"], answered["short_fr"]]
        assert french["value"] == pytest.approx((np.mean(tasks[0]) + np.mean(tasks[1])) / 2) and french["items"] == 10
        assert [french["low"], french["high"]] == pytest.approx(bootstrap(tasks, [0.5, 0.5]), abs=0.03)
        assert found["scores"]["Answers"][model]["value"] == pytest.approx(np.mean(answered["said_fr"]))
    gaps = [np.subtract(TUNED[task], BASE[task]) for task in ("choice_fr", "short_fr")]
    french = found["differences_to_base"]["French"]["org/tuned"]
    assert french["value"] == pytest.approx((gaps[0].mean() + gaps[1].mean()) / 2) and 0 < french["p"] <= 1
    assert [french["low"], french["high"]] == pytest.approx(bootstrap(gaps, [0.5, 0.5]), abs=0.03)
    # Each group and each task once; choice_en and said_fr are the groups English and Answers.
    assert list(found["scores"]) == ["French", "English", "Answers", "choice_fr", "short_fr"]
    page = (tmp_path / "report/report.md").read_text("utf-8")
    titles = [line for line in page.split("\n") if line.startswith("| model |")]
    assert all(title.count("French (n") + title.count("choice_fr (n") == 1 for title in titles) and len(titles) == 4
    assert all(len(set(title.split(" | "))) == len(title.split(" | ")) for title in titles)


def test_groups_in_which_all_items_agree(report_recipe, evaluation, run, tmp_path):
    right = {task: [1] * 20 for task in ("choice_fr", "short_fr", "choice_en")} | {"said_fr": [-1, -2]}
    for model in ("org/base", "org/tuned"):
        evaluation(model, right)
    assert run("report", report_recipe())[0] == 0
    found = results(tmp_path / "report")
    english, french = (found["scores"][group]["org/tuned"] for group in ("English", "French"))
    # Wilson's: 1 / (1 + 1.96² / 20); for a mean of two such tasks half the margin times the square root of two.
    assert english["low"] == pytest.approx(0.83887, abs=1e-5) and english["high"] == 1
    assert french["low"] == pytest.approx(1 - 0.16113 * 0.5**0.5, abs=1e-5) and french["high"] == 1
    same = found["differences_to_base"]["English"]["org/tuned"]
    assert (same["value"], same["p"]) == (0, 1) and same["high"] == pytest.approx(0.16113, abs=1e-5) == -same["low"]


def test_the_report_and_the_evaluation_say_the_same_of_a_task(report_recipe, evaluation, run, tmp_path):
    from luth.reporting.scores import ScoredRow, write_scores

    assert run("report", report_recipe())[0] == 0
    found = results(tmp_path / "report")
    write_scores(tmp_path / "eval", [ScoredRow("org/tuned", "org/tuned", list(TUNED))])
    scores = json.loads((tmp_path / "eval/scores.json").read_text())
    names = {"choice_en": "English", "said_fr": "Answers"}
    for score in scores:
        assert found["scores"][names.get(score["task"], score["task"])]["org/tuned"] == score["estimate"]
    assert len(scores) == 4


def test_three_models_with_names(report_recipe, evaluation, run, tmp_path):
    evaluation("org/other", {task: [score + (score < 0) * 0.1 for score in items] for task, items in BASE.items()})
    names = {"org/base": "base", "org/other": "other"}
    code, out, err = run("report", report_recipe(models=["org/tuned", "org/other"], names=names))
    assert code == 0, err
    found = results(tmp_path / "report")
    assert found["models"] == ["base", "org/tuned", "other"]
    assert found["differences_to_base"]["Answers"]["other"]["value"] == pytest.approx(0.1)
    assert [line.split(" | ")[0] for line in out.split("\n") if line.startswith("| ")] == [
        *("| model", "| ---", "| base", "| org/tuned", "| other"),
        *("| model", "| ---", "| org/tuned", "| other"),
    ]


@pytest.mark.parametrize(
    ("scores", "settings", "code", "facts"),
    [
        ({"choice_fr": [1, 0]}, {}, "not-evaluated", ("org/tuned", "short_fr")),
        ({**TUNED, "choice_en": [1]}, {}, "not-evaluated", ("choice_en", "max_samples")),
        (TUNED, {"max_samples": 5}, "not-alike", ("org/base", "org/tuned")),
    ],
)
def test_what_cannot_be_compared(report_recipe, evaluation, run, scores, settings, code, facts):
    path = report_recipe()
    for file in (path.parent / "eval/details/org/tuned").rglob("*.parquet"):
        file.unlink()
    evaluation("org/tuned", scores, **settings)
    exit_code, _, err = run("report", path)
    assert exit_code == 2 and f"[{code}]" in err and all(fact in err for fact in facts), err


def test_units_are_not_mixed_and_models_must_be_evaluated(report_recipe, run):
    groups = {"French": ["choice_fr", "said_fr"]}
    code, _, err = run("report", report_recipe(groups=groups, gained=["French"], kept=[]))
    assert code == 2 and "[bad-recipe-value]" in err and "'French'" in err and "said_fr" in err
    code, _, err = run("report", report_recipe(models=["org/nobody"]))
    assert code == 2 and "[not-evaluated]" in err and "org/nobody" in err


def test_weights_that_changed_since_are_refused(report_recipe, evaluation, run, tmp_path, monkeypatch):
    path = report_recipe()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org/tuned").mkdir(parents=True)
    (tmp_path / "org/tuned/model.safetensors").write_bytes(b"others")
    code, _, err = run("report", path)
    assert code == 2 and "[not-alike]" in err and "org/tuned" in err

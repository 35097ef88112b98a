"""Published scores beside measured ones: scripts/report.py with a file of published scores."""

import json
import math

import matplotlib.image
import pytest
import yaml

SETTINGS = {"system_prompt": "Hi.", "thinking": False, "dtype": "bfloat16", "max_new_tokens": 8192, "num_runs": 3}
TASKS = {
    "choice_fr": {"items": 200},
    "short_fr": {"items": 100, "system_prompt": "Salut."},
    "other_fr": {"items": None, "note": "of unknown size"},
}


def scored(right, items):
    return [1] * right + [0] * (items - right)


@pytest.fixture
def beside(evaluation, run, tmp_path):
    """Write a file of published scores and a recipe, run the report; return exit code, stdout, stderr and folder."""

    def call(scores, tasks=TASKS, more=(), **recipe):
        published = {"source": "a card", "url": "https://x.org", "date": "2025-10", "settings": SETTINGS}
        content = {"step": "published", **published, "tasks": tasks, "scores": scores, **dict(more)}
        (tmp_path / "card.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        folder = recipe.setdefault("output_dir", str(tmp_path / "report"))
        keys = {"step": "report", "evaluation": str(tmp_path / "eval"), "published": str(tmp_path / "card.yaml")}
        (tmp_path / "report.yaml").write_text(yaml.safe_dump({**keys, **recipe}), "utf-8")
        code, out, err = run("report", tmp_path / "report.yaml")
        return code, out, err, type(tmp_path)(folder)

    return call


def numbers(folder):
    pairs = json.loads((folder / "results.json").read_text("utf-8"))["published"]["pairs"]
    return {(pair["model"], pair["task"]): pair for pair in pairs}


def last_line(folder):
    return (folder / "report.md").read_text("utf-8").rstrip("\n").split("\n")[-1]


def test_what_is_alike_is_reproduced_and_what_is_not_is_named(evaluation, beside):
    for name, right in (("org/one", 58), ("org/two", 80)):
        evaluation(name, {"choice_fr": scored(right, 200), "short_fr": scored(50, 100)}, thinking=False)
    scores = {"choice_fr": 30.0, "short_fr": 50.0}
    code, out, err, folder = beside({"org/one": scores, "org/two": scores, "org/three": scores})
    assert code == 0 and err == "", err
    found = numbers(folder)
    same, apart = found["org/one", "choice_fr"], found["org/two", "choice_fr"]
    assert same["compatible"] is True and apart["compatible"] is False
    # Written out: Wilson's interval of 30% of 200 items, and the margins of both joined.
    z2 = 1.959963984540054**2
    middle, half = 0.3 + z2 / 400, math.sqrt(z2 * (0.21 / 200 + z2 / 160_000))
    published, measured, gap = apart["published"], apart["measured"]["estimate"], apart["difference"]
    assert published["low"] == pytest.approx((middle - half) / (1 + z2 / 200), abs=1e-9)
    assert published["high"] == pytest.approx((middle + half) / (1 + z2 / 200), abs=1e-9)
    assert gap["value"] == pytest.approx(0.1) and measured["value"] == 0.4
    below = math.hypot(measured["value"] - measured["low"], published["high"] - 0.3)
    assert gap["low"] == pytest.approx(0.1 - below) and 0 < gap["low"] < 0.1 < gap["high"]
    assert "| org/two | choice_fr | 200 | 30.0 " in out and "| +20 | **no** |" in out and "| -2 | yes |" in out
    verdict = last_line(folder)
    assert verdict == out.rstrip("\n").split("\n")[-1]
    one, two = verdict.split("; ")
    assert "org/one is REPRODUCED (2 of 2" in one and "org/two is NOT reproduced" in two
    assert "choice_fr +10.0" in two and "short_fr" not in two
    page = (folder / "report.md").read_text("utf-8")
    assert "not evaluated here: org/three" in page and "![" in page
    height, width, _ = matplotlib.image.imread(folder / "published.png").shape
    assert width == 960 and height > 300


def test_settings_that_differ_are_listed_and_those_that_do_not_are_not(evaluation, beside):
    settings = {"system_prompt": "Hi.", "dtype": "float32", "thinking": False}
    evaluation("org/one", {"choice_fr": scored(60, 200), "short_fr": scored(50, 99)}, **settings)
    code, _, err, folder = beside({"org/one": {"choice_fr": 30, "short_fr": 50}})
    assert code == 0, err
    table = (folder / "report.md").read_text("utf-8").split("### What was done otherwise")[1].split("\n\n")[1]
    rows = {cells[0]: cells[1:] for line in table.split("\n")[2:] if (cells := line.strip("| ").split(" | "))}
    assert rows["dtype"] == ["bfloat16", "float32", "everywhere"]
    assert rows["num_runs"] == ["3", "1", "everywhere"]
    # A prompt of the task's own, a limit that has no part in tasks whose choices are compared.
    assert rows["system_prompt"] == ["Salut.", "Hi.", "short_fr"]
    assert rows["max_new_tokens"] == ["8,192", "1,024", "short_fr"]
    assert rows["items"] == ["100", "99", "short_fr"]
    assert "version 3" in rows["task"][1] and "thinking" not in rows and "temperature" not in rows


def test_a_task_that_was_not_measured_is_one_line_and_the_rest_is_written(evaluation, beside):
    evaluation("org/one", {"choice_fr": scored(60, 200)})
    scores = {"org/one": {"choice_fr": 30, "short_fr": 50, "other_fr": 20}}
    code, out, err, folder = beside(scores)
    assert code == 2 and err.count("\n") == 1 and "[not-evaluated]" in err and "org/one" in err and "short_fr" in err
    # Of a task without a number of items nothing is asked, and nothing concluded.
    assert "other_fr" not in err
    found = numbers(folder)
    assert found["org/one", "choice_fr"]["compatible"] is True
    assert found["org/one", "short_fr"]["measured"] is None and "not measured" in out
    assert "org/one is UNDECIDED" in last_line(folder) and "short_fr" in last_line(folder)
    assert "of unknown size" in (folder / "report.md").read_text("utf-8")
    # The tasks that are meant can be named.
    code, _, err, folder = beside(scores, groups={"French": ["choice_fr"]})
    assert code == 0 and "is REPRODUCED (1 of 1" in last_line(folder), err


def test_a_sample_decides_nothing_but_may_refute(evaluation, beside):
    # Fewer items than were published, by max_samples or in another split of the dataset.
    evaluation("org/one", {"choice_fr": scored(6, 20)})
    code, _, _, folder = beside({"org/one": {"choice_fr": 30}})
    assert code == 0 and "org/one is UNDECIDED" in last_line(folder) and "sample" in last_line(folder)
    code, _, _, folder = beside({"org/one": {"choice_fr": 90}})
    assert code == 0 and "org/one is NOT reproduced" in last_line(folder)


def test_what_is_not_comparable_is_shown_and_not_judged(evaluation, beside):
    evaluation("org/one", {"choice_fr": scored(60, 200), "short_fr": scored(90, 100)})
    tasks = {**TASKS, "short_fr": {"items": 100, "comparable": False, "note": "another form"}}
    code, out, _, folder = beside({"org/one": {"choice_fr": 30, "short_fr": 10}}, tasks=tasks)
    assert code == 0 and "is REPRODUCED (1 of 1" in last_line(folder) and "not tested" in out
    assert "another form" in (folder / "report.md").read_text("utf-8")


def test_what_a_server_answered_is_compared_too(evaluation, beside):
    folder = evaluation("org/one", {"short_fr": scored(50, 100)}, endpoint={"base_url": "http://10.0.0.7:8000/v1"})
    path = folder / "results/org/one/run.json"
    record = json.loads(path.read_text())
    del record["hardware"], record["recipe"]["dtype"]
    path.write_text(json.dumps(record))
    code, out, err, folder = beside({"org/one": {"short_fr": 50}})
    page = (folder / "report.md").read_text("utf-8") + (folder / "results.json").read_text("utf-8") + out
    assert code == 0 and "server" in page and "10.0.0.7" not in page.replace(str(folder), ""), err


def test_corrections_are_told(evaluation, beside):
    evaluation("org/one", {"choice_fr": scored(60, 200)})
    corrected = [{"model": "org/one", "task": "choice_fr", "printed": 39, "reason": "no multiple of 1/200"}]
    code, _, _, folder = beside({"org/one": {"choice_fr": 30}}, more={"corrected": corrected})
    page = (folder / "report.md").read_text("utf-8")
    assert code == 0 and all(fact in page for fact in ("printed 39", "no multiple of 1/200"))


def test_the_mode_and_the_runs_that_were_published_are_taken(evaluation, beside):
    for run, right in ((1, 50), (2, 60), (3, 70)):
        evaluation("org/one", {"short_fr": scored(right, 100)}, name=f"org/one@run-{run}", thinking=None)
    evaluation("org/one", {"short_fr": scored(99, 100)}, name="org/one@thinking", thinking=True)
    code, _, err, folder = beside({"org/one": {"short_fr": 60}})
    assert code == 0, err
    measured = numbers(folder)["org/one", "short_fr"]["measured"]
    assert measured["runs"] == 3 and measured["estimate"]["value"] == pytest.approx(0.6)
    # The interval is over items, three answers each, and not over three times as many items.
    assert measured["estimate"]["items"] == 100


def test_one_s_own_model_stands_beside_the_published_one(evaluation, beside):
    evaluation("out/ours", {"choice_fr": scored(60, 200)})
    code, _, err, _ = beside({"org/one": {"choice_fr": 30}})
    assert code == 2 and "[not-evaluated]" in err and "out/ours" in err and "org/one" in err
    code, _, err, folder = beside({"org/one": {"choice_fr": 30}}, names={"./out/ours": "org/one"})
    assert code == 0 and "org/one is REPRODUCED" in last_line(folder), err
    code, _, err, folder = beside({"./out/ours": {"choice_fr": 30}})
    assert code == 0 and "out/ours is REPRODUCED" in last_line(folder), err


def test_a_report_without_a_recipe(evaluation, beside, run, tmp_path):
    folder = evaluation("org/one", {"choice_fr": scored(60, 200)})
    beside({"org/one": {"choice_fr": 30}})
    code, _, err = run("report", "--evaluation", folder, "--published", tmp_path / "card.yaml")
    assert code == 0 and "is REPRODUCED" in last_line(folder / "published"), err
    for words in ([], ["--evaluation", folder], ["--published", tmp_path / "card.yaml"]):
        code, _, err = run("report", *words)
        assert code == 2 and "[bad-argument]" in err and "--published" in err


def test_both_comparisons_in_one_report(report_recipe, beside, run, tmp_path):
    beside({"org/tuned": {"choice_fr": 60}}, tasks={"choice_fr": {"items": 6}})
    code, _, err = run("report", report_recipe(published=str(tmp_path / "card.yaml")))
    assert code == 0, err
    page = (tmp_path / "report/report.md").read_text("utf-8")
    assert page.index("## Differences to the base") < page.index("## Published beside measured")
    assert "is UNDECIDED" not in page and "org/tuned is REPRODUCED" in last_line(tmp_path / "report")
    found = json.loads((tmp_path / "report/results.json").read_text("utf-8"))
    assert {"scores", "differences_to_base", "by_task", "published", "answers"} <= set(found)


@pytest.mark.parametrize(
    ("scores", "recipe", "code", "facts"),
    [
        ({"org/nobody": {"choice_fr": 30}}, {}, "not-evaluated", ("org/nobody", "org/one", "names")),
        ({"org/one": {"choice_fr": 30}}, {"models": ["org/oen"]}, "not-evaluated", ("did you mean 'org/one'",)),
        ({"org/three": {"choice_fr": 3}}, {"models": ["org/one"]}, "not-evaluated", ("org/one", "card.yaml")),
        ({"org/one": {"choice_fr": 30}}, {"names": {"org/on": "x"}}, "not-evaluated", ("org/on",)),
        ({"org/one": {"choice_fr": 30}}, {"groups": {"A": ["b"]}}, "not-evaluated", ("choice_fr",)),
        ({"org/one": {"choice_fr": 30}}, {"evaluation": "nowhere"}, "not-evaluated", ("nowhere",)),
        ({"org/one": {"choice_fr": 30}}, {"published": "no.yaml"}, "recipe-not-found", ("no.yaml",)),
        ({"org/one": {"choice_fr": 30}}, {"published": "recipes/merge.yaml"}, "wrong-step", ("recipes/merge.yaml",)),
        ({"org/one": {"choice_fr": 30}}, {"gained": ["A"]}, "bad-recipe-value", ("gained",)),
        ({"org/one": {"said_fr": 30}}, {}, "not-alike", ("said_fr",)),
        ({"org/one": {"metric_fr": 30}}, {}, "not-evaluated", ("metric_fr", "em", "acc")),
        ({"org/one": {"choice_fr": 300}}, {}, "bad-recipe-value", ("scores: org/one: choice_fr: 300: ",)),
        ({"org/one": {"choice_fr": "x"}}, {}, "bad-recipe-value", ("scores: org/one: choice_fr: 'x': ",)),
        ({"org/one": {"choice_rf": 30}}, {}, "bad-recipe-value", ("did you mean 'choice_fr'",)),
    ],
)
def test_what_cannot_be_put_beside_is_one_line(evaluation, beside, scores, recipe, code, facts):
    evaluation("org/one", {"choice_fr": scored(60, 200), "said_fr": [-1, -2], "metric_fr": [1, 0]})
    tasks = {**TASKS, "said_fr": {"items": 2}, "metric_fr": {"items": 2, "metric": "em"}}
    exit_code, _, err, _ = beside(scores, tasks=tasks, **recipe)
    assert exit_code == 2 and f"[{code}]" in err and err.count("\n") == 1, err
    assert all(fact in err for fact in facts), err


def test_a_model_that_was_evaluated_in_two_ways_has_to_be_chosen(evaluation, beside):
    for name in ("org/one@no-thinking", "org/one"):
        evaluation("org/one", {"choice_fr": scored(60, 200)}, name=name)
    code, _, err, _ = beside({"org/one": {"choice_fr": 30}})
    assert code == 2 and "[not-alike]" in err and "org/one@no-thinking" in err
    names = {"org/one@no-thinking": "org/one"}
    code, _, err, folder = beside({"org/one": {"choice_fr": 30}}, models=list(names), names=names)
    assert code == 0 and "org/one is REPRODUCED" in last_line(folder), err

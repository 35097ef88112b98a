"""The report's figures show what its tables say; a new one is added as docs/how-to/add-a-figure.md says."""

import re
from pathlib import Path

import pytest

from luth.core.recipes import build
from luth.reporting import report_figures as figures
from luth.reporting.differences import compare
from luth.reporting.recipe import ReportRecipe
from luth.steps import read

PAGE = Path(__file__).parents[2] / "docs/how-to/add-a-figure.md"


def test_a_difference_is_drawn_for_every_group_and_model_by_unit(report_recipe, evaluation):
    from tests.reporting.conftest import BASE

    evaluation("org/other", BASE)
    path = report_recipe(models=["org/tuned", "org/other"], names={"org/base": "base"})
    recipe = build(path, read(path, "report"), ReportRecipe)
    comparison = compare(recipe)
    shares, nats = figures.draw_differences(comparison, recipe).axes
    assert [label.get_text() for label in shares.get_yticklabels()] == ["French\nto gain", "English\nto keep"]
    assert [label.get_text() for label in nats.get_yticklabels()] == ["Answers\nto gain"]
    assert "base (points)" in shares.get_xlabel() and "base (nats" in nats.get_xlabel()
    for axis, groups, factor in ((shares, ["French", "English"], 100), (nats, ["Answers"], 1)):
        for model, drawn in zip(recipe.models, axis.containers, strict=True):
            points, (low, high), _ = drawn
            estimates = [comparison.differences[group][model] for group in groups]
            assert list(points.get_xdata()) == pytest.approx([factor * each.value for each in estimates])
            assert list(low.get_xdata()) == pytest.approx([factor * each.low for each in estimates])
            assert list(high.get_xdata()) == pytest.approx([factor * each.high for each in estimates])


def test_a_figure_is_added_as_the_page_says(report_recipe, run, tmp_path, monkeypatch):
    function, line, test = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.S)
    names = vars(figures).copy()
    exec(function, names)
    for name, (caption, draw) in eval(f"{{{line}}}", names).items():
        monkeypatch.setitem(figures.FIGURES, name, (caption, draw))
    assert run("report", report_recipe())[0] == 0
    assert "![Scores, with 95% intervals](scores.png)" in (tmp_path / "report/report.md").read_text("utf-8")
    assert (tmp_path / "report/scores.png").stat().st_size > 5000
    # The page's test stands in this file, whose names are all that it may use.
    monkeypatch.setattr(figures, "draw_scores", names["draw_scores"], raising=False)
    here = dict(globals())
    exec(test, here)
    here["test_scores_are_drawn_for_every_group_and_model"](report_recipe)

"""What is said of the winner, and the files for people, from made-up scores."""

import csv
from dataclasses import replace

import pytest

from luth.sweep import report
from luth.sweep.selection import Tried
from tests.sweep.made_up import CRITERION, GOAL, GROUPS, shares


@pytest.mark.parametrize(
    ("base", "tuned", "winner", "facts"),
    [
        (shares(5, 30), shares(10, 30), shares(30, 30), ["The winner beats both parents on items"]),
        (shares(5, 30), shares(29, 30), shares(30, 30), ["It is not shown that the winner beats both parents"]),
        (shares(5, 30), shares(35, 10), shares(30, 30), ["tuned", "-50.0 points ["]),
        (
            shares(5, 30),
            shares(10, 30),
            shares(30, 20),
            ["does not meet the criterion", "-25.0 points [-40.0, -12.5]"],
        ),
    ],
)
def test_the_verdict_says_what_is_shown_and_what_is_not(base, tuned, winner, facts):
    proof = report.evidence({"base": base, "tuned": tuned, "winner": winner}, GROUPS, GOAL)
    assert all(fact in proof.verdict for fact in facts)
    ahead = proof.differences["French"]["base"]
    assert ahead.value == pytest.approx(25 / 40) and ahead.low > 0 and proof.scores["French"]["winner"].value == 0.75


def grid():
    """Two parents, and three merges: one in the race to the end, one out, one that failed."""
    few, many = (report.group_means(shares(6, 7, 10), GROUPS), report.group_means(shares(20, 30), GROUPS))
    tried = [
        Tried("slerp-0.3", "slerp", 0.3, many, True, ""),
        Tried("slerp-0.5", "slerp", 0.5, few, False, "out: behind slerp-0.3"),
        Tried("slerp-0.7", "slerp", 0.7, None, False, "no | room"),
    ]
    return tried, {"base": report.group_means(shares(10, 30), GROUPS), "tuned": many}


def test_every_merge_is_in_the_table_and_in_the_csv(tmp_path):
    tried, parents = grid()
    figures = report.write_merges(tmp_path, tried, parents, "slerp-0.3", CRITERION)
    lines = (tmp_path / "cells.md").read_text("utf-8").splitlines()
    assert lines[:2] == ["| merge | French | English | items | race |", "| --- | ---: | ---: | ---: | --- |"]
    assert lines[2].startswith("| base | 25.0 [") and lines[2].endswith("| 120 | parent |")
    assert lines[4].startswith("| slerp-0.3 | 50.0 [") and lines[4].endswith("| to the end |")
    assert "| *60.0 [" in lines[5] and lines[5].endswith("| 30 | out: behind slerp-0.3 |")
    assert lines[6].replace("  ", " ") == "| slerp-0.7 | | | | failed: no \\| room |"
    with (tmp_path / "cells.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["race"] for row in rows] == [
        "parent",
        "parent",
        "to the end",
        "out: behind slerp-0.3",
        "failed: no | room",
    ]
    assert rows[2]["French"] == "0.5" and rows[2]["French items"] == "80" and not rows[4]["French"]
    assert figures == ["![French against English](frontier.png)", "![Score over the coefficient](curve.png)"]
    assert all((tmp_path / f"{name}.png").stat().st_size > 10_000 for name in ("frontier", "curve"))
    assert not list(tmp_path.glob(".*"))


def test_without_a_kept_group_there_is_no_frontier(tmp_path):
    tried, parents = grid()
    figures = report.write_merges(tmp_path, tried, parents, None, replace(CRITERION, keep=None))
    assert figures == ["![Score over the coefficient](curve.png)"] and not (tmp_path / "frontier.png").exists()


def test_why_there_is_no_winner():
    assert report.no_winner({}, shares(5, 30), GOAL) == "every merge failed"
    reason = report.no_winner({"a": shares(30, 20), "b": shares(5, 24)}, shares(5, 30), GOAL)
    assert "15.0 points below the base" in reason and "10.0 are allowed" in reason

"""Checks of a row's values, and the shuffle of its choices."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luth.evaluation.items.rows import checked_choices, checked_gold, checked_text, lettered, shuffled


def test_the_shuffle_spreads_the_gold_evenly():
    rows = 2_000
    places = Counter(shuffled(f"Question {n}", ["un", "deux", "trois", "quatre"]).index(0) for n in range(rows))
    assert all(abs(places[place] - rows / 4) < 90 for place in range(4))  # 4.6 standard deviations


def test_the_shuffle_depends_on_the_row_alone():
    expected = [2, 1, 0, 3], [1, 3, 0, 2]
    for seed in (1, 2):
        random.seed(seed)
        assert shuffled("Combien\u00a0?", ["un", "deux", "trois", "quatre"]) == expected[0]
        assert shuffled("Combien\u00a0?", ["un", "deux", "trois", "cinq"]) == expected[1]


@given(st.text(), st.lists(st.text(), max_size=8))
def test_the_shuffle_is_an_order_of_all_choices(question, choices):
    assert sorted(shuffled(question, choices)) == list(range(len(choices)))


@pytest.mark.parametrize("value", ["", " \u00a0\n", None, 3, ["texte"]])
def test_an_empty_text_is_refused_by_name(value):
    with pytest.raises(ValueError, match="question is empty or no text"):
        checked_text(value, "question")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["un", " "], "choice 2 is empty"),
        ([None, "deux"], "choice 1 is empty"),
        (["un"], "2 to 26"),
        ([], "2 to 26"),
        ("un deux", "2 to 26"),
        (["x"] * 27, "2 to 26"),
        (None, "2 to 26"),
    ],
)
def test_bad_choices_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        checked_choices(values)


def test_labels_are_compared_as_they_print():
    assert checked_gold("2", range(4)) == checked_gold(2, range(4)) == checked_gold("C", "ABCD") == 2
    for label in (4, -1, "", None, True, "2.0", "AB", "c"):
        with pytest.raises(ValueError, match="is none of"):
            checked_gold(label, range(4))
        with pytest.raises(ValueError, match="is none of A, B, C, D"):
            checked_gold(label, "ABCD")


def test_choices_are_lettered():
    assert lettered(["un", "deux"]) == "A. un\nB. deux" and lettered(["un", "deux"], ")") == "A) un\nB) deux"

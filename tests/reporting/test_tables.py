import pytest

from luth.reporting import tables
from luth.reporting.intervals import Estimate

GAIN, LOSS, UNSURE = (
    Estimate(0.1, 0.02, 0.2, 50, 0.01),
    Estimate(-0.1, -0.2, -0.02, 50, 0.0002),
    Estimate(0.1, -0.02, 0.2, 50, 0.1),
)


def test_marks_stand_only_where_the_interval_excludes_zero():
    assert tables.difference_cell(GAIN, share=True) == "+10.0 [+2.0, +20.0], p = 0.010 ▲"
    assert tables.difference_cell(LOSS, share=False) == "-0.100 [-0.200, -0.020], p < 0.001 ▼"
    assert tables.difference_cell(UNSURE, share=True) == "+10.0 [-2.0, +20.0], p = 0.100"
    assert tables.p_value(None) == "unknown"


@pytest.mark.parametrize(
    ("estimate", "share", "facts"),
    [
        (GAIN, True, ("10.0 points above", "[+2.0, +20.0]", "p = 0.010")),
        (LOSS, False, ("0.100 nats per character below", "[-0.200, -0.020]", "p < 0.001")),
        (UNSURE, True, ("no difference", "[-2.0, +20.0]", "p = 0.100")),
    ],
)
def test_a_sentence_has_what_the_table_has(estimate, share, facts):
    sentence = tables.sentence("sft", "base", "French items", estimate, share)
    assert sentence.startswith("French items: ") and "sft" in sentence and "base" in sentence
    assert all(fact in sentence for fact in (*facts, "50 items")), sentence


def test_columns_are_the_groups_that_are_named():
    scores = {
        "A": {"base": Estimate(0.5, 0.4, 0.6, 80), "sft": Estimate(0.6, 0.5, 0.7, 80)},
        "B": {"base": Estimate(-1.0, -1.2, -0.9, 20), "sft": Estimate(-0.9, -1.0, -0.8, 20)},
    }
    assert tables.score_table(scores, ["base", "sft"]).split("\n") == [
        "| model | A (n = 80) | B (n = 20) |",
        "| --- | ---: | ---: |",
        "| base | 50.0 [40.0, 60.0] | -1.000 [-1.200, -0.900] |",
        "| sft | 60.0 [50.0, 70.0] | -0.900 [-1.000, -0.800] |",
    ]
    differences = {"A": {"sft": GAIN}, "B": {"sft": LOSS}}
    assert tables.difference_table(differences, scores, ["sft"], ["B"]).split("\n")[::2] == [
        "| model | B (n = 50) |",
        "| sft | -0.100 [-0.200, -0.020], p < 0.001 ▼ |",
    ]

"""funnel.md: what is left after each step, in numbers that are counted once."""

from luth.reporting.funnel import after, sources, write_funnel

PARTS = ["good", "bad"]
STEPS = {
    "good.read": {"rows": [{"part": "good", "rows": 1200, "tokens": 5000}], "rejected": []},
    "bad.read": {
        "rows": [{"part": "bad", "rows": 10, "tokens": 90}],
        "rejected": [{"part": "bad", "rows": 2, "reason": "no text"}],
    },
    "quality": {
        "rows": [{"part": "good", "rows": 1100, "tokens": 4500}, {"part": "bad", "rows": 0, "tokens": 0}],
        "rejected": [{"part": "good", "rows": 100, "reason": "short"}, {"part": "bad", "rows": 10, "reason": "short"}],
    },
    "good.judge": {
        "rows": [{"part": "good", "rows": 1000, "tokens": 4400, "judge: requests": 1100, "judge: retries": 3}],
        "rejected": [{"part": "good", "rows": 100, "reason": "judged: dull", "judge: prompt_tokens": 7}],
    },
}
SECONDS = {"good.read": 2.0, "bad.read": 0.0, "quality": 11.0, "good.judge": 110.0}


def test_rows_by_part_after_every_step():
    # A part's own steps come first; the rest follow as they were done.
    assert after(STEPS, PARTS, "rows") == [
        ("read", {"good": 1200, "bad": 10}),
        ("judge", {"good": 1000, "bad": 10}),
        ("quality", {"good": 1100, "bad": 0}),
    ]
    assert sources(STEPS, PARTS) == {"good": 1200, "bad": 12}


def test_the_tables(tmp_path):
    write_funnel(tmp_path, STEPS, PARTS, SECONDS)
    page = (tmp_path / "funnel.md").read_text("utf-8")
    for line in (
        "| after | good | bad | all |\n| --- | ---: | ---: | ---: |\n| (the sources) | 1,200 | 12 | 1,212 |",
        "| quality | 1,100 | 0 | 1,100 |",
        "| read | 5,000 | 90 | 5,090 |",
        "| bad.read | 0.0 | unknown |",
        "| quality | 11.0 | 110.0 |",
        "| good.judge | 1,100 | 3 | 7 | 0 | 10.0 |",
        "**quality: short** (110 rows)",
    ):
        assert line in page, page
    assert (tmp_path / "funnel.png").read_bytes()[:4] == b"\x89PNG"
    assert not list(tmp_path.glob(".*"))

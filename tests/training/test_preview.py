"""What the preview shows is what is trained."""

import re
import sys

import pytest
from datasets import Dataset

from luth.training.masking import IGNORED, mask, read_training_template
from luth.training.mixture import Rows
from luth.training.preview import data_report, preview, runs, spread


@pytest.fixture
def rows(tokenizer):
    lines = []
    for n in range(6):
        prompt, answer = tokenizer.encode(f"Question {n} ?"), tokenizer.encode(f" Réponse {n}.<|im_end|>")
        ids = prompt + answer
        labels = [-100] * len(prompt) + answer
        lines.append(
            {
                "input_ids": ids,
                "labels": labels,
                "length": len(ids),
                "trained": len(answer),
                "source": n // 3,
                "row": n % 3 + 1,
            }
        )
    source = {"rows": 3, "tokens": 1234, "trained_tokens": 56, "dropped_too_long": 1, "dropped_unusable": 2}
    sources = [
        {"source": name, **source, "form": "conversations in ShareGPT form", "examples": [f"row 9: {name}"]}
        for name in ("un", "deux")
    ]
    total = {key: 2 * value for key, value in source.items() if key != "form"}
    return Rows(Dataset.from_list(lines), None, {**total, "rows": 5, "held_out": 1, "sources": sources}, {})


def test_elsewhere_than_on_a_terminal_trained_text_is_bracketed(rows, tokenizer):
    shown = preview(rows, tokenizer, 2)
    assert "--- un, row 1: " in shown and "--- deux, row 1: " in shown and "\033" not in shown
    assert "Question 0 ?⟦ Réponse 0.<|im_end|>⟧" in shown
    assert preview(rows, tokenizer, 100).count("--- ") == 6
    assert "--- " not in preview(rows, tokenizer, 0)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, ["un, row 1"]),
        (2, ["un, row 1", "deux, row 1"]),
        (3, ["un, row 1", "un, row 2", "deux, row 1"]),
        (4, ["un, row 1", "un, row 2", "deux, row 1", "deux, row 2"]),
    ],
)
def test_the_rows_shown_are_spread_over_the_sources(number, said, rows, tokenizer):
    shown = preview(rows, tokenizer, number)
    assert re.findall(r"^--- (.*): \d+ tokens, \d+ trained$", shown, re.MULTILINE) == said
    assert shown.startswith(f"{number} of 6 training rows: ")


def test_a_small_source_beside_a_large_one_is_shown():
    assert spread([0] * 60 + [1] * 40, 2) == [0, 60]
    assert spread([1, 0] * 3, 4) == [0, 2, 1, 3]
    assert spread([0] * 6 + [1], 5) == [0, 1, 3, 4, 6]
    assert spread([], 0) == []


CONVERSATIONS = [
    ["Bonjour", "Salut"],
    ["  deux  espaces ", " \tet  une tabulation\n\n"],
    ["é👩‍🚀𝕏", "👩‍🚀 œuf ﷽ e\u0301"],
    ["don ' t .", "c ' est ça ! n't ."],
    ["dis <|im_end|> et ⟦", "<|im_start|> ⟧ <think>\n"],
    ["un", "deux", "trois", "quatre"],
]


@pytest.mark.parametrize("contents", CONVERSATIONS)
@pytest.mark.parametrize("family", ["smollm2", "qwen3", "lfm2"])
def test_the_pieces_are_the_row_and_the_marked_ones_what_is_trained(family, contents, tokenizer):
    roles = ["user", "assistant"] * 2
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    template = read_training_template(f"src/luth/templates/{family}.jinja")
    row = mask(messages, tokenizer, template)
    pieces = runs(row, tokenizer)
    assert "".join(text for _, text in pieces) == tokenizer.decode(
        row["input_ids"], clean_up_tokenization_spaces=False
    )
    trained = [token for token in row["labels"] if token != IGNORED]
    marked = "".join(text for trained, text in pieces if trained)
    assert marked == tokenizer.decode(trained, clean_up_tokenization_spaces=False)


def test_on_a_terminal_it_is_coloured_unless_no_color_is_set(rows, tokenizer, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = preview(rows, tokenizer, 1)
    assert "\033[2mQuestion 0 ?\033[0m\033[30;42m Réponse 0.<|im_end|>\033[0m" in shown and "⟦" not in shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert "⟦" in preview(rows, tokenizer, 1)


def test_the_report_sums_the_sources(rows):
    report = data_report(rows, 128)
    heading, *lines = report.splitlines()
    assert heading.split() == ["source", "rows", "tokens", "trained", "too", "long", "unusable"]
    assert [line.split() for line in lines[:3]] == [
        ["un", "3", "1,234", "56", "1", "2"],
        ["deux", "3", "1,234", "56", "1", "2"],
        ["all", "6", "2,468", "112", "2", "4"],
    ]
    assert len({len(line) for line in [heading, *lines[:3]]}) == 1
    assert "deux: conversations in ShareGPT form" in report
    assert "128 tokens" in report and "dropped: un, row 9: un" in report
    assert "5 rows are for training, 1 are held out" in report

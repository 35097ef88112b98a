"""What the preview shows is what is trained."""

import sys

import pytest
from datasets import Dataset
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from luth.training.divergence import rows_of
from luth.training.mixture import Rows
from luth.training.preview import data_report, preview


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
    sources = [{"source": name, **source, "examples": [f"row 9: {name}"]} for name in ("un", "deux")]
    total = {key: 2 * value for key, value in source.items()}
    return Rows(Dataset.from_list(lines), None, {**total, "rows": 5, "held_out": 1, "sources": sources}, {})


def test_elsewhere_than_on_a_terminal_trained_text_is_bracketed(rows, tokenizer):
    shown = preview(rows, tokenizer, 2)
    assert "--- un, row 1: " in shown and "--- deux, row 1: " in shown and "\033" not in shown
    assert "Question 0 ?⟦ Réponse 0.<|im_end|>⟧" in shown
    assert preview(rows, tokenizer, 100).count("--- ") == 6


def test_on_a_terminal_it_is_coloured_unless_no_color_is_set(rows, tokenizer, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = preview(rows, tokenizer, 1)
    assert "\033[2mQuestion 0 ?\033[0m\033[30;42m Réponse 0.<|im_end|>\033[0m" in shown and "⟦" not in shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert "⟦" in preview(rows, tokenizer, 1)


def test_the_report_sums_the_sources(rows):
    report = data_report(rows, 128)
    assert report.splitlines()[3].split() == ["all", "6", "2,468", "112", "2", "4"]
    assert "128 tokens" in report and "dropped: un, row 9: un" in report
    assert "5 rows are for training, 1 are held out" in report


@pytest.mark.parametrize("padding_free", [False, True])
def test_the_rows_of_a_batch_are_found_again(padding_free, rows, tokenizer):
    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=padding_free)
    batch = collate([{key: rows.train[n][key] for key in ("input_ids", "labels")} for n in (1, 5)])
    assert rows_of(batch, rows) == ["un, row 2", "deux, row 3"]


def test_the_rows_of_a_pack_are_found_again(rows):
    parts = [rows.train[n] for n in (4, 0)]
    pack = {key: [token for part in parts for token in part[key]] for key in ("input_ids", "labels")}
    pack["seq_lengths"] = [part["length"] for part in parts]
    batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)([pack])
    assert rows_of(batch, rows) == ["un, row 1", "deux, row 2"]

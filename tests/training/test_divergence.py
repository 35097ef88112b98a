"""The rows of the batch that made the loss no number are found again, whatever shape the batch has."""

import pytest
from datasets import Dataset
from trl import pack_dataset
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from luth.training.divergence import EXAMPLES, rows_of
from luth.training.mixture import Rows

IDS = [[5, 6, 7], [2], [5, 6, 7, 8, 2, 2], [5, 6, 8], [9, 9], [5, 6]]


def rows_from(ids):
    lines = [{"input_ids": row, "labels": [-100, *row[1:]], "length": len(row)} for row in ids]
    places = [{"source": n % 2, "row": n // 2 + 1} for n in range(len(ids))]
    every = Dataset.from_list([line | place for line, place in zip(lines, places, strict=True)])
    return Rows(every, None, {"sources": [{"source": "un"}, {"source": "deux"}]}, {})


def batch(rows, numbers, **settings):
    # 2, the padding, also stands in rows, at their end and alone: as ChatML's end of turn does.
    collate = DataCollatorForLanguageModeling(pad_token_id=2, **settings)
    return collate([{key: rows.train[n][key] for key in ("input_ids", "labels")} for n in numbers])


@pytest.mark.parametrize("settings", [{}, {"pad_to_multiple_of": 8}, {"padding_free": True}])
@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([3], ["deux, row 2"]),
        ([1], ["deux, row 1"]),
        ([0, 2], ["un, row 1", "un, row 2"]),
        ([5, 0, 4], ["un, row 1", "un, row 3", "deux, row 3"]),
        ([2, 5, 3], ["un, row 2", "deux, row 2", "deux, row 3"]),
    ],
)
def test_padded_and_padding_free(numbers, said, settings):
    rows = rows_from(IDS)
    inputs = batch(rows, numbers, **settings)
    assert ("cu_seq_lens_q" in inputs) is ("padding_free" in settings)
    assert rows_of(inputs, rows) == said


def test_packs_of_trl():
    rows = rows_from(IDS)
    packs = pack_dataset(rows.train.select_columns(["input_ids", "labels"]), 6, "bfd")
    collate = DataCollatorForLanguageModeling(pad_token_id=2, padding_free=True)
    found = [rows_of(collate([pack]), rows) for pack in packs]
    assert len(packs) < len(IDS) and max(len(names) for names in found) > 1
    assert sorted(name for names in found for name in names) == sorted(rows.name(row) for row in rows.train)
    assert set(rows_of(collate([*packs]), rows)) == {rows.name(row) for row in rows.train}


def test_many_equal_rows_are_counted_beyond_the_first():
    rows = rows_from([[5, 6]] * 30 + [[7]])
    found = rows_of(batch(rows, [0, 30]), rows)
    assert len(found) == EXAMPLES + 1 and found[-1] == f"and {31 - EXAMPLES} more"
    assert found[:2] == ["un, row 1", "deux, row 1"]

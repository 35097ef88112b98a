"""Parts mixed: caps, the test split, shards and their order, none of which depends on files or tasks."""

import pyarrow.parquet as parquet
import pytest
from datatrove.data import Document

from luth.data.output import mixing
from tests.data.conftest import rejected, rows, shards


def numbered(count, word):
    return [{"q": f"Quel est le {word} numéro {n} ?", "a": f"C'est le {word} {n}."} for n in range(count)]


@pytest.fixture
def parts():
    return {"many": numbered(1700, "livre"), "few": numbered(40, "cahier")}


def test_caps_and_the_test_split(build_rows, parts):
    steps = {"mix": {"caps": {"many": 100}, "test_size": 30, "seed": 1}, "write": {"shards": 3}}
    folder = build_rows(parts, steps)
    train, test = rows(folder, "train"), rows(folder, "test")
    assert len(train) == 110 and len(test) == 30
    assert sum(row["source"] == "many" for row in train + test) == 100
    assert {row["metadata"]["filter_reason"] for row in rejected(folder, "mix")} == {"over the part's cap"}
    # Chosen by content alone: another number of tasks is the same dataset, byte by byte.
    assert shards(build_rows(parts, steps, name="again", tasks=3)) == shards(folder)
    other = build_rows(parts, {**steps, "mix": {**steps["mix"], "seed": 2}}, name="seed")
    assert {row["id"] for row in rows(other)} != {row["id"] for row in train + test}


def test_equal_rows_keep_to_caps_and_to_one_split(build_rows):
    equal = numbered(4, "livre") * 3
    steps = {"mix": {"caps": {"first": 5}, "test_size": 4}}
    folder = build_rows({"first": equal, "second": equal}, steps)
    assert sum(row["source"] == "first" for row in rows(folder)) == 5 and len(rows(folder)) == 17
    test = {row["id"] for row in rows(folder, "test")}
    assert test and len(rows(folder, "test")) <= 4 and not test & {row["id"] for row in rows(folder, "train")}
    assert shards(build_rows({"first": equal, "second": equal}, steps, name="again", tasks=5)) == shards(folder)


def test_what_is_sorted_a_range_at_a_time_is_sorted_as_a_whole(build_rows, parts, monkeypatch):
    steps = {"mix": {"test_size": 25}, "write": {"shards": 2}}
    whole = build_rows(parts, steps)
    monkeypatch.setattr(mixing, "GROUP", 100)
    ranges = build_rows(parts, steps, name="ranges")
    assert len(list((ranges / "steps/mix/rows").glob("*.jsonl"))) > 20
    for split in ("train", "test"):
        assert rows(ranges, split) == rows(whole, split)
        found = [Document("-", row["id"], metadata={"part": row["source"]}) for row in rows(ranges, split)]
        order = [mixing.key(doc, 0) for doc in found]
        assert order == sorted(order)
    for path in (ranges / "dataset/data").glob("*.parquet"):
        file = parquet.ParquetFile(path)
        sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        assert all(size == 100 for size in sizes[:-1]) and sizes[-1] <= 100


@pytest.mark.parametrize(("rows", "shards", "expected"), [(0, 1, 1), (9_999, 4, 4), (100_000, 1, 10), (10**8, 7, 196)])
def test_ranges_hold_few_rows_and_are_never_too_many(rows, shards, expected):
    assert mixing.ranges(rows, shards) == expected

"""Sources of every shape and kind, rows that are none, and ids that only content decides."""

import csv
import json

import orjson
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luth.core.errors import UserError
from luth.data.part import Read
from luth.data.sources.conversations import BadRow, as_kept, conversation, row_id
from luth.data.sources.reading import ReadRows, source_rows

TURNS = [{"role": "user", "content": "Bonjour ?"}, {"role": "assistant", "content": "Bonjour !"}]


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"m": TURNS}, {"messages": "m"}),
        ({"m": json.dumps(TURNS)}, {"messages": "m"}),
        (
            {"c": [{"from": "human", "value": "Bonjour ?"}, {"from": "gpt", "value": "Bonjour !"}]},
            {"conversations": "c"},
        ),
        ({"p": "Bonjour ?", "r": "Bonjour !"}, {"prompt": "p", "completion": "r"}),
        ({"i": "Bonjour ?", "n": "", "o": "Bonjour !"}, {"instruction": "i", "input": "n", "output": "o"}),
        ({"q": "Bonjour ?", "a": "Bonjour !"}, {"question": "q", "answer": "a"}),
    ],
)
def test_every_shape_is_the_same_conversation(row, columns):
    assert conversation(row, columns) == TURNS and row_id(conversation(row, columns)) == row_id(TURNS)


def test_input_and_system_have_their_places():
    row = {"i": "Traduis.", "n": "Good day", "o": "Bonjour", "s": "Sois bref."}
    columns = {"instruction": "i", "input": "n", "output": "o", "system": "s"}
    assert [turn["content"] for turn in conversation(row, columns)] == [
        "Sois bref.",
        "Traduis.\n\nGood day",
        "Bonjour",
    ]
    assert conversation({"p": "Seul ?"}, {"prompt": "p"}) == [{"role": "user", "content": "Seul ?"}]


@pytest.mark.parametrize(
    ("row", "columns", "reason"),
    [
        ({"p": "x"}, {"messages": "m"}, "no column 'm'"),
        ({"m": None}, {"messages": "m"}, "no turns"),
        ({"m": []}, {"messages": "m"}, "no turns"),
        ({"m": "plain"}, {"messages": "m"}, "the turns are text and no JSON"),
        ({"m": [{"role": "user"}]}, {"messages": "m"}, "a turn without role or content"),
        ({"m": [{"role": "user", "content": None}]}, {"messages": "m"}, "a message of the user that is no text"),
        (
            {"m": [{"role": "user", "content": {"text": "x"}}]},
            {"messages": "m"},
            "a message of the user that is no text",
        ),
        ({"m": [{"role": "user", "content": "  "}]}, {"messages": "m"}, "an empty message of the user"),
        ({"m": [{"role": "tool", "content": "x"}]}, {"messages": "m"}, "a turn of another role"),
        (
            {"i": None, "n": "x", "o": "y"},
            {"instruction": "i", "input": "n", "output": "o"},
            "of the user that is no text",
        ),
        ({"i": "a", "n": 42, "o": "y"}, {"instruction": "i", "input": "n", "output": "o"}, "its input is no text"),
        ({"p": "a", "s": ["x"]}, {"prompt": "p", "system": "s"}, "its system is no text"),
        ({"m": TURNS[::-1]}, {"messages": "m"}, "user and assistant do not take turns"),
        ({"m": [TURNS[0], TURNS[0]]}, {"messages": "m"}, "user and assistant do not take turns"),
    ],
)
def test_rows_that_are_no_conversation(row, columns, reason):
    with pytest.raises(BadRow, match=reason):
        conversation(row, columns)


def read_all(path, tasks, limit=None, **columns):
    read = Read(path=str(path), columns=columns, limit=limit)
    return sorted(
        ((n, row) for rank in range(tasks) for n, row in source_rows(read, rank, tasks)), key=lambda one: one[0]
    )


@pytest.mark.parametrize("tasks", [1, 3])
def test_files_of_every_kind_are_shared_out_without_loss(tmp_path, tasks):
    rows = [{"q": f"Question {number} ?", "a": "Réponse, « oui »\nou non."} for number in range(2500)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "rows.jsonl").write_text(lines, "utf-8")
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet", row_group_size=700)
    with open(tmp_path / "rows.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["q", "a"])
        writer.writeheader()
        writer.writerows(rows)
    for kind in ("jsonl", "parquet", "csv"):
        found = read_all(tmp_path / f"rows.{kind}", tasks, question="q", answer="a")
        assert [row for _, row in found] == rows and [number for number, _ in found] == list(range(2500))
    limited = read_all(tmp_path / "rows.*", tasks, limit=2600, question="q", answer="a")
    assert [number for number, _ in limited] == list(range(2600))


def test_lines_that_cannot_be_read_are_told_and_the_others_go_on(tmp_path):
    good = json.dumps({"q": "Bonjour ?", "a": "Bonjour !"}).encode()
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join([good, b"{half", b'{"q": "\xff\xfe"}', b"[1]", good]) + b"\n")
    found = [row for _, row in read_all(tmp_path / "rows.jsonl", 1, question="q", answer="a")]
    assert [isinstance(row, dict) for row in found] == [True, False, False, False, True]
    assert {str(row) for row in found[1:4]} <= {"no JSON", "invalid UTF-8", "no JSON object"}


def test_broken_quotes_in_csv_and_bytes_that_are_no_text_in_parquet_cost_their_rows_alone(tmp_path):
    (tmp_path / "rows.csv").write_text('q,a\nUn ?,Oui.\n"Deux" x ?,Non.\nTrois ?,Oui.\n', "utf-8")
    found = [row for _, row in read_all(tmp_path / "rows.csv", 1)]
    assert [row["q"] for row in found if isinstance(row, dict)] == ["Un ?", "Trois ?"]
    assert [str(row) for row in found if isinstance(row, BadRow)] == ["quotes that do not match"]
    column = pa.array([b"Un ?", b"\xff\xfe", b"Trois ?"]).view(pa.string())
    parquet.write_table(pa.table({"q": column}), tmp_path / "rows.parquet")
    found = [row for _, row in read_all(tmp_path / "rows.parquet", 1)]
    assert [str(row) for row in found] == ["{'q': 'Un ?'}", "invalid UTF-8", "{'q': 'Trois ?'}"]


def test_a_mark_before_the_text_is_no_text(tmp_path):
    (tmp_path / "rows.csv").write_text("\ufeffq,a\nUn ?,Oui.\nDeux ?,Non.,Si.\n", "utf-8")
    (tmp_path / "rows.jsonl").write_text('\ufeff{"q": "Un ?", "a": "Oui."}\n', "utf-8")
    csv_rows = [row for _, row in read_all(tmp_path / "rows.csv", 1)]
    assert csv_rows[0] == {"q": "Un ?", "a": "Oui."} and str(csv_rows[1]) == "more fields than columns"
    assert [row for _, row in read_all(tmp_path / "rows.jsonl", 1)] == csv_rows[:1]


def test_dates_are_kept_as_text_and_those_out_of_range_cost_their_rows(tmp_path):
    stamps = pa.array([0, 1 << 62], pa.timestamp("ms"))
    parquet.write_table(pa.table({"q": ["Un ?", "Deux ?"], "t": stamps}), tmp_path / "rows.parquet")
    first, second = (row for _, row in read_all(tmp_path / "rows.parquet", 1))
    assert as_kept(first["t"]) == "1970-01-01T00:00:00" and str(second) == "a value that is out of range"
    parquet.write_table(pa.table([["a"], ["b"]], names=["q", "q"]), tmp_path / "rows.parquet")
    with pytest.raises(UserError, match="two columns of one name"):
        read_all(tmp_path / "rows.parquet", 1)


def test_a_damaged_parquet_file_is_one_line(tmp_path):
    parquet.write_table(pa.table({"q": [f"Question {n} ?" for n in range(5000)]}), tmp_path / "rows.parquet")
    content = bytearray((tmp_path / "rows.parquet").read_bytes())
    content[200:400] = bytes(200)
    (tmp_path / "rows.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"rows\.parquet is no parquet file, or a damaged one"):
        read_all(tmp_path / "rows.parquet", 1)


def test_rows_that_are_nested_too_deep_or_hold_what_json_cannot(tmp_path):
    deep = "[" * 5000 + "]" * 5000
    rows = [{"m": deep, "k": 1}, {"m": json.dumps(TURNS), "k": 1 << 70}, {"m": json.dumps(TURNS), "k": "\ud83d"}]
    read = ReadRows("part", Read(path="x.csv", columns={"messages": "m"}, keep=["k"]), False, None)
    bad, *good = [read._document(row) for row in rows]
    assert bad == "the turns are text and no JSON"
    assert [doc.metadata["kept"]["k"] for doc in good] == [str(1 << 70), "?"]
    for doc in good:
        orjson.dumps(doc.metadata)


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_content_breaks_the_reading(value):
    for columns in ({"messages": "x"}, {"conversations": "x"}, {"prompt": "x"}):
        try:
            assert conversation({"x": value}, columns)
        except BadRow as reason:
            assert str(reason)

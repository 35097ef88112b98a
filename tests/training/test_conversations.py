import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trl import DatasetMixtureConfig

from luth.errors import UserError
from luth.training.conversations import conversation_problem, load_mixture

GOOD = [{"role": "user", "content": "Bonjour"}, {"role": "assistant", "content": "Salut"}]


def load(*files):
    return load_mixture(DatasetMixtureConfig(datasets=[{"path": "json", "data_files": [str(f) for f in files]}]))


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (None, "no messages"),
        ([], "no messages"),
        ([{"role": "user", "content": "x"}], "no assistant turn"),
        ([*GOOD, {"role": "user", "content": "x"}], "out of order"),
        ([GOOD[0], GOOD[0], GOOD[1]], "out of order"),
        (GOOD[::-1], "out of order"),
        ([GOOD[0], {"role": "assistant", "content": "  "}], "turn 2 .assistant. has empty content"),
        ([GOOD[0], {"role": "assistant", "content": None}], "empty content"),
        ([GOOD[0], {"role": "assistant"}], "turn 2 has no role or no content"),
    ],
)
def test_a_bad_row_is_named_with_file_and_number_and_counted(write_rows, messages, said):
    path = write_rows([{"messages": GOOD}, {"messages": messages}, {"messages": messages}])
    with pytest.raises(UserError, match=f"2 of 3 rows cannot be trained on: .*rows.jsonl, row 2: .*{said}"):
        load(path)


def test_good_rows_load_with_a_fingerprint(write_rows):
    system = [{"role": "system", "content": "Bref."}, *GOOD]
    one = write_rows([{"messages": GOOD, "topic": "x"}], "one.jsonl")
    two = write_rows([{"messages": system, "topic": "y"}], "two.jsonl")
    rows, fingerprints = load(one, two)
    assert rows.column_names == ["messages"] and len(rows) == 2
    assert set(fingerprints) == {str(one), str(two)}


def test_rows_edited_in_a_local_folder_are_seen(tmp_path):
    for text in ("un", "deux"):
        row = {"messages": [GOOD[0], {"role": "assistant", "content": text}]}
        (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
        rows, _ = load_mixture(DatasetMixtureConfig(datasets=[{"path": str(tmp_path), "split": "train"}]))
        assert rows["messages"][0][1]["content"] == text


def test_a_line_separator_inside_a_string_is_no_new_row(tmp_path):
    path = tmp_path / "f.jsonl"
    text = json.dumps({"messages": [GOOD[0], {"role": "assistant", "content": "a\u2028b"}]}, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    assert load(path)[0]["messages"][0][1]["content"] == "a\u2028b"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "parquet", "data_files": "{rows}", "split": "train"}, "parquet, split train cannot be loaded"),
        ({"path": "{folder}", "split": "tst"}, "split tst cannot be loaded: Unknown split"),
        ({"path": "{folder}", "columns": ["text"]}, "text"),
        ({"path": "./nowhere/at/all"}, "nowhere/at/all"),
    ],
)
def test_a_source_that_cannot_be_loaded_is_named(write_rows, tmp_path, source, said):
    rows = write_rows([{"messages": GOOD}])
    places = {"{rows}": str(rows), "{folder}": str(tmp_path)}
    source = {key: places.get(value, value) if isinstance(value, str) else value for key, value in source.items()}
    with pytest.raises(UserError, match=said):
        load_mixture(DatasetMixtureConfig(datasets=[source]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such dataset file"),
        (b"", "is empty"),
        (b"\n\n", "without rows"),
        (b'{"messages": "caf\xe9"}', "not UTF-8"),
        (b'{"messages": [}', "row 1 is not JSON"),
        (b"[1, 2]", "row 1: no messages"),
        (b'{"text": "x"}', "row 1: no messages"),
    ],
)
def test_a_bad_file_is_said(tmp_path, content, said):
    path = tmp_path / "f.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        load(path)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_anything_is_judged_without_an_exception(value):
    assert conversation_problem(value) is None or isinstance(conversation_problem(value), str)

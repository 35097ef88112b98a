"""Answers on disk: what a kill tore is no answer, and two writers never spoil each other's lines."""

from luth.evaluation.backends.answer_store import AnswerStore, key


def test_a_torn_line_is_no_answer(tmp_path):
    store = AnswerStore(tmp_path)
    store.put("a", {"text": "é\u2028ligne"})
    store.put("b", {"text": "deux"})
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-9])
    again = AnswerStore(tmp_path)
    assert "a" in again and again["a"] == {"text": "é\u2028ligne"} and "b" not in again
    again.put("b", {"text": "deux"})
    assert AnswerStore(tmp_path)["b"] == {"text": "deux"}


def test_another_writers_answers_are_seen_after_a_refresh(tmp_path):
    one, other = AnswerStore(tmp_path), AnswerStore(tmp_path)
    other.put("a", {"text": "un"})
    assert "a" not in one
    one.refresh()
    assert one["a"] == {"text": "un"}


def test_a_key_stands_for_everything_asked():
    assert key(prompt="a", seed=1) == key(seed=1, prompt="a") != key(prompt="a", seed=2)

"""Thoughts are cut off before scoring, and one that never closes is no answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luth.evaluation.backends.thoughts import split_thought

TAGS = [("<think>", "</think>")]


@pytest.mark.parametrize(
    ("text", "how", "thought", "answer", "unclosed"),
    [
        ("<think>\n2+2\n</think>\n\nRéponse : B", {}, "\n2+2\n", "Réponse : B", False),
        ("Réponse : B", {}, None, "Réponse : B", False),
        ("<think>Réponse : B", {}, "Réponse : B", "", True),
        ("Avant. <think>Réponse : B", {}, "Réponse : B", "", True),
        ("a</think>b", {}, "a", "b", False),
        ("a</think>b", {"opened": True}, "a", "b", False),
        ("Réponse : B", {"opened": True}, "Réponse : B", "", True),
        ("Réponse : B", {"expected": True, "cut_short": True}, "Réponse : B", "", True),
        ("Réponse : B", {"expected": True}, None, "Réponse : B", False),
        ("<think>a</think>b<think>c</think>d", {}, "a\nc", "bd", False),
        ("<think>a</think>b<think>c", {}, "ac", "", True),
        ("<think></think>", {}, "", "", False),
    ],
)
def test_split(text, how, thought, answer, unclosed):
    reply = split_thought(text, TAGS, **how)
    assert (reply.thought, reply.answer, reply.unclosed) == (thought, answer, unclosed)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "\n", "Réponse : B"])).map("".join), st.booleans())
def test_no_tag_is_left_in_an_answer(text, opened):
    reply = split_thought(text, TAGS, opened)
    assert "<think>" not in reply.answer
    assert not (reply.unclosed and reply.answer)

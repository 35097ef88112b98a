import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luth.training.conversations import conversation_problem, template_arguments

CALL = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "heure", "arguments": {}}}]}
TOOL = {"role": "tool", "content": "midi"}
GOOD = [{"role": "user", "content": "Bonjour"}, {"role": "assistant", "content": "Salut"}]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (None, "no messages"),
        ([], "no messages"),
        ([{"role": "user", "content": "x"}], "no assistant turn"),
        ([*GOOD, {"role": "user", "content": "x"}], "the last turn .user. is not an assistant's answer"),
        ([GOOD[0], GOOD[0], GOOD[1]], "out of order"),
        (GOOD[::-1], "out of order"),
        ([GOOD[0], {"role": "assistant", "content": "  "}], "turn 2 .assistant. has empty content"),
        ([GOOD[0], {"role": "assistant", "content": None}], "empty content"),
        ([GOOD[0], {"role": "assistant"}], "turn 2 has no role or no content"),
        (GOOD[0], "no messages"),
        ([*GOOD, "x"], "turn 3 has no role or no content"),
        ([{"role": 1, "content": "x"}, GOOD[1]], "turn 1 has no role or no content"),
        ([{"role": "system", "content": " "}, *GOOD], "turn 1 .system. has empty content"),
        ([GOOD[0], {"role": "system", "content": "x"}, GOOD[1]], "out of order"),
        ([GOOD[0], {"role": "assistant", "content": ["x"], "tool_calls": [1]}], "empty content"),
        ([GOOD[0], {"role": "assistant", "content": None, "tool_calls": []}], "empty content"),
        ([{"role": "user", "content": None, "tool_calls": [1]}, GOOD[1]], "turn 1 .user. has empty content"),
        ([GOOD[0], CALL, {"role": "tool", "content": ""}, GOOD[1]], "turn 3 .tool. has empty content"),
        ([GOOD[0], CALL, TOOL], "the last turn .tool. is not an assistant's answer"),
        ([TOOL, GOOD[1]], "out of order"),
        ([GOOD[0], CALL], "the last turn .assistant. is not an assistant's answer"),
        ([GOOD[0], CALL, GOOD[1]], "out of order"),
        ([GOOD[0], GOOD[1], TOOL, GOOD[1]], "out of order"),
    ],
)
def test_what_is_no_conversation_is_said(messages, said):
    assert re.search(said, conversation_problem(messages))


@pytest.mark.parametrize(
    "messages",
    [
        GOOD,
        [{"role": "system", "content": "Bref."}, *GOOD, *GOOD],
        [GOOD[0], CALL, TOOL, TOOL, CALL, TOOL, *GOOD[1:]],
        [GOOD[0], {**CALL, "content": "Voyons."}, TOOL, GOOD[1], *GOOD],
        [GOOD[0], {**GOOD[1], "tool_calls": None}],
    ],
)
def test_what_is_one_passes(messages):
    assert conversation_problem(messages) is None


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_anything_is_judged_without_an_exception(value):
    assert conversation_problem(value) is None or isinstance(conversation_problem(value), str)


def test_a_row_gives_its_template_tools_and_switches_without_arrow_s_nulls():
    row = {
        "messages": [{"role": "user", "content": "x", "tool_calls": None}],
        "tools": json.dumps([{"name": "heure", "parameters": {"lieu": None}}]),
        "chat_template_kwargs": {"enable_thinking": False, "langue": None},
    }
    assert template_arguments(row) == {
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"name": "heure", "parameters": {}}],
        "enable_thinking": False,
    }
    assert template_arguments({"messages": GOOD, "chat_template_kwargs": '{"langue": "fr", "x": null}'}) == {
        "messages": GOOD,
        "tools": None,
        "langue": "fr",
    }
    assert template_arguments({"messages": GOOD, "tools": None}) == {"messages": GOOD, "tools": None}

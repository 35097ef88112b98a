import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luth.rows.bad_row import BadRow
from luth.training.conversations import conversation, conversation_problem, without_nulls

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
        (
            [GOOD[0], {"role": "assistant", "content": ["x"], "tool_calls": [1]}],
            "turn 2 .assistant. .*no text",
        ),
        ([GOOD[0], {"role": "assistant", "content": None, "tool_calls": []}], "empty content"),
        ([{"role": "user", "content": None, "tool_calls": [1]}, GOOD[1]], "turn 1 .user. has empty content"),
        ([GOOD[0], {"role": "assistant", "content": 42}], "turn 2 .assistant. has content that is no text: 42"),
        ([GOOD[0], CALL, TOOL], "the last turn .tool. is not an assistant's answer"),
        ([TOOL, GOOD[1]], "out of order"),
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
        [GOOD[0], CALL, {"role": "tool", "content": ""}, GOOD[1]],
        [GOOD[0], {**CALL, "content": "Voyons."}, TOOL, GOOD[1], *GOOD],
        [GOOD[0], {**GOOD[1], "tool_calls": None}],
        [GOOD[0], CALL],
        [GOOD[0], CALL, TOOL, CALL],
    ],
)
def test_what_is_one_passes(messages):
    assert conversation_problem(messages) is None


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_anything_is_judged_without_an_exception(value):
    assert conversation_problem(value) is None or isinstance(conversation_problem(value), str)


def read(messages, **more):
    row = {"messages": messages, **more}
    return conversation(row, {column: column for column in row})


def test_a_row_gives_its_template_tools_and_switches_as_they_are_written():
    tools = [{"name": "heure", "parameters": {"lieu": {"type": ["string", "null"], "default": None}}}]
    row = read(GOOD, tools=json.dumps(tools), chat_template_kwargs='{"langue": "fr", "x": null}')
    assert row.messages == GOOD and row.untrained == frozenset()
    assert row.arguments == {"tools": tools, "langue": "fr", "x": None}
    for nothing in ({}, {"tools": None}, {"tools": " ", "chat_template_kwargs": None}):
        assert read(GOOD, **nothing).arguments == {"tools": None}


def test_arrow_s_nulls_are_left_out_and_those_of_a_text_stay():
    text = '{"q": "x", "limit": null}'
    assert without_nulls({"a": [{"b": None, "c": text}], "d": None}) == {"a": [{"c": text}]}


@pytest.mark.parametrize("arguments", [{"ville": "Paris", "limite": None}, '{"ville": "Paris", "limite": null}'])
def test_a_call_s_arguments_are_a_mapping_however_they_came(arguments):
    call = {"id": "1", "type": "function", "function": {"name": "heure", "arguments": arguments}}
    expected = {**call, "function": {"name": "heure", "arguments": {"ville": "Paris", "limite": None}}}
    asked = {"role": "assistant", "tool_calls": [call]}
    for each in (asked, {**asked, "content": ""}, {**asked, "tool_calls": json.dumps([call])}):
        turns = read([GOOD[0], each, {"role": "tool", "content": None}, GOOD[1]]).messages
        assert turns[1]["tool_calls"] == [expected] and turns[2]["content"] == ""
    shared = [{"from": "human", "value": "x"}, {"from": "function_call", "value": json.dumps(call["function"])}]
    shared += [{"from": "observation", "value": ""}, {"from": "gpt", "value": "Midi."}]
    turns = conversation({"c": shared}, {"conversations": "c"}).messages
    assert turns[1] == {"role": "assistant", "content": "", "tool_calls": [expected["function"]]}


@pytest.mark.parametrize("arguments", ["{half", "[1]", 3, "3"])
def test_arguments_that_are_no_object_are_named(arguments):
    call = {"function": {"name": "heure", "arguments": arguments}}
    with pytest.raises(BadRow, match=r"turn 2 .assistant. has calls, or arguments of a call"):
        read([GOOD[0], {"role": "assistant", "content": "", "tool_calls": [call]}, TOOL, GOOD[1]])


@pytest.mark.parametrize("name", ["parameters", "input"])
def test_arguments_have_other_names(name):
    called = {"role": "assistant", "content": "", "tool_calls": [{"name": "heure", name: '{"lieu": null}'}]}
    [call] = read([GOOD[0], called, TOOL, GOOD[1]]).messages[1]["tool_calls"]
    assert call == {"name": "heure", "arguments": {"lieu": None}}


def test_one_call_alone_is_a_call():
    called = {"role": "assistant", "content": None, "function_call": {"name": "heure", "arguments": "{}"}}
    message = read([GOOD[0], called, {"role": "function", "content": "midi"}, GOOD[1]]).messages[1]
    assert message["tool_calls"] == [{"name": "heure", "arguments": {}}] and "function_call" not in message
    with pytest.raises(BadRow, match="tool_calls and function_call"):
        read([GOOD[0], {**called, "tool_calls": [{"name": "heure"}]}, TOOL, GOOD[1]])


@pytest.mark.parametrize("call", [{"arguments": {}}, {"name": "heure", "arguments": {}, "input": {}}])
def test_a_call_without_a_name_or_with_arguments_twice_is_refused(call):
    with pytest.raises(BadRow, match=r"turn 2 .assistant. has calls"):
        read([GOOD[0], {"role": "assistant", "content": "", "tool_calls": [call]}, TOOL, GOOD[1]])


@pytest.mark.parametrize(
    "mark",
    [
        *({"weight": 0}, {"weight": 0.0}, {"train": False}, {"weight": 1, "train": False}, {"Weight": 0}),
        *({"loss": False}, {"loss_weight": 0.0}, {"training": False}, {"trainable": 0}, {"masked": True}, {"mask": 1}),
    ],
)
def test_a_turn_of_no_weight_is_not_trained(mark):
    row = read([GOOD[0], {**GOOD[1], **mark}, {**GOOD[0], "weight": 0}, {**GOOD[1], "weight": 1, "train": None}])
    assert row.untrained == {0} and [message["content"] for message in row.messages] == ["Bonjour", "Salut"] * 2
    with pytest.raises(BadRow, match="no assistant turn is to be trained"):
        read([GOOD[0], {**GOOD[1], **mark}])


@pytest.mark.parametrize("weight", [0.5, 2, "0", [0]])
def test_another_weight_is_refused_by_name(weight):
    with pytest.raises(BadRow, match=r"turn 2 .assistant. has weight"):
        read([GOOD[0], {**GOOD[1], "weight": weight}])


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_an_empty_system_message_is_none(nothing):
    assert read([{"role": "system", "content": nothing}, *GOOD]).messages == GOOD


TOOL_SCHEMA = {"type": "function", "function": {"name": "heure", "parameters": {}}}
OWN_COLUMNS = {column: column for column in ("messages", "tools", "chat_template_kwargs")}


def with_columns(tools=None, switches=None):
    row = {"messages": GOOD, "tools": tools, "chat_template_kwargs": switches}
    return conversation(row, OWN_COLUMNS).arguments


@pytest.mark.parametrize(
    "tools",
    [TOOL_SCHEMA, json.dumps(TOOL_SCHEMA), [TOOL_SCHEMA], [json.dumps(TOOL_SCHEMA)], json.dumps([TOOL_SCHEMA])],
)
def test_tools_are_read_alone_listed_and_as_json(tools):
    assert with_columns(tools) == {"tools": [TOOL_SCHEMA]}


@pytest.mark.parametrize("nothing", [None, "", " ", [], "[]"])
def test_no_tools_are_none(nothing):
    assert with_columns(nothing) == {"tools": None}


@pytest.mark.parametrize(
    ("tools", "switches", "said"),
    [
        ("[{", None, "tools is text and no JSON.*json.dumps"),
        (["heure"], None, "tools is text and no JSON"),
        ([5], None, "tools are no list of schemas"),
        (None, "{'enable_thinking': False}", "chat_template_kwargs is text and no JSON"),
        (None, ["enable_thinking"], "chat_template_kwargs is no object"),
        (None, {"add_generation_prompt": True}, "sets add_generation_prompt"),
        (None, {"messages": []}, "sets messages"),
    ],
)
def test_wrong_tools_and_switches_are_named(tools, switches, said):
    with pytest.raises(BadRow, match=said):
        with_columns(tools, switches)

"""Forms of conversations: recognised by their columns, and read as the same messages."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luth.rows.bad_row import BadRow
from luth.rows.forms import NoForm, described, messages_of, recognised

ASKED, SAID = {"role": "user", "content": "Ça va ?"}, {"role": "assistant", "content": "Oui."}
SHARED = [{"from": "human", "value": "Ça va ?"}, {"from": "gpt", "value": "Oui."}]


def read(row):
    return messages_of(row, recognised(row))


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASKED, SAID]},
        {"messages": json.dumps([ASKED, SAID])},
        {"id": 3, "conversations": SHARED},
        {"conversations": json.dumps(SHARED)},
        {"conversations": [ASKED, SAID]},
        {"messages": SHARED},
        {"conversations": [{"from": "Human", "value": "Ça va ?"}, {"from": "GPT", "value": "Oui."}]},
        {"conversation": {"messages": [ASKED, SAID]}},
        {"messages": {"role": ["user", "assistant"], "content": ["Ça va ?", "Oui."]}},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Ça "}, {"type": "text", "text": "va ?"}]},
                SAID,
            ]
        },
        {"prompt": "Ça va ?", "completion": "Oui."},
        {"prompt": "Ça va ?", "completion": [SAID]},
        {"prompt": "Ça va ?", "response": "Oui."},
        {"instruction": "Ça va ?", "output": "Oui."},
        {"instruction": "Ça va ?", "input": "", "output": "Oui.", "text": "Below is an instruction"},
        {"Instruction": "Ça va ?", "Output": "Oui."},
        {"instruction": "Ça va ?", "context": None, "response": "Oui.", "category": "chat"},
        {"instruction": "Ça va ?", "input": None, "output": "Oui.", "history": []},
        {"input": "Ça va ?", "output": "Oui."},
        {"question": "Ça va ?", "answer": "Oui."},
        {"query": "Ça va ?", "response": "Oui."},
        {"system_prompt": "", "question": "Ça va ?", "response": "Oui."},
        {"system": " ", "conversations": SHARED},
    ],
)
def test_every_form_is_the_same_conversation(row):
    assert read(row) == [ASKED, SAID]


def test_what_stands_beside_a_question_has_its_place():
    row = {
        "system": "Bref.",
        "instruction": "Traduis.",
        "input": "Good day",
        "output": "Bonjour",
        "history": [["A ?", "B."]],
    }
    assert [(turn["role"], turn["content"]) for turn in read(row)] == [
        ("system", "Bref."),
        ("user", "A ?"),
        ("assistant", "B."),
        ("user", "Traduis.\n\nGood day"),
        ("assistant", "Bonjour"),
    ]
    assert read({**row, "history": '[["A ?", "B."]]'}) == read(row)
    assert read({"system": "Bref.", "conversations": SHARED})[0] == {"role": "system", "content": "Bref."}


def test_of_a_prompt_of_messages_the_completion_alone_is_learned():
    turns = read({"prompt": [ASKED, SAID, ASKED], "completion": [SAID]})
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
    assert [turn.get("train") for turn in turns if turn["role"] == "assistant"] == [False, None]


def test_a_prompt_of_messages_may_be_json_text():
    row = {"prompt": [ASKED, SAID, ASKED], "completion": [SAID]}
    assert read({part: json.dumps(turns) for part, turns in row.items()}) == read(row)


def test_an_answer_that_is_a_list_of_messages_stays_text():
    answer = json.dumps([SAID])
    assert read({"prompt": "Ça va ?", "completion": answer})[1]["content"] == answer
    assert read({"prompt": "[1] Ça va ?", "completion": "Oui."})[0]["content"] == "[1] Ça va ?"


def test_tools_speak_and_other_keys_stay():
    turns = [
        {"from": "human", "value": "x"},
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "midi", "name": "heure"},
        {"from": "gpt", "value": "Midi.", "weight": 0},
    ]
    assert read({"conversations": turns})[1:] == [
        {"role": "function_call", "content": "{}"},
        {"role": "tool", "content": "midi", "name": "heure"},
        {"role": "assistant", "content": "Midi.", "weight": 0},
    ]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["text"], "plain text has no turns"),
        (["messages", "conversations"], "messages; conversations: .*columns: .messages"),
        (["messages", "question", "answer"], "messages; question with answer"),
        (["prompt", "question", "answer"], "prompt with answer; question with answer: .*columns: .prompt, answer"),
        (["prompt", "response", "completion"], "prompt with completion; prompt with response"),
        (["instruction", "input", "context", "output"], "input; context"),
        (["prompt", "chosen", "rejected"], "here is a prompt without an answer"),
        (["id", "answer"], "here is an answer without a question"),
        (["titre", "corps"], "the columns titre, corps, .*rename"),
    ],
)
def test_no_form_and_two_forms_are_refused_with_the_remedy(names, said):
    with pytest.raises(NoForm, match=said):
        recognised(names)


def test_the_form_and_what_is_not_read_are_said():
    names = ["id", "conversations", "source"]
    said = "conversations in ShareGPT form: column conversations; not read: id, source"
    assert described(recognised(names), names) == said
    names = ["instruction", "input", "output"]
    assert described(recognised(names), names) == "conversations in Alpaca form: columns instruction, output, input"
    assert described(recognised(["query", "response"]), []).startswith("conversations in query and response form")
    assert described(recognised(["conversation"]), []) == "conversations in messages form: column conversation"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": "Bonjour"}, "text and no JSON"),
        ({"messages": None}, "no messages"),
        ({"messages": []}, "no messages"),
        ({"messages": {"a": 1}}, "no messages"),
        (
            {"messages": [ASKED, {"role": "narrator", "content": "x"}]},
            "turn 2 has the role 'narrator': known",
        ),
        ({"messages": [ASKED, "x"]}, "turn 2 has no role or no content"),
        ({"messages": [{"role": "user"}]}, "turn 1 has no role or no content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "turn 1 .user. .*type 'image_url'",
        ),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "type 'str'"),
        (
            {"system": "Bref.", "messages": [{"role": "system", "content": "Long."}, ASKED, SAID]},
            "a system column",
        ),
        ({"system": 3, "prompt": "x", "completion": "y"}, "its system is no text"),
        ({"instruction": "x", "input": 3, "output": "y"}, "its input is no text"),
        ({"question": "x", "answer": ["y", "z"]}, "its answer is a list, neither text nor turns"),
        ({"instruction": "x", "output": "y", "history": ["a"]}, "its history is no list of pairs"),
    ],
)
def test_what_cannot_be_read_is_named(row, said):
    with pytest.raises(BadRow) as error:
        read(row)

    assert re.search(said, error.value.said)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["role", "content", "from", "value", "x"]), inner),
)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_no_content_breaks_the_reading(one, other):
    for row in ({"messages": one}, {"conversations": one, "system": other}, {"prompt": one, "completion": other}):
        try:
            assert read(row)
        except BadRow as reason:
            assert str(reason) and reason.said


def test_a_column_of_turns_by_another_name_is_told_how_to_be_renamed():
    for name, advice in (("dialog", "rename: {dialog: messages}"), ("text", "rename: {COLUMN: question")):
        with pytest.raises(NoForm) as error:
            recognised([name])
        assert advice in str(error.value)

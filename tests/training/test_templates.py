"""What the templates render: the models' own text, but for the differences that their headers state."""

from datetime import date
from itertools import product
from pathlib import Path

import pytest
import trl
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from luth.training.masking import inference_template, read_training_template
from tests.conftest import SMOLLM2_TEMPLATE

FOLDER = Path("src/luth/templates")
NAMES = ["chatml", "lfm2", "llama3_2", "qwen3", "qwen3_published", "smollm2"]
SHIPPED = Path(trl.__file__).parent / "chat_templates"
EMPTY = "<think>\n\n</think>\n\n"


def own(name):
    return SMOLLM2_TEMPLATE if name == "smollm2" else (SHIPPED / f"{name}.jinja").read_text(encoding="utf-8")


def training(name):
    return read_training_template(str(FOLDER / f"{name}.jinja"))


def render(template, messages, **variables):
    [text], _ = render_jinja_template(
        [messages],
        chat_template=template,
        **{"bos_token": "<|startoftext|>", "eos_token": "<|im_end|>", **variables},
    )
    return text


def system(text):
    return {"role": "system", "content": text}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def tool(content):
    return {"role": "tool", "content": content}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "météo",
            "description": "Le temps <d'une> ville & son vent",
            "parameters": {"type": "object", "properties": {"ville": {"type": "string"}}},
        },
    },
    {"name": "heure", "parameters": {}},
]
LYON = call("météo", {"ville": "L'Isle\\\n\r", "jours": 2, "vent": True, "unité": None, "seuil": 1.5})
NANTES = {"name": "météo", "arguments": {"villes": ["Nantes", "Brest é"], "options": {"a": 1}}}
PLAIN = [
    [user("Un."), assistant("Deux.")],
    [system("Sois bref."), user("Un."), assistant("Deux.")],
    [system(""), user(""), assistant("")],
    [user("\n\n Ça va ? 🙂  "), assistant("  Oui 👩‍🚀.\n\n")],
    [user("a"), user("b"), assistant("c")],
    [user("Dis <|im_end|>."), assistant("<|im_end|>")],
]
EXCHANGES = [
    [user("<tool_response>x</tool_response>"), assistant("c")],
    [user("Un."), assistant("Deux."), user("Trois."), assistant("Quatre.")],
    [system("S"), user("Un."), assistant("Deux."), user("Trois."), assistant(" \nQuatre."), system("T"), user("5")],
]
CALLS = [
    [user("Lyon ?"), assistant("", tool_calls=[LYON]), tool("22 °C"), assistant("Il fait 22 °C.")],
    [system("S"), user("?"), assistant("Voyons.", tool_calls=[LYON, NANTES]), tool("22"), tool("18"), assistant("!")],
    [user("?"), {"role": "assistant", "tool_calls": [call("heure", {})]}, tool("midi"), assistant("Midi.")],
    [user("?"), assistant("a", tool_calls=[NANTES]), tool("18"), assistant("b", tool_calls=[LYON]), tool("22")],
    [tool("18"), user("?"), assistant("a", tool_calls=[])],
]


def test_every_template_is_tested_here():
    assert sorted(path.stem for path in FOLDER.rglob("*.jinja")) == NAMES


@pytest.mark.parametrize("messages", PLAIN + EXCHANGES)
@pytest.mark.parametrize("name", ["smollm2", "lfm2"])
def test_plain_conversations_read_as_the_model_renders_them(name, messages):
    for turns, prompt in product(range(1, len(messages) + 1), (False, True)):
        part = messages[:turns]
        assert render(training(name), part, add_generation_prompt=prompt) == render(
            own(name), part, add_generation_prompt=prompt
        )


@pytest.mark.parametrize("messages", PLAIN + EXCHANGES + CALLS)
@pytest.mark.parametrize("tools", [None, [], TOOLS[:1], TOOLS])
def test_lfm2_reads_as_the_newer_revision_renders_it(messages, tools):
    for turns, prompt in product(range(1, len(messages) + 1), (False, True)):
        part = messages[:turns]
        assert render(training("lfm2"), part, tools=tools, add_generation_prompt=prompt) == render(
            own("lfm2_v2"), part, tools=tools, add_generation_prompt=prompt
        )


@pytest.mark.parametrize("arguments", [None, "", " {} ", "null", {}, []])
def test_lfm2_calls_without_arguments(arguments):
    messages = [user("?"), assistant("null", tool_calls=[call("heure", arguments)])]
    ours = render(training("lfm2"), messages)
    assert ours.endswith("<|im_start|>assistant\n<|tool_call_start|>[heure()]<|tool_call_end|><|im_end|>\n")
    assert ours == render(own("lfm2_v2"), messages)


def test_lfm2_other_content_is_json():
    messages = [user([{"type": "text", "text": "é"}]), assistant("a", tool_calls=[NANTES]), tool({"t": 1}), tool(None)]
    assert render(training("lfm2"), messages) == render(own("lfm2_v2"), messages)


def test_lfm2_refuses_arguments_as_json_text():
    messages = [user("?"), assistant("", tool_calls=[call("heure", '{"a": 1}')])]
    for template in (training("lfm2"), own("lfm2_v2")):
        with pytest.raises(TemplateError, match="mapping"):
            render(template, messages)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=4))
def test_the_arguments_of_a_call_are_written_as_the_model_writes_them(arguments):
    messages = [user("?"), assistant("a", tool_calls=[call("heure", arguments), LYON], reasoning_content="b")]
    assert render(training("lfm2"), messages) == render(own("lfm2_v2"), messages)
    assert render(training("qwen3"), messages) == render(own("qwen3"), messages)


QWEN3_LAST = [
    [user("Un."), assistant("Deux.", reasoning_content="Deux suit un.")],
    [user("Un."), assistant("<think>\nDeux suit\n\nun.\n</think>\n\n\nDeux.")],
    [user("Un."), assistant("Deux suit un.</think>Deux.")],
    [user("Un."), assistant("perdu<think> a <think>b</think>perdu</think>Deux.")],
    [user("Un."), assistant("<think>a</think>Deux.", reasoning_content="")],
    [user("Un."), assistant("<think>\n\n</think>\n\nDeux.")],
    [user("Un."), assistant("\n\nDeux.", reasoning_content="\n\n")],
    [user("Un."), assistant("\n", tool_calls=[LYON])],
    [user("Un."), assistant("\n", tool_calls=[NANTES], reasoning_content="\nMême\n")],
    [user("Un."), assistant("", tool_calls=[call("heure", '{"a":  1}'), LYON])],
    [user("?"), {"role": "assistant", "tool_calls": [LYON], "reasoning_content": "Lyon."}, tool("22"), assistant("!")],
    [
        system("S"),
        user("?"),
        assistant("Voyons.", tool_calls=[LYON, NANTES], reasoning_content="a"),
        tool("22"),
        tool("18"),
        assistant("<think>b</think>", tool_calls=[NANTES]),
        tool("18"),
        assistant("Voilà."),
    ],
]


@pytest.mark.parametrize("messages", PLAIN + QWEN3_LAST)
@pytest.mark.parametrize("tools", [None, TOOLS])
def test_qwen3_turns_after_the_last_question_read_as_the_model_renders_them(messages, tools):
    assert render(training("qwen3"), messages, tools=tools) == render(own("qwen3"), messages, tools=tools)


@pytest.mark.parametrize("messages", EXCHANGES + CALLS)
@pytest.mark.parametrize("tools", [None, TOOLS])
def test_qwen3_differs_in_earlier_turns_by_their_empty_think_blocks(messages, tools):
    texts = [render(template, messages, tools=tools) for template in (training("qwen3"), own("qwen3"))]
    assert texts[0].count(EMPTY) == sum(message["role"] == "assistant" for message in messages)
    assert texts[0].replace(EMPTY, "") == texts[1].replace(EMPTY, "")


def test_qwen3_keeps_earlier_thoughts():
    def conversation(thought):
        return [user("Un."), assistant(thought + "Deux."), user("Trois."), assistant("Quatre.")]

    thought = "<think>\nDeux suit un.\n</think>\n\n"
    ours = render(training("qwen3"), conversation(thought))
    assert ours.count(thought) == 1
    assert ours.replace(thought, "") == render(own("qwen3"), conversation(thought))


@pytest.mark.parametrize("thinking", [{}, {"enable_thinking": True}, {"enable_thinking": False}])
@pytest.mark.parametrize("tools", [None, TOOLS])
@pytest.mark.parametrize(
    "messages",
    [
        [user("Un.")],
        [system("S"), user("Un.")],
        [system("S")],
        [user("?"), assistant("", tool_calls=[LYON], reasoning_content="Lyon."), tool("22"), tool("23")],
    ],
)
def test_qwen3_prompts_are_the_models_own(messages, tools, thinking):
    prompts = [
        render(template, messages, tools=tools, add_generation_prompt=True, **thinking)
        for template in (training("qwen3"), own("qwen3"))
    ]
    assert prompts[0] == prompts[1]


@pytest.mark.parametrize("thinking", [None, True, False])
def test_qwen3_thinking_switch_never_changes_the_text_of_a_row(thinking):
    for messages in EXCHANGES + CALLS:
        assert render(training("qwen3"), messages, enable_thinking=thinking) == render(training("qwen3"), messages)


@pytest.mark.parametrize("messages", PLAIN + EXCHANGES + CALLS + QWEN3_LAST)
@pytest.mark.parametrize("tools", [None, TOOLS])
def test_the_published_form_of_qwen3_is_the_models_own_text(messages, tools):
    for turns, prompt in product(range(1, len(messages) + 1), (False, True)):
        texts = [
            render(template, messages[:turns], tools=tools, add_generation_prompt=prompt)
            for template in (training("qwen3_published"), own("qwen3"))
        ]
        assert texts[0] == texts[1]


LLAMA_CALLS = [
    [user(" Lyon ? "), assistant("", tool_calls=[LYON]), tool("22 °C"), assistant("Il fait 22 °C.")],
    [
        system(" S "),
        user("?"),
        {"role": "assistant", "tool_calls": [call("heure", {})]},
        tool({"t": 1}),
        assistant("!"),
    ],
]


@pytest.mark.parametrize("messages", PLAIN + EXCHANGES[:2] + LLAMA_CALLS)
@pytest.mark.parametrize("tools", [None, TOOLS])
def test_llama3_2_reads_as_the_model_renders_it(messages, tools):
    start = 1 + (messages[0]["role"] == "system")
    for turns, prompt in product(range(start, len(messages) + 1), (False, True)):
        variables = {"tools": tools, "add_generation_prompt": prompt, "date_string": "01 Jan 2025"}
        assert render(training("llama3_2"), messages[:turns], **variables) == render(
            own("llama3_2"), messages[:turns], **variables
        )
    assert f"Today Date: {date.today():%d %b %Y}" in render(training("llama3_2"), messages)


def test_llama3_2_refusals():
    for calls, words in (([LYON, LYON], ""), ([LYON], "Voyons.")):
        with pytest.raises(TemplateError, match="tool call"):
            render(training("llama3_2"), [user("?"), assistant(words, tool_calls=calls)])


def test_qwen3_refusals():
    thought = assistant("Deux.", reasoning_content="Deux suit un.")
    with pytest.raises(TemplateError, match="the last turn has a thought, but enable_thinking is false"):
        render(training("qwen3"), [user("Un."), thought], enable_thinking=False)
    render(training("qwen3"), [user("Un."), thought, user("Trois."), assistant("Quatre.")], enable_thinking=False)
    with pytest.raises(TemplateError, match="not 'developer'"):
        render(training("qwen3"), [{"role": "developer", "content": "a"}, user("Un.")])
    for role in ("system", "user", "assistant", "tool"):
        with pytest.raises((TemplateError, TypeError)):
            render(training("qwen3"), [user("Un."), {"role": role, "content": [{"type": "text", "text": "a"}]}])


def test_chatml_is_plain():
    messages = [system("Sois bref."), user("Un."), assistant("Deux.")]
    text = "<|im_start|>system\nSois bref.<|im_end|>\n<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n"
    assert render(training("chatml"), messages) == text + "Deux.<|im_end|>\n"
    assert render(training("chatml"), messages[:-1], add_generation_prompt=True) == text
    assert render(training("chatml"), messages[1:]).startswith("<|im_start|>user\n")


@pytest.mark.parametrize("name", ["chatml", "smollm2"])
@pytest.mark.parametrize(
    ("messages", "tools"),
    [(PLAIN[0], TOOLS), (CALLS[0][:2], None), ([user("a"), tool("b"), assistant("c")], None)],
)
def test_templates_without_a_format_for_tools_refuse_them(name, messages, tools):
    with pytest.raises(TemplateError, match="no format for tools"):
        render(training(name), messages, tools=tools)


RENDERED = {
    "chatml": PLAIN + EXCHANGES,
    "lfm2": PLAIN + EXCHANGES + CALLS,
    "llama3_2": PLAIN + EXCHANGES,
    "qwen3": PLAIN + EXCHANGES + CALLS + QWEN3_LAST,
    "qwen3_published": PLAIN + EXCHANGES + CALLS + QWEN3_LAST,
    "smollm2": PLAIN + EXCHANGES,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_inference_template_renders_the_same(name):
    template = training(name)
    stripped = inference_template(template)
    assert "endgeneration" not in stripped
    assert inference_template(stripped) == stripped
    for messages, thinking, prompt in product(RENDERED[name], (True, None), (False, True)):
        variables = {"enable_thinking": thinking, "add_generation_prompt": prompt}
        assert render(stripped, messages, **variables) == render(template, messages, **variables)


SIGNS = st.sampled_from(["", "-", "+"])
COMMENT = "{# {% generation %} #}"
AROUND = st.lists(
    st.sampled_from(["a", " ", "\n", "\t", "{% if true %}{% endif %}", "{{- 'b' -}}", "{# c #}", COMMENT]), max_size=5
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.tuples(SIGNS, SIGNS, SIGNS, SIGNS), st.tuples(AROUND, AROUND, AROUND), st.sampled_from(["", " ", "\n  "]))
def test_markers_go_in_every_spelling_and_the_text_stays(signs, around, space):
    first, second, third, fourth = signs
    before, inside, after = around
    opening = f"{{%{first}{space}generation{space}{second}%}}"
    closing = f"{{%{third}{space}endgeneration{space}{fourth}%}}"
    template = before + opening + inside + closing + after
    stripped = inference_template(template)
    assert opening not in stripped.replace(COMMENT, "") and closing not in stripped
    assert render(stripped, []) == render(template, [])

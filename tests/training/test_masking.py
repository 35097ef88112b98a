"""Golden masks: what is trained, token by token."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luth.core.errors import UserError
from luth.training.masking import IGNORED, inference_template, mask, read_training_template

SMOLLM2 = "src/luth/templates/smollm2.jinja"
QWEN3 = "src/luth/templates/qwen3.jinja"
LFM2 = "src/luth/templates/lfm2.jinja"
CHATML = "src/luth/templates/chatml.jinja"


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def system(text):
    return {"role": "system", "content": text}


def tool(text):
    return {"role": "tool", "content": text}


def call(**arguments):
    return {"type": "function", "function": {"name": "temps", "arguments": arguments}}


TOOLS = [{"type": "function", "function": {"name": "temps", "parameters": {"type": "object", "properties": {}}}}]
TOOLS_TEXT = '{"type": "function", "function": {"name": "temps", "parameters": {"type": "object", "properties": {}}}}'


@pytest.fixture(scope="session")
def merging(tokenizer):
    """The tokenizer as the models have theirs: two newlines are one token, and LFM2's markers are special."""
    merging = copy.deepcopy(tokenizer)
    merging.add_special_tokens({"bos_token": "<|startoftext|>"})
    kinds = ("tool_list", "tool_call", "tool_response")
    merging.add_tokens([f"<|{kind}_{edge}|>" for kind in kinds for edge in ("start", "end")], special_tokens=True)
    merging.add_tokens(["\n\n"])
    return merging


def runs(encoded, tokenizer):
    """Return the text as runs of (trained, text), from tokens and labels alone."""
    runs = []
    for token, label in zip(encoded["input_ids"], encoded["labels"], strict=True):
        assert label in (token, IGNORED)
        on = label != IGNORED
        if runs and runs[-1][0] == on:
            runs[-1][1].append(token)
        else:
            runs.append((on, [token]))
    return [(on, tokenizer.decode(ids)) for on, ids in runs]


DEFAULT = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
GOLDEN = {
    "single": (
        SMOLLM2,
        [user("Ça va ?"), assistant("Très bien.")],
        [
            (False, DEFAULT + "<|im_start|>user\nÇa va ?<|im_end|>\n<|im_start|>assistant\n"),
            (True, "Très bien.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "system and two exchanges": (
        SMOLLM2,
        [system("Sois bref."), user("Un."), assistant("Deux."), user("Trois."), assistant("Quatre.")],
        [
            (
                False,
                "<|im_start|>system\nSois bref.<|im_end|>\n<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n",
            ),
            (True, "Deux.<|im_end|>"),
            (False, "\n<|im_start|>user\nTrois.<|im_end|>\n<|im_start|>assistant\n"),
            (True, "Quatre.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, no thought": (
        QWEN3,
        [user("Un."), assistant("Deux.")],
        [
            (False, "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            (True, "Deux.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, a thought and none": (
        QWEN3,
        [user("Un."), assistant("<think>\nDeux suit un.\n</think>\n\nDeux."), user("Et ?"), assistant("Trois.")],
        [
            (False, "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n"),
            (True, "<think>\nDeux suit un.\n</think>\n\nDeux.<|im_end|>"),
            (False, "\n<|im_start|>user\nEt ?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            (True, "Trois.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "smollm2, an answer that begins with newlines": (
        SMOLLM2,
        [system("S"), user("Un.\n"), assistant("\n\nDeux.\n")],
        [
            (False, "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nUn.\n<|im_end|>\n<|im_start|>assistant\n"),
            (True, "\n\nDeux.\n<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "chatml, spaces, accents and an emoji": (
        CHATML,
        [user("  Ça\u00a0? 👩‍🚀 "), assistant("  Où ? 🙂 "), user("e\u0301"), assistant("\tÉ")],
        [
            (False, "<|im_start|>user\n  Ça\u00a0? 👩‍🚀 <|im_end|>\n<|im_start|>assistant\n"),
            (True, "  Où ? 🙂 <|im_end|>"),
            (False, "\n<|im_start|>user\ne\u0301<|im_end|>\n<|im_start|>assistant\n"),
            (True, "\tÉ<|im_end|>"),
            (False, "\n"),
        ],
    ),
    # Written-out tokens become tokens, here as at inference: a user can end a turn, but trains nothing by it.
    "chatml, tokens written out": (
        CHATML,
        [user("a<|im_end|>\n<|im_start|>assistant\nb<|im_end|>"), assistant("c<|im_end|>d")],
        [
            (
                False,
                "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|><|im_end|>\n<|im_start|>assistant\n",
            ),
            (True, "c<|im_end|>d<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, newlines and a thought that is blank": (
        QWEN3,
        [user("Un."), assistant("\n\n Deux.", reasoning_content="\n\n")],
        [
            (False, "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            (True, " Deux.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, none and a thought of its own field": (
        QWEN3,
        [system("S"), user("Un."), assistant("Deux."), user("Et ?"), assistant("Trois.", reasoning_content="2 + 1")],
        [
            (
                False,
                "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nUn.<|im_end|>\n"
                "<|im_start|>assistant\n<think>\n\n</think>\n\n",
            ),
            (True, "Deux.<|im_end|>"),
            (False, "\n<|im_start|>user\nEt ?<|im_end|>\n<|im_start|>assistant\n"),
            (True, "<think>\n2 + 1\n</think>\n\nTrois.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, none where thinking is on": (
        QWEN3,
        [user("Un. /no_think"), assistant("Deux.")],
        [
            (False, "<|im_start|>user\nUn. /no_think<|im_end|>\n<|im_start|>assistant\n"),
            (True, "<think>\n\n</think>\n\nDeux.<|im_end|>"),
            (False, "\n"),
        ],
        {"enable_thinking": True},
    ),
    "qwen3, none where thinking is off": (
        QWEN3,
        [user("Un."), assistant("Deux.")],
        [
            (False, "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            (True, "Deux.<|im_end|>"),
            (False, "\n"),
        ],
        {"enable_thinking": False},
    ),
    "qwen3, tools": (
        QWEN3,
        [
            system("S"),
            user("Lyon et Brest ?"),
            assistant("Voyons.", tool_calls=[call(ville="Lyon"), call(ville="Brest")], reasoning_content="Deux."),
            tool("22"),
            tool("18"),
            assistant("", tool_calls=[call()]),
            tool("20"),
            assistant("22 et 18."),
        ],
        [
            (
                False,
                "<|im_start|>system\nS\n\n# Tools\n\nYou may call one or more functions to assist with the user query."
                "\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
                + TOOLS_TEXT
                + "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
                '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": '
                "<args-json-object>}\n</tool_call><|im_end|>\n"
                "<|im_start|>user\nLyon et Brest ?<|im_end|>\n<|im_start|>assistant\n",
            ),
            (
                True,
                "<think>\nDeux.\n</think>\n\nVoyons."
                '\n<tool_call>\n{"name": "temps", "arguments": {"ville": "Lyon"}}\n</tool_call>'
                '\n<tool_call>\n{"name": "temps", "arguments": {"ville": "Brest"}}\n</tool_call><|im_end|>',
            ),
            (
                False,
                "\n<|im_start|>user\n<tool_response>\n22\n</tool_response>\n<tool_response>\n18\n</tool_response>"
                "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
            ),
            (True, '<tool_call>\n{"name": "temps", "arguments": {}}\n</tool_call><|im_end|>'),
            (
                False,
                "\n<|im_start|>user\n<tool_response>\n20\n</tool_response><|im_end|>\n"
                "<|im_start|>assistant\n<think>\n\n</think>\n\n",
            ),
            (True, "22 et 18.<|im_end|>"),
            (False, "\n"),
        ],
        {"tools": TOOLS},
    ),
    "lfm2, system and two exchanges": (
        LFM2,
        [system("S"), user("Un."), assistant("\n\nDeux."), user("Trois."), assistant(" Quatre.")],
        [
            (
                False,
                "<|startoftext|><|im_start|>system\nS<|im_end|>\n<|im_start|>user\nUn.<|im_end|>\n"
                "<|im_start|>assistant\n",
            ),
            (True, "\n\nDeux.<|im_end|>"),
            (False, "\n<|im_start|>user\nTrois.<|im_end|>\n<|im_start|>assistant\n"),
            (True, " Quatre.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "lfm2, tools": (
        LFM2,
        [
            user("Lyon ?"),
            assistant("Voyons.", tool_calls=[call(ville="L'Isle", jours=2), call()]),
            tool("22"),
            assistant("22."),
        ],
        [
            (
                False,
                f"<|startoftext|><|im_start|>system\nList of tools: <|tool_list_start|>[{TOOLS_TEXT}]<|tool_list_end|>"
                "<|im_end|>\n<|im_start|>user\nLyon ?<|im_end|>\n<|im_start|>assistant\n",
            ),
            (True, r"Voyons.<|tool_call_start|>[temps(ville='L\'Isle', jours=2), temps()]<|tool_call_end|><|im_end|>"),
            (
                False,
                "\n<|im_start|>tool\n<|tool_response_start|>22<|tool_response_end|><|im_end|>\n"
                "<|im_start|>assistant\n",
            ),
            (True, "22.<|im_end|>"),
            (False, "\n"),
        ],
        {"tools": TOOLS},
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_mask(name, merging):
    template, messages, expected, *variables = GOLDEN[name]
    encoded = mask(messages, merging, read_training_template(template), **dict(*variables))
    assert runs(encoded, merging) == expected


TEXT = st.lists(
    st.sampled_from(["\n", "\n\n", " ", "é", "🙂", "Oui", "<|", "<think>"]) | st.text(max_size=4), max_size=6
)
TURN = TEXT.map("".join).filter(lambda text: "|>" not in text)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([(CHATML, {}), (SMOLLM2, {}), (LFM2, {}), (QWEN3, {}), (QWEN3, {"enable_thinking": False})]),
    st.none() | TURN,
    # A prompt at inference reads earlier answers anew, so what they begin with may melt into the newline before them.
    st.lists(st.tuples(TURN, TURN.map("Bon".__add__)), max_size=2),
    st.tuples(TURN, TURN),
)
def test_answers_are_trained_and_prompts_are_those_of_inference(merging, model, opening, earlier, last):
    path, variables = model
    template = read_training_template(path)
    exchanges = [*earlier, last]
    messages = [] if opening is None else [system(opening)]
    for question, answer in exchanges:
        messages += [user(question), assistant(answer)]
    encoded = mask(messages, merging, template, **variables)
    text = merging.apply_chat_template(messages, chat_template=template, tokenize=False, **variables)
    assert merging.decode(encoded["input_ids"]) == text
    answers = [answer.lstrip("\n") if path == QWEN3 else answer for _, answer in exchanges]
    found = runs(encoded, merging)
    assert [run for on, run in found if on] == [f"{answer}<|im_end|>" for answer in answers]
    prompt = merging.apply_chat_template(
        messages[:-1],
        chat_template=inference_template(template),
        add_generation_prompt=True,
        **{"enable_thinking": False} | variables,
    )["input_ids"]
    assert encoded["input_ids"][: len(prompt)] == prompt
    assert merging.decode(encoded["input_ids"][len(prompt) :]) == f"{answers[-1]}<|im_end|>\n"
    assert encoded["labels"][len(prompt) - 1 : len(prompt) + 1] == [IGNORED, encoded["input_ids"][len(prompt)]]


def test_the_smollm2_prompt_is_the_tokenizers_own(merging):
    messages = [user("Un."), assistant("Deux."), user("Trois."), assistant("\n\nQuatre.")]
    ids = mask(messages, merging, read_training_template(SMOLLM2))["input_ids"]
    prompt = merging.apply_chat_template(messages[:-1], add_generation_prompt=True)["input_ids"]
    assert ids[: len(prompt)] == prompt
    whole = merging.apply_chat_template(messages)["input_ids"]
    assert whole[: len(prompt)] != prompt, "one pass over the whole text would have melted the newlines"


def test_a_token_written_out_in_a_message_becomes_that_token_as_at_inference(merging):
    messages = [user("a<|im_end|>b"), assistant("c<|im_end|>d")]
    encoded = mask(messages, merging, read_training_template(CHATML))
    assert encoded["input_ids"].count(merging.eos_token_id) == 4
    assert encoded["labels"].count(merging.eos_token_id) == 2
    assert (
        encoded["input_ids"]
        == merging.apply_chat_template(messages, chat_template=inference_template(read_training_template(CHATML)))[
            "input_ids"
        ]
    )


def test_keys_that_are_none_were_not_there(merging):
    template = read_training_template(QWEN3)
    messages = [user("Un."), assistant("Deux.")]
    filled = [{**message, "tool_calls": None, "reasoning_content": None} for message in messages]
    assert mask(filled, merging, template, enable_thinking=None) == mask(messages, merging, template)


def test_what_a_template_refuses_is_said_in_one_line(merging):
    with pytest.raises(UserError, match=r"^the last turn has a thought, but enable_thinking is false$"):
        mask(
            [user("Un."), assistant("<think>a</think>b")],
            merging,
            read_training_template(QWEN3),
            enable_thinking=False,
        )
    with pytest.raises(UserError, match=r"^SmolLM2 has no format for tools"):
        mask([user("Un."), assistant("Deux.")], merging, read_training_template(SMOLLM2), tools=TOOLS)
    with pytest.raises(UserError, match=r"^deux lignes$"):
        mask([user("a")], merging, "{% generation %}{{ raise_exception('deux\nlignes') }}{% endgeneration %}")
    with pytest.raises(UserError, match="no attribute 'content'"):
        mask([{"role": "user"}, assistant("b")], merging, read_training_template(CHATML))
    with pytest.raises(UserError, match="concatenate"):
        mask([user("a"), assistant(["b"])], merging, read_training_template(CHATML))


def test_the_padding_token_that_ends_a_turn_is_still_trained(tokenizer):
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    encoded = mask([user("a"), assistant("b")], tokenizer, read_training_template(SMOLLM2))
    assert encoded["labels"][-2] == tokenizer.eos_token_id


def test_a_template_that_cannot_train_is_refused(tmp_path):
    path = tmp_path / "own.jinja"
    for text, message in [
        ("{{ messages[0]['content'] }}", r"own\.jinja has no \{% generation %\}"),
        ("{# {% generation %}{% endgeneration %} #}{% if add_generation_prompt %}a{% endif %}", r"\{% generation %\}"),
        ("a\n{% generation %}b", r"own\.jinja, line 2: Unexpected end of template"),
    ]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=message) as error:
            read_training_template(str(path))
        assert error.value.code == "bad-template"
    with pytest.raises(UserError, match=r"none\.jinja") as error:
        read_training_template(str(tmp_path / "none.jinja"))
    assert error.value.code == "bad-template"


def test_rows_are_never_cut_or_padded_by_what_a_tokenizer_was_saved_with(tokenizer):
    saved = copy.deepcopy(tokenizer)
    saved.backend_tokenizer.enable_truncation(5)
    saved.backend_tokenizer.enable_padding(length=512)
    template, messages = read_training_template(CHATML), [user("Bonjour à tous, ça va ?"), assistant("Très bien !")]
    assert mask(messages, saved, template) == mask(messages, tokenizer, template)


@settings(deadline=None)
@given(contents=st.lists(st.text(), min_size=2, max_size=4).filter(lambda each: len(each) % 2 == 0))
def test_the_tokens_are_those_that_the_tokenizer_gives_for_the_whole_text(tokenizer, contents):
    template = read_training_template(CHATML)
    messages = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(contents)]
    encoded = mask(messages, tokenizer, template)
    text = tokenizer.apply_chat_template(messages, chat_template=inference_template(template), tokenize=False)
    assert tokenizer.decode(encoded["input_ids"]) == tokenizer.decode(tokenizer.encode(text, add_special_tokens=False))

"""Which template trains which model, what it trains, and what is said where it is not the model's own."""

import json
import re
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from luth.core.errors import UserError
from luth.training.chat_templates import TRL_TEMPLATES, describe, row_difference, to_compare, training_template
from luth.training.masking import IGNORED, mask, pieces_stand_alone, read_training_template, render
from tests.conftest import SMOLLM2_TEMPLATE

TOKEN = re.compile(r"<\|\w+\|>|<｜[^｜]+｜>|<(?:start|end)_of_turn>|</?think>|<eos>")
TURNS = ("Un ?", " Deux. ", "Trois ?", "Quatre.")


def shipped(name):
    return (TRL_TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def messages(*contents):
    return [{"role": ("user", "assistant")[n % 2], "content": content} for n, content in enumerate(contents)]


def byte_level(template, end="<eos>", rstrip=()):
    """A tokenizer of one token a byte, with the tokens that a chat template writes."""
    special = sorted({*TOKEN.findall(template), "<eos>", end})
    vocabulary = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    inner = Tokenizer(models.BPE(vocab={word: at for at, word in enumerate(vocabulary)}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(token, rstrip=token in rstrip) for token in special])
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<eos>", eos_token=end, chat_template=template)


def runs(encoded, tokenizer):
    pairs = zip(encoded["input_ids"], encoded["labels"], strict=True)
    return [
        (on, tokenizer.decode([token for token, _ in run], clean_up_tokenization_spaces=False))
        for on, run in groupby(pairs, key=lambda pair: pair[1] != IGNORED)
    ]


def trained(encoded, tokenizer):
    return [text for on, text in runs(encoded, tokenizer) if on]


def test_trl_s_qwen2_5_keeps_its_default_system_prompt_and_trains_no_line_break():
    tokenizer = byte_level(shipped("qwen2_5"))
    template = training_template(None, tokenizer, "m")
    assert template.name == "trl/chat_templates/qwen2_5_training.jinja"
    assert runs(mask(messages(*TURNS), tokenizer, template.text), tokenizer) == [
        (
            False,
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
            "<|im_start|>user\nUn ?<|im_end|>\n<|im_start|>assistant\n",
        ),
        (True, " Deux. <|im_end|>"),
        (False, "\n<|im_start|>user\nTrois ?<|im_end|>\n<|im_start|>assistant\n"),
        (True, "Quatre.<|im_end|>"),
        (False, "\n"),
    ]
    assert "does not train" in describe(template, tokenizer)


CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WITHOUT_THOUGHT = CHATML.replace("m['content']", "(m['content'] if loop.last else m['content'].split('</think>')[-1])")
LATER = CHATML.replace("'\n' + m", "('#\n' if loop.index0 > 4 else '\n') + m")
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHATML
THOUGHT = "<think>un</think>b"


@pytest.mark.parametrize(
    ("own", "row", "said"),
    [
        (WITHOUT_THOUGHT, messages("a", THOUGHT, "c", "d"), "writes 'b<"),
        (WITHOUT_THOUGHT, messages("a", THOUGHT), None),
        (WITHOUT_THOUGHT, messages("a", "b", "c", "d"), None),
        (LATER, messages(*"abcdef"), "writes '#"),
        (NO_SYSTEM, [{"role": "system", "content": "s"}, *messages("a", "b")], "refuses it: no system"),
        (NO_SYSTEM, messages("a", "b"), None),
        (shipped("qwen3"), messages("a", THOUGHT, "c", " \n d ", "e", "f"), None),
        (shipped("qwen3"), messages("a", "  b", "c <b>", "d", "e", "f", "g", "h"), None),
        (shipped("qwen3_5_think"), messages("a", THOUGHT, "c", " \n d ", "e", "f"), None),
        (shipped("gemma3"), messages("a", " \n <b> ", "c", " \n d ", "e", "f"), None),
    ],
)
def test_a_row_of_which_the_model_s_own_template_writes_another_text_is_said(own, row, said):
    tokenizer = byte_level(own + THOUGHT)
    tokenizer.chat_template = own
    template = training_template(None, tokenizer, "m")
    text, compared = render(row, tokenizer, template.text)[0], to_compare(template, tokenizer)
    found = row_difference(text, row, {"tools": None}, tokenizer, compared)
    assert (found is None) == (said is None) and (said or "") in (found or ""), found


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} "
            "{% generation %}{{ m.content + eos_token }}{% endgeneration %}{% endif %}{% endfor %}",
            "begin after ' '",
        ),
        (
            "{% for m in messages %}{% generation %}{{ m.content + eos_token }}{% endgeneration %}{% endfor %}",
            "hold what the user says",
        ),
        (
            "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %}"
            "{% generation %}{{ ' ' + m.content + eos_token }}{% endgeneration %}{% endif %}{% endfor %}",
            None,
        ),
        ("{% for m in messages %}{{ m.content ", "cannot be rendered"),
    ],
)
def test_markers_hold_the_whole_answer_and_no_question(template, said):
    if said is None:
        assert training_template(None, byte_level(template), "m").name == "the chat template of m"
        return
    with pytest.raises(UserError, match=said) as error:
        training_template(None, byte_level(template), "m")
    assert error.value.code == "bad-template"


IM, QWEN, EMPTY = "<|im_end|>", "<|im_start|>assistant\n", "<think>\n\n</think>\n\n"
OPEN = QWEN + "<think>\n"
FAMILIES = [
    # The model's own template, where the first answer's prompt ends, the trained texts, the template that is taken.
    ("qwen3", QWEN + EMPTY, [" Deux. " + IM, "Quatre." + IM], "qwen3.jinja"),
    ("qwen3_5_think", QWEN + EMPTY, ["Deux." + IM, "Quatre." + IM], "trl/chat_templates/qwen3_5_think_training.jinja"),
    (
        "qwen3_5_nothink",
        QWEN + EMPTY,
        ["Deux." + IM, "Quatre." + IM],
        "trl/chat_templates/qwen3_5_nothink_training.jinja",
    ),
    (
        "gemma3",
        "<start_of_turn>model\n",
        ["Deux.<end_of_turn>", "Quatre.<end_of_turn>"],
        "trl/chat_templates/gemma3_training.jinja",
    ),
    ("lfm2", QWEN, [" Deux. " + IM, "Quatre." + IM], "lfm2.jinja"),
    ("lfm2_v2", QWEN, [" Deux. " + IM, "Quatre." + IM], "lfm2.jinja"),
    ("lfm2_2_5", QWEN, [" Deux. " + IM, "Quatre." + IM], "the chat template of m"),
    ("lfm2_2_5_v2", QWEN, [" Deux. " + IM, "Quatre." + IM], "the chat template of m"),
    (
        "phi3_5",
        "<|assistant|>\n",
        [" Deux. <|end|>", "Quatre.<|end|>"],
        "trl/chat_templates/phi3_5_training.jinja",
    ),
    (
        "llama3_2",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ["Deux.<|eot_id|>", "Quatre.<|eot_id|>"],
        "llama3_2.jinja",
    ),
    ("deepseek_r1_distill", "<｜Assistant｜>", None, "trl/chat_templates/deepseek_r1_distill_training.jinja"),
]


@pytest.mark.parametrize(("name", "prompt", "texts", "taken"), FAMILIES)
def test_golden_masks_of_families(name, prompt, texts, taken):
    tokenizer = byte_level(shipped(name))
    template = training_template(None, tokenizer, "m")
    assert template.name == taken and taken in describe(template, tokenizer)
    found = runs(mask(messages(*TURNS), tokenizer, template.text), tokenizer)
    assert not found[0][0] and found[0][1].endswith(prompt)
    assert texts is None or [text for on, text in found if on] == texts


@pytest.mark.parametrize("name", ["qwen3_5_think", "qwen3_5_nothink"])
def test_thoughts_of_qwen3_5_are_trained_behind_the_prompt_that_inference_has(name):
    tokenizer = byte_level(shipped(name))
    text = training_template(None, tokenizer, "m").text
    row = messages("Un ?", "Deux.")
    row[1]["reasoning_content"] = "Un, deux."
    thought = "Un, deux.\n</think>\n\nDeux." + IM
    assert trained(mask(row, tokenizer, text), tokenizer) == [thought]
    row[1].pop("reasoning_content")
    assert trained(mask(row, tokenizer, text, enable_thinking=True), tokenizer) == ["\n</think>\n\nDeux." + IM]
    for thinking in (True, False):
        prompt = tokenizer.apply_chat_template(row[:1], add_generation_prompt=True, enable_thinking=thinking)
        encoded = mask(row, tokenizer, text, enable_thinking=thinking)
        size = len(prompt["input_ids"])
        assert encoded["input_ids"][:size] == prompt["input_ids"]
        assert encoded["labels"][size - 1] == IGNORED != encoded["labels"][size]


def test_the_first_of_ours_that_renders_as_the_model_s_own_is_taken():
    for own, name in ((SMOLLM2_TEMPLATE, "smollm2.jinja"), (CHATML, "chatml.jinja")):
        assert training_template(None, byte_level(own), "m").name == name


@pytest.mark.parametrize(
    ("own", "path", "facts"),
    [
        ("qwen2_5", "qwen3.jinja", ["one turn", "'system", "'user", "qwen2_5_training.jinja fits"]),
        ("qwen2_5", "chatml.jinja", ["one turn", "You are Qwen", "qwen2_5_training.jinja fits"]),
        ("qwen3_instruct_2507", "qwen3.jinja", ["<think>", "qwen3_instruct_2507_training.jinja fits"]),
        ("lfm2_v2", "chatml.jinja", ["lfm2.jinja fits"]),
        ("gemma4", "chatml.jinja", ["copy of the model's own"]),
    ],
)
def test_a_template_that_is_not_the_model_s_own_is_refused(own, path, facts):
    with pytest.raises(UserError) as error:
        training_template(path, byte_level(shipped(own)), "m")
    text = str(error.value)
    assert error.value.code == "bad-template" and "\n" not in text and all(fact in text for fact in facts), text


def test_a_model_without_a_training_template_is_told_what_to_do():
    # SmolLM3's template is not in TRL 1.16: any other stands for it.
    own = "{% for m in messages %}{{ '[' + m['role'] + '] ' + m['content'] + '<eos>' }}{% endfor %}"
    for template, facts in (
        (own, ["generation markers", "add-a-model-family.md"]),
        (None, ["chatml.jinja", "eos_token"]),
    ):
        with pytest.raises(UserError) as error:
            training_template(None, byte_level(own) if template else no_template(), "m")
        assert error.value.code == "bad-template" and all(fact in str(error.value) for fact in facts)
    with pytest.raises(UserError, match="plain text"):
        training_template(None, byte_level(shipped("smolvlm")), "m")


def no_template():
    tokenizer = byte_level("")
    tokenizer.chat_template = None
    return tokenizer


def test_a_header_documents_a_difference_or_names_one_that_nothing_checks(tmp_path):
    own, path = shipped("qwen3"), tmp_path / "own.jinja"
    text = (Path("src/luth/templates") / "qwen3.jinja").read_text("utf-8")
    line = "Differs from the model's own: earlier think blocks."
    assert line in text
    path.write_text(text, "utf-8")
    assert training_template(str(path), byte_level(own), "m").documented == {"earlier think blocks"}
    for changed, fact in (
        (text.replace(line, ""), "two turns"),
        (text.replace("earlier think", "all my"), "all my blocks"),
    ):
        path.write_text(changed, "utf-8")
        with pytest.raises(UserError, match=fact) as error:
            training_template(str(path), byte_level(own), "m")
        assert error.value.code == "bad-template"


def test_today_s_date_is_another_every_day_and_the_same_in_training():
    tokenizer = byte_level(shipped("llama3_2"))
    template = training_template("llama3_2.jinja", tokenizer, "m")
    assert "Today Date: 26 Jul 2024" in tokenizer.decode(mask(messages(*TURNS), tokenizer, template.text)["input_ids"])
    assert "2024-07-26" in describe(template, tokenizer)


def metaspace(scheme="first", rstrip=False):
    """A SentencePiece-like BPE, which puts a space before a text, trained on a few lines."""
    inner = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    if scheme == "normalizer":
        inner.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        inner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    else:
        inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
        inner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = ["<unk>", "<eos>", "<|im_start|>", "<|im_end|>"]
    byte_tokens = [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=[*special, *byte_tokens], show_progress=False, max_token_length=6
    )
    lines = Path("recipes/demo/data/train/written.jsonl").read_text("utf-8").splitlines()[:40]
    inner.train_from_iterator([m["content"] for line in lines for m in json.loads(line)["messages"]], trainer)
    state = json.loads(inner.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] in special]
    for token in state["added_tokens"]:
        token["rstrip"] = rstrip and token["content"] == "<|im_end|>"
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)), eos_token="<eos>", unk_token="<unk>"
    )


SCHEMES = {
    (scheme, rstrip): metaspace(scheme, rstrip)
    for scheme, rstrip in (("first", False), ("always", False), ("normalizer", False), ("first", True))
}
TEXT = st.lists(
    st.sampled_from([" ", "\n", "é", "🙂", "Oui", "bonjour ", "  ", "1"]) | st.text(max_size=3), max_size=6
)
WORDS = TEXT.map("".join).filter(lambda text: "|>" not in text and "<" not in text)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(list(SCHEMES)), WORDS, WORDS, WORDS)
def test_sentencepiece_tokenizers_get_the_ids_of_the_whole_text(kind, question, answer, second):
    tokenizer = SCHEMES[kind]
    assert not pieces_stand_alone(tokenizer)
    template = read_training_template("chatml.jinja")
    row = messages(question, f"A{answer}", second, f"B{answer}")
    text = tokenizer.apply_chat_template(row, chat_template=template, tokenize=False)
    encoded = mask(row, tokenizer, template)
    # No token can hold a line break and a letter: none crosses a border.
    assert encoded["input_ids"] == tokenizer(text, add_special_tokens=False)["input_ids"]
    prompt = tokenizer.apply_chat_template(row[:3], chat_template=template, add_generation_prompt=True)["input_ids"]
    assert encoded["input_ids"][: len(prompt)] == prompt
    assert encoded["labels"][len(prompt) - 1] == IGNORED != encoded["labels"][len(prompt)]
    ends = [token for token in encoded["labels"] if token == tokenizer.convert_tokens_to_ids("<|im_end|>")]
    assert len(ends) == 2


@pytest.mark.parametrize("scheme", ["first", "always", "normalizer"])
def test_a_token_that_would_hold_prompt_and_answer_is_cut_without_a_space_of_its_own(scheme):
    tokenizer = SCHEMES[scheme, False]
    template = "{% for m in messages %}{% if m.role == 'user' %}{{ 'Q: ' + m.content + ' A:' }}{% else %}" + (
        "{% generation %}{{ m.content + '<eos>' }}{% endgeneration %}{% endif %}{% endfor %}"
    )
    word = next(token for token in sorted(tokenizer.get_vocab()) if re.fullmatch("▁[a-z]", token))
    spaced = template.replace("' A:'", "' A: '")
    plain, cut = (
        mask(messages("x", answer), tokenizer, text)
        for text, answer in ((template, word.replace("▁", " ")), (spaced, word[1:]))
    )
    assert tokenizer.convert_tokens_to_ids(word) in plain["labels"]
    prompt = tokenizer("Q: x A: ", add_special_tokens=False)["input_ids"]
    assert cut["input_ids"][: len(prompt)] == prompt and set(cut["labels"][: len(prompt)]) == {IGNORED}
    assert not any("▁" in token for token in tokenizer.convert_ids_to_tokens(cut["input_ids"][len(prompt) :]))
    assert tokenizer.decode(cut["input_ids"]) == tokenizer.decode(plain["input_ids"])


def test_a_token_that_takes_in_the_line_break_behind_it_does_so_in_training():
    tokenizer = byte_level(shipped("phi3_5"), rstrip=("<|end|>", "<|assistant|>", "<|user|>"))
    template = training_template(None, tokenizer, "m").text
    text = tokenizer.apply_chat_template(messages(*TURNS), tokenize=False)
    encoded = mask(messages(*TURNS), tokenizer, template)
    # <|assistant|> takes in all white space behind it, the answer's own too, as at inference.
    assert encoded["input_ids"] == tokenizer(text, add_special_tokens=False)["input_ids"]
    assert trained(encoded, tokenizer) == ["Deux. <|end|>", "Quatre.<|end|>"]

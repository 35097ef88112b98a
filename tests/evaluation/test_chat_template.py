"""Prompts and choices have the template's own ids, whatever the tokenizer adds, joins or puts before a text."""

import copy
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from luth.core.errors import UserError
from luth.evaluation.backends.chat_template import choice_ids, prompt_ids, render, without_system_role
from luth.templates import date_fixed
from tests.conftest import SMOLLM2_TEMPLATE

ASKED = [{"role": "user", "content": "Quelle couleur a le ciel\u00a0?"}]
BOS, END = "<|endoftext|>", "<|im_end|>"


@pytest.fixture(scope="module")
def make_tokenizer(tokenizer):
    """Make a tokenizer whose template writes the beginning of text, or which prepends it itself, or both."""

    def make(writes, prepends):
        inner = copy.deepcopy(tokenizer._tokenizer)
        if prepends:
            special = [(BOS, inner.token_to_id(BOS))]
            inner.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=special)
        template = ("{{ bos_token }}" if writes else "") + SMOLLM2_TEMPLATE
        return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token=BOS, eos_token=END, chat_template=template)

    return make


@pytest.fixture(scope="module")
def with_spaces():
    """A tokenizer of SentencePiece's kind, which begins every text with a space."""
    inner = Tokenizer(models.BPE(unk_token="<unk>"))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>", BOS, END], show_progress=False)
    inner.train_from_iterator(["oui non peut-être la réponse est oui assistant\n" * 4], trainer)
    template = "{% for message in messages %}{{ message.content }}<|im_end|>{% endfor %}{{ 'assistant\n' }}"
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token=BOS, eos_token=END, chat_template=template)


@pytest.mark.parametrize(
    ("writes", "prepends", "own", "lightevals"),
    [(True, True, 1, 2), (True, False, 1, 1), (False, True, 0, 1), (False, False, 0, 0)],
)
def test_beginnings_of_text_are_the_templates(make_tokenizer, writes, prepends, own, lightevals):
    tokenizer = make_tokenizer(writes, prepends)
    for kind, count in (("template", own), ("lighteval", lightevals)):
        ids = prompt_ids(tokenizer, ASKED, None, kind)
        context, _ = choice_ids(tokenizer, ASKED, [" bleu"], None, kind)
        assert ids.count(tokenizer.bos_token_id) == context.count(tokenizer.bos_token_id) == count
        assert [token == tokenizer.bos_token_id for token in ids[:count]] == [True] * count
        assert tokenizer.decode(ids[count:]) == render(tokenizer, ASKED, None).removeprefix(BOS * writes)


def test_the_prompts_last_line_break_is_the_prompts(make_tokenizer):
    tokenizer = make_tokenizer(True, True)
    context, (one, other) = choice_ids(tokenizer, ASKED, [" bleu", "A"], None)
    assert context == prompt_ids(tokenizer, ASKED, None) and tokenizer.decode(context[-1:]) == "\n"
    assert (tokenizer.decode(one), tokenizer.decode(other)) == (" bleu", "A")
    shorter, (one, other) = choice_ids(tokenizer, ASKED, [" bleu", "A"], None, "lighteval")
    assert tokenizer.decode(shorter).endswith("<|im_start|>assistant")
    assert (tokenizer.decode(one), tokenizer.decode(other)) == ("\n bleu", "\nA")


ENDS = [
    "",
    " ",
    "\n",
    "\n\n",
    "<think>\n\n</think>\n\n",
    "Réponse :",
    "Réponse : ",
    "[/INST]",
    "<|im_start|>assistant\n",
]


@given(st.sampled_from(ENDS), st.text("ab é\nA1<|:.👩", min_size=1, max_size=6))
def test_prompt_and_choice_are_the_whole_text(make_tokenizer, end, choice):
    tokenizer = make_tokenizer(False, True)
    tokenizer.chat_template = f"{{{{ messages[0].content }}}}<|im_end|>{{{{ {end!r} }}}}"
    text = render(tokenizer, ASKED, None)
    context, (ids,) = choice_ids(tokenizer, ASKED, [choice], None)
    assert context == tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(context + ids) == text + choice
    whole = tokenizer.encode(text + choice, add_special_tokens=False)
    assert context + ids == whole or whole[: len(context)] != context


def test_no_space_comes_before_a_choice_that_has_none(with_spaces):
    context, (bare, spaced) = choice_ids(with_spaces, ASKED, ["oui", " oui"], None)
    assert with_spaces.encode("oui", add_special_tokens=False)[0] != bare[0]
    for ids, choice in ((bare, "oui"), (spaced, " oui")):
        assert with_spaces.decode(context + ids).endswith(f"assistant\n{choice}")


@pytest.mark.parametrize("kind", ["template", "lighteval"])
def test_a_choice_without_tokens_is_refused(make_tokenizer, kind):
    tokenizer = make_tokenizer(True, True)
    tokenizer.chat_template = "{{ messages[0].content }}"
    with pytest.raises(UserError) as error:
        choice_ids(tokenizer, ASKED, ["A", ""], None, kind)
    assert error.value.code == "bad-task-file"


def test_today_is_the_day_that_the_recipe_names(make_tokenizer):
    tokenizer = make_tokenizer(False, False)
    template = (
        "{%- if strftime_now is defined %}{% set today = strftime_now('%d %b %Y') %}{% else %}{% set today = '?' %}"
        "{% endif %}{% for message in messages %}{{ today }}|{{ strftime_now('%A %-d %B %Y, %H:%M') }}|"
        "{{ strftime_now(format='%Y-%m-%d') }}|{{ message.content }}{% endfor %}"
    )
    for day, wanted in (
        (datetime.date(2025, 1, 1), "01 Jan 2025|Wednesday 1 January 2025, 00:00|2025-01-01|"),
        (datetime.date(2024, 2, 29), "29 Feb 2024|Thursday 29 February 2024, 00:00|2024-02-29|"),
    ):
        tokenizer.chat_template = date_fixed(template, day)
        assert render(tokenizer, ASKED, None) == wanted + ASKED[0]["content"]
    assert date_fixed(SMOLLM2_TEMPLATE, day) == SMOLLM2_TEMPLATE
    for start in ("", "\n", " \n{{ '' }}"):
        tokenizer.chat_template = f"{start}a{{# strftime_now #}}"
        before = render(tokenizer, ASKED, None)
        tokenizer.chat_template = date_fixed(tokenizer.chat_template, day)
        assert render(tokenizer, ASKED, None) == before


def test_the_system_prompt_goes_before_the_first_question():
    system = {"role": "system", "content": "Sois bref."}
    turns = [{"role": "user", "content": "Un ?"}, {"role": "assistant", "content": "Un."}, *ASKED]
    assert without_system_role([system, *turns]) == [{"role": "user", "content": "Sois bref.\n\nUn ?"}, *turns[1:]]
    assert without_system_role(turns) == turns

"""What a model's template takes: modes of thinking, a system prompt; what it does not is said or refused."""

import copy

import pytest
from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc

from luth.core.errors import UserError
from luth.evaluation.backends.prompts import Prompts
from tests.conftest import SMOLLM2_TEMPLATE
from tests.evaluation.test_evaluate import HYBRID

SWITCH = "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
# The published Luth models' template, by its size: Qwen3's without the switch, the closed thought always there.
CLOSED = HYBRID.replace(SWITCH, "<think>\n\n</think>\n\n")
ALWAYS = HYBRID.replace(SWITCH, "<think>\n")
PLAIN = HYBRID.replace(SWITCH, "")
OWN_SYSTEM = "{% if enable_thinking %}<|im_start|>system\nThink first.<|im_end|>\n{% endif %}" + HYBRID
REFUSES_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
ALTERNATES = (
    "{% for message in messages %}{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% endfor %}"
)
DROPS_SYSTEM = PLAIN.replace(
    "{% for message in messages %}", "{% for message in messages if message.role != 'system' %}"
)
DOC = Doc(query="Un et un ?", choices=["deux"], gold_index=0)


@pytest.fixture
def prompts(tokenizer):
    def make(template, system_prompt="Tu es bref."):
        one = copy.deepcopy(tokenizer)
        one.chat_template = template
        return Prompts("out/m", one, system_prompt, "template", [("<think>", "</think>")])

    return make


@pytest.mark.parametrize(
    ("template", "refused"),
    [(HYBRID, ()), (CLOSED, (True,)), (PLAIN, (True,)), (SMOLLM2_TEMPLATE, (True,)), (ALWAYS, (True, False))],
)
def test_false_is_true_of_a_model_that_does_not_think(prompts, template, refused):
    for thinking in (True, False, None):
        if thinking in refused and thinking is not None:
            with pytest.raises(UserError, match="out/m has no enable_thinking switch") as error:
                prompts(template).check_mode(thinking)
            assert error.value.code == "bad-recipe-value"
        else:
            prompts(template).check_mode(thinking)


def test_what_is_to_be_known_about_a_mode_is_said_once(prompts):
    for template, thinking, fact in (
        (PLAIN, False, "no enable_thinking"),
        (HYBRID, None, "hybrid"),
        (OWN_SYSTEM, True, "more with thinking"),
    ):
        one = prompts(template, None)
        (note,) = one.check_mode(thinking)
        assert fact in note and one.notes == [note] and one.check_mode(thinking) == []
    for template, thinking in ((PLAIN, None), (HYBRID, False), (HYBRID, True)):
        assert prompts(template).check_mode(thinking) == []


@pytest.mark.parametrize("template", [REFUSES_SYSTEM + PLAIN, ALTERNATES + PLAIN, DROPS_SYSTEM])
def test_without_a_system_role_the_system_prompt_is_in_the_question(prompts, template):
    one = prompts(template)
    assert one.messages(DOC) == [{"role": "user", "content": "Tu es bref.\n\nUn et un ?"}]
    assert "system role" in one.notes[0] and len(one.notes) == 1
    assert one.text(DOC, None).count("Tu es bref.") == 1
    alone = prompts(template, None)
    assert alone.messages(DOC) == [{"role": "user", "content": "Un et un ?"}] and alone.notes == []
    assert [turn["role"] for turn in prompts(PLAIN).messages(DOC)] == ["system", "user"]


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('no\nquestions') }}",
        "{% if %}",
        "{{ messages[9].content }}",
        "{{ 1 / 0 }}",
        "{{ nothing() }}",
    ],
)
def test_a_template_that_takes_no_question_is_one_line(prompts, template):
    with pytest.raises(UserError) as error:
        prompts(template)
    assert error.value.code == "bad-model" and "out/m" in str(error.value) and "\n" not in str(error.value)


def test_a_template_that_says_nothing_of_the_question_or_the_system_prompt_is_refused(prompts):
    for template in ("Réponds.", "{{ messages[-1].role }}"):
        for system_prompt in ("Tu es bref.", None):
            with pytest.raises(UserError, match="out/m") as error:
                prompts(template, system_prompt)
            assert error.value.code == "bad-model"


def test_a_prompt_manager_that_makes_other_messages_is_refused(prompts, monkeypatch):
    monkeypatch.setattr(PromptManager, "prepare_prompt_api", lambda self, doc: doc.query)
    with pytest.raises(UserError, match=r"lighteval \d+\.\d+") as error:
        prompts(PLAIN)
    assert error.value.code == "wrong-version"

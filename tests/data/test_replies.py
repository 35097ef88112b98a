"""What is made of a model's replies: thoughts out, verdicts read strictly, translations checked, prompts whole."""

import json
import time

import pytest
from datatrove.pipeline.inference.types import InferenceResult

from luth.core.errors import UserError
from luth.core.text import protected
from luth.data.filters.quality import RULES
from luth.data.part import Translate
from luth.data.requests.jobs import read_verdict, require_prompt, translation_problem, verdict_problem, without_thought
from luth.languages import with_teacher
from luth.languages.french import typography

YES = '{"french": {"reason": "oui", "score": 5}}'
NO = '{"french": {"reason": "non", "score": 1}}'


@pytest.mark.parametrize(
    ("text", "answer", "thought"),
    [
        ("Bonjour.", "Bonjour.", ""),
        ("<think>Hmm.</think>\n\nBonjour.", "Bonjour.", "Hmm."),
        ("Hmm.\n</think>\n\nBonjour.", "Bonjour.", "Hmm."),
        ("<think>Hmm, and so on", "", "Hmm, and so on"),
        ("La balise `</think>` finit une pensée.", "La balise `</think>` finit une pensée.", ""),
        (
            '{"french": {"reason": "</think> y est", "score": 2}}',
            '{"french": {"reason": "</think> y est", "score": 2}}',
            "",
        ),
    ],
)
def test_a_thought_is_no_part_of_the_answer(text, answer, thought):
    assert without_thought(InferenceResult(text=text, finish_reason="stop", usage={})) == (answer, thought)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (YES, 5),
        (f"Here it is: {NO}.", 1),
        (f'{{"verdict": {YES}}}', 5),
        (f"{YES} {YES}", 5),
        (f"A yes would be {YES}, but {NO}", None),
        ('{"french": {"reason": "oui", "score": 5}, "french": {"reason": "non", "score": 1}}', None),
        ('{"french": {"reason": "oui", "score": 6}}', None),
        ('{"french": {"reason": "oui", "score": true}}', None),
        (YES[:-1], None),
    ],
)
def test_a_verdict_that_is_not_clear_is_none(text, score):
    found = read_verdict(text, {"french": "?"})
    assert (found and found["french"]["score"]) == score
    assert verdict_problem(text, "stop", {"french": "?"}) == (None if score else "the judge's answer cannot be read")
    assert verdict_problem(text, "length", {"french": "?"}) == "cut short"


@pytest.mark.parametrize(
    ("original", "text", "problem"),
    [
        ("See https://a.fr/x? Then say it.", "Voir https://a.fr/x ? Puis dis-le.", None),
        ("Solve \\begin{align} x &= 1 \\\\[2pt] y &= 2 \\end{align} now", "", "empty"),
        ("Solve \\begin{align} x = 1 \\end{align} now", "Résous \\begin{align} x = 2 \\end{align} ici", True),
        ("Run\n~~~\nprint(1)\n~~~", "Lance\n~~~\nprint(2)\n~~~", True),
        ("Write to [[name]] today", "Écris à [[nom]] ce jour", True),
        ("Show &amp; now", "Montre & ici", True),
        ("Ask R&D; thanks a lot", "Demande à R&D ; merci bien", None),
        ("\\begin{itemize}\\item A cat\\end{itemize}", "\\begin{itemize}\\item Un chat\\end{itemize}", None),
    ],
)
def test_what_is_no_prose_is_translated_by_nobody(original, text, problem):
    wanted = "code or formulas changed" if problem is True else problem
    assert translation_problem(original, text, "stop", "fr", Translate(endpoint="e")) == wanted


@pytest.mark.parametrize(
    ("step", "text", "words"),
    [
        ("translate", "Traduis le texte.", r"has no \[\[text\]\]"),
        ("judge", "[[conversation]] ?", r"has no \[\[criteria\]\]"),
        ("translate", "En [[langage]] : [[text]]", r"nothing fills \[\[langage\]\].*did you mean 'language'"),
    ],
)
def test_a_prompt_has_its_places(tmp_path, step, text, words):
    (tmp_path / "prompt.md").write_text(text, "utf-8")
    with pytest.raises(UserError, match=words):
        require_prompt(step, str(tmp_path / "prompt.md"))
    (tmp_path / "prompt.md").write_bytes("Traduis, été : [[text]]".encode("latin-1"))
    with pytest.raises(UserError, match="is not UTF-8"):
        require_prompt(step, str(tmp_path / "prompt.md"))


@pytest.mark.parametrize("step", ["translate", "generate", "judge"])
def test_our_own_prompts_have_theirs(step):
    name = {"translate": "translate.md", "generate": "answer.md", "judge": "judge.md"}[step]
    assert "[[language]]" in require_prompt(step, name)


@pytest.mark.parametrize(
    "unit", ["{{", "\\(", "\\[", "\\)\\(", "\\begin{a}", "“", '"', " »", "$", "&", "[[", '{ "', "```"]
)
def test_time_grows_with_the_length_alone(unit):
    text = unit * (100_000 // len(unit))
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": text}]
    began = time.monotonic()
    protected(text), typography(text), [rule(messages, with_teacher("fr")) for rule in RULES.values()]
    # A quadratic pattern takes a minute.
    assert time.monotonic() - began < 10


def test_json_stays_json():
    for text in ('{"clé": "valeur"}', '{"a": {"b": "c"}, "d": "e"}', '["bac", "péniche"]'):
        assert json.loads(typography(f"Voici : {text}").split(":", 1)[1]) == json.loads(text)

"""Every language's file: fields of the right kind, patterns that compile, one meaning a code; what `get` refuses."""

import dataclasses
import pkgutil
import re
import typing

import pytest

from luth import languages
from luth.core.errors import UserError
from luth.data.filters.quality import RULES
from luth.evaluation.scoring.exact import leading_word, same_answer
from luth.evaluation.scoring.letters import stated_letter
from luth.evaluation.scoring.mathematics import equivalent, final_answer, worker
from luth.languages import Language, any_of, get, known, reading, typographies, with_teacher

WORDS = [name for name, kind in typing.get_type_hints(Language).items() if kind == tuple[str, ...]]


@pytest.fixture(params=known(), ids=str)
def language(request):
    return get(request.param)


def test_each_code_has_one_file():
    files = [module.name for module in pkgutil.iter_modules(languages.__path__)]
    assert len(known()) == len(files) and [language.code for language in known().values()] == list(known())
    first, *_, last = known()
    assert (first, last) == (languages.TARGET, languages.TEACHER)


def test_fields_are_of_their_kinds(language):
    for field in dataclasses.fields(Language):
        value = getattr(language, field.name)
        if field.name in WORDS:
            # A tuple of one word without its comma is a text, of which each letter would be a word.
            assert isinstance(value, tuple) and all(isinstance(word, str) and word for word in value), field.name
    assert re.fullmatch("[a-z]{2}", language.code) and language.name and language.own_name
    assert language.probe and language.example and len(language.months) in (0, 12)


def test_patterns_compile_and_match_nothing_empty(language):
    for name in WORDS:
        for pattern in getattr(language, name):
            assert not re.compile(pattern).fullmatch(""), (name, pattern)


def test_what_is_compared_without_accents_has_none(language):
    moments = (*language.months, *language.date_words, *language.ordinal_endings, *language.hour_words)
    quantities = (*language.units, *language.powers_after, *language.powers_before, *language.not_units)
    texts = (*moments, *quantities, *language.short_words, *language.openers, *language.phrases)
    # A pattern's \\D or \\W is no capital.
    without = [re.sub(r"\\[A-Z]", "", text) for text in texts]
    assert [word for word in without if word != word.lower() or re.search("[à-öø-ÿ]", word)] == []


def test_functions_are_those_of_the_scorer(language):
    assert set(language.functions.values()) <= set(worker.FUNCTIONS)


def test_a_language_is_read_with_others():
    both = reading("fr", "en")
    assert (both.code, both.decimal_mark, both.day_first) == ("fr", ",", True)
    assert set(both.answer_words) == {*get("fr").answer_words, *get("en").answer_words}
    assert both.units["heure"] == both.units["hour"] == "h"
    assert reading("en", "fr").decimal_mark == "." and reading("fr") is get("fr")
    assert reading("fr", "en") is both


def test_data_is_read_with_the_teachers_language():
    assert with_teacher("fr") is reading("fr", "en")
    # A language without a file has no words of its own.
    assert with_teacher("xx") is with_teacher("en") is get("en")


@pytest.mark.parametrize(
    ("code", "fact"), [("frr", "'fr'"), ("French", "'French'"), ("french", "'French'"), ("xx", "en (English)")]
)
def test_an_unknown_language_is_named_with_the_nearest(code, fact):
    with pytest.raises(UserError) as error:
        get(code)
    assert error.value.code == "unknown-language" and repr(code) in str(error.value) and fact in str(error.value)


def test_typographies_go_by_the_languages_names():
    assert typographies()["french"]("Oui !") == "Oui\u202f!" and "english" not in typographies()


def test_a_language_with_the_required_fields_alone_is_read():
    bare = Language("xx", "Xish", "xish", probe="?", example="?")
    assert stated_letter("B", ["a", "b"], bare) == "B" and stated_letter("Answer: B", ["a", "b"], bare) is None
    assert final_answer("\\boxed{7/2}", bare) == "7/2" and equivalent("3.5", "7/2", bare)
    assert equivalent("5 cm", "5", bare) and equivalent("Paris", "paris", bare) and not equivalent("5 cm", "5 m", bare)
    assert same_answer("( )", "()", bare) and leading_word("ja / nein", bare) == ""
    text = {"role": "assistant", "content": "A text, and its end"}
    assert not any(rule([text], bare) for rule in RULES.values())


def test_one_of_no_patterns_never_matches():
    assert not re.search(any_of(()), "") and not re.search(rf"a{any_of([])}", "a")
    assert re.fullmatch(any_of(("a", "bc")), "bc")

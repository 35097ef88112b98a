"""docs/how-to/add-a-language.md, followed: the file is found, its test passes, other scores stay."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

from luth import languages
from luth.evaluation.scoring.exact import final_answer as final_word
from luth.evaluation.scoring.letters import stated_letter
from luth.evaluation.scoring.mathematics import equivalent, final_answer
from luth.languages import get, known, reading

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-language.md"
CHOICES = ["l'azote", "le dioxyde de carbone", "l'hélium"]
TEXTS = [
    "Réponse : B",
    "La respuesta es la B",
    "La réponse finale est 3,5 metros.",
    "The final answer is $x = 2 o x = 3$.",
    "Respuesta: 5",
    "B est correct",
    "B es correcta",
    "La solución es 12",
]
PAIRS = [("3 mètres", "3 m"), ("3 metros", "3 m"), ("infinito", "\\infty"), ("mcd(4;6)", "2"), ("pgcd(4;6)", "2")]


def blocks():
    """Return the page's files by their path."""
    return dict(re.findall(r'```python title="([^"]+)"\n(.*?)```', PAGE.read_text("utf-8"), re.DOTALL))


def verdicts():
    """Return what French and English scoring say of some texts."""
    found = []
    for language in (get("fr"), reading("fr", "en"), reading("en", "fr")):
        found += [[stated_letter(text, CHOICES, language), final_word(text, language)] for text in TEXTS]
        found += [final_answer(text, language) for text in TEXTS]
        found += [equivalent(*pair, language) for pair in PAIRS]
    return json.dumps(found)


@pytest.fixture
def spanish(tmp_path, monkeypatch):
    """A folder with the page's file, beside the package's own files."""
    before = verdicts()
    (tmp_path / "spanish.py").write_text(blocks()["src/luth/languages/spanish.py"], "utf-8")
    monkeypatch.setattr(languages, "__path__", [*languages.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    known.cache_clear()
    reading.cache_clear()
    yield before
    monkeypatch.undo()
    sys.modules.pop("luth.languages.spanish", None)
    known.cache_clear()
    reading.cache_clear()


def test_the_page_s_language_is_found_and_passes_the_page_s_test(spanish):
    assert "es" in known() and get("es").own_name == "español"
    names = {"__name__": "test_spanish"}
    exec(compile(blocks()["tests/languages/test_spanish.py"], str(PAGE), "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) >= 4
    for test in tests:
        test()


def test_what_the_page_tries_works(spanish, capsys):
    [tried] = re.findall(r"```python\n(from luth.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(compile(tried, str(PAGE), "exec"), {})
    assert capsys.readouterr().out == "B True\n"


def test_a_third_language_changes_no_score_of_the_others(spanish):
    assert verdicts() == spanish


def test_the_page_names_every_step_of_the_tests_for_all_languages(spanish):
    from tests.languages import test_languages

    for check in (
        test_languages.test_fields_are_of_their_kinds,
        test_languages.test_patterns_compile_and_match_nothing_empty,
        test_languages.test_what_is_compared_without_accents_has_none,
        test_languages.test_functions_are_those_of_the_scorer,
    ):
        check(get("es"))

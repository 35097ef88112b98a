"""Nothing outside luth/languages and the benchmarks names a language or holds words of one."""

import ast
import re
from pathlib import Path

import luth
from luth.languages import TARGET, TEACHER, Language, known

ROOT = Path(luth.__file__).parent
# The languages' own files, and the benchmarks, each of which is in some language: tasks, and the checks of IFEval's
# instructions, whose options and relations are the benchmark's texts.
EXEMPT = ("languages/", "evaluation/tasks/", "evaluation/scoring/instructions/")
# Other files that still name a language, with how often: to be emptied.
STILL: dict[str, int] = {}
OTHERS = {"german", "spanish", "italian", "portuguese", "arabic", "chinese", "dutch", "russian", "polish"}
# Codes that are a key, a unit, a function or an option too: no text shows which it is.
TWO_THINGS = {"ch", "ha", "hz", "id", "kg", "km", "ln", "lt", "mg", "ml", "ne", "no", "pi", "pt", "tg", "th"}


def words(text):
    return re.findall(r"[^\W\d_]+", text.lower())


def field_words(language):
    """Return all words of a language's fields."""
    values = [getattr(language, field) for field in Language.__dataclass_fields__]
    texts = [text for value in values if isinstance(value, tuple) or hasattr(value, "keys") for text in value]
    return {word for text in texts for word in words(re.sub(r"\\\w", " ", text))}


def names():
    """Return what names a language as a word of a text: names, and the codes of the two that recipes are made for."""
    named = {word.lower() for language in known().values() for word in (language.name, language.own_name)}
    return OTHERS | named | {TARGET, TEACHER}


def codes():
    """Return what names a language as a whole literal: the other codes, such as "it", may be words of other texts."""
    return known().keys() - TWO_THINGS


def foreign_words():
    """Return words of the language that the recipes improve, of four letters or more, that are no English ones."""
    foreign = {word for word in field_words(known()[TARGET]) if len(word) > 3}
    # Words that English has as well; `environ` is the os module's.
    english = field_words(known()[TEACHER]) | {"environ", "proposition", "ensemble", "finale", "litre", "metre"}
    return foreign - english


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def texts_and_names(source):
    """Yield the line and text of every literal, docstrings aside, and of every identifier."""
    tree = ast.parse(source)
    documentation = {id(node) for node in docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value
        for attribute in ("id", "attr", "arg", "name"):
            if isinstance(value := getattr(node, attribute, None), str) and not isinstance(node, ast.alias):
                yield node.lineno, value


def whole_texts(source):
    """Yield the line and text of every literal that is no part of a text with values in it."""
    tree = ast.parse(source)
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def offences(source, forbidden, codes):
    """Return the lines and words that name a language, are of one, or have an accent."""
    return [(line, text) for line, text in whole_texts(source) if text in codes - forbidden] + [
        (line, word)
        for line, text in texts_and_names(source)
        for word in words(text.replace("_", " "))
        if word in forbidden or (len(word) > 2 and re.search("[à-öø-ÿœ]", word))
    ]


def test_a_language_is_named_in_its_file_alone():
    forbidden, files, found = names() | foreign_words(), 0, {}
    for path in sorted(ROOT.rglob("*.py")):
        file = path.relative_to(ROOT).as_posix()
        if not file.startswith(EXEMPT):
            files += 1
            if offended := offences(path.read_text("utf-8"), forbidden, codes()):
                found[file] = offended
    assert files > 60
    assert {file: lines for file, lines in found.items() if len(lines) > STILL.get(file, 0)} == {}


def test_the_scan_sees_what_it_is_for():
    forbidden = names() | foreign_words()
    for source in (
        'code = "fr"',
        'x = "english" in name',
        'CUE = r"\\b(?:réponse|answer)\\b"',
        'name.endswith("_fr")',
        "french: str",
        'f"{a} in English"',
        "def french(text): ...",
        'MONTHS = ["janvier"]',
    ):
        assert offences(source, forbidden, codes()), source
    for source in ('"""In French: réponse."""', "# français", 'x = "a question and its answer"', 'y = "base model"'):
        assert not offences(source, forbidden, codes()), source
    assert offences('code = "it"', forbidden, {"it"})
    for source in ('x = "with it"', "for it in x: ...", 'f"{x}it"'):
        assert not offences(source, forbidden, {"it"}), source

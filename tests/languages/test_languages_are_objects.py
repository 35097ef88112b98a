"""Nothing outside luth/languages and the benchmarks names a language or holds words of one."""

import ast
import re
from pathlib import Path

import luth
from luth.languages import Language, known

ROOT = Path(luth.__file__).parent
# The languages' own files, and the benchmarks, each of which is in some language: tasks, and the checks of IFEval's
# instructions, whose options and relations are the benchmark's texts.
EXEMPT = ("languages/", "evaluation/tasks/", "evaluation/scoring/instructions/")
# Other files that still name a language, with how often: to be emptied.
STILL: dict[str, int] = {"evaluation/items/mirrors.py": 2}
OTHERS = {"german", "spanish", "italian", "portuguese", "arabic", "chinese", "dutch", "russian", "polish"}


def words(text):
    return re.findall(r"[^\W\d_]+", text.lower())


def names():
    """Return what names a language."""
    return OTHERS | {
        word.lower() for language in known().values() for word in (language.code, language.name, language.own_name)
    }


def foreign_words():
    """Return words of the languages other than the code's own, of four letters or more, that are no English ones."""
    english, found = set(), set()
    for language in known().values():
        mine = english if language.code == "en" else found
        for value in (getattr(language, field) for field in Language.__dataclass_fields__):
            texts = value if isinstance(value, tuple) else [*value] if hasattr(value, "keys") else []
            mine.update(word for text in texts for word in words(re.sub(r"\\\w", " ", text)) if len(word) > 3)
    # Words that English has as well; `environ` is the os module's.
    return found - english - {"environ", "proposition", "ensemble", "finale", "litre", "metre"}


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


def offences(source, forbidden):
    """Return the lines and words that name a language, are of one, or have an accent."""
    return [
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
            if offended := offences(path.read_text("utf-8"), forbidden):
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
        assert offences(source, forbidden), source
    for source in ('"""In French: réponse."""', "# français", 'x = "a question and its answer"', 'y = "base model"'):
        assert not offences(source, forbidden), source

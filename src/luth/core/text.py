"""Words, and what in a text is no prose: code, formulas, addresses, placeholders."""

import itertools
import json
import re
import unicodedata
from typing import Any

# A formula between \( and \), or \[ and \]; \\[4pt] is the end of a line.
DELIMITED = r"(?<!\\)\\\((?:(?!\\\().)*?\\\)|(?<!\\)\\\[(?:(?!(?<!\\)\\\[).)*?(?<!\\)\\\]"
# LaTeX's that hold no prose.
ENVIRONMENTS = (
    "equation|align|aligned|alignat|gather|gathered|multline|split|array|cases|[bpvBV]?matrix|verbatim|lstlisting"
)
# Formulas, code and the like stand as they are in every language. No pattern looks further than its like or a bound:
# time grows with a text's length alone. What one begins with is looked for first: most places of a text begin none.
PROTECTED = re.compile(
    r"(?=[`~$\\h{<\[&])(?:"
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)"
    r"|`[^`\n]+`"
    r"|\$\$.*?\$\$"
    rf"|\\begin\{{(?P<environment>(?:{ENVIRONMENTS})\*?)\}}.{{0,3000}}?\\end\{{(?P=environment)\}}"
    rf"|{DELIMITED}"
    r"|(?<![\\$\w])\$(?=\S)[^$\n]*?(?<=\S)\$(?![\d$])"
    r"|https?://[^\s)>\]]*[^\s)>\].,;:!?»\"']"
    r"|\{\{[^{}]*\}\}|\{[A-Za-z_]\w*\}|<[A-Za-z_]\w*>|\[\[\w+\]\]"
    r"|&(?:#\d+|#x[\da-fA-F]+|amp|lt|gt|quot|apos|nbsp|[A-Za-z](?:acute|grave|circ|uml|cedil|tilde));"
    r")",
    re.DOTALL,
)

# Brackets inside brackets that `read_json` reads.
DEEPEST = 500


def _marks() -> str:
    """Return a character class's part: the marks that belong to the letter before, such as Devanagari's vowels."""
    found = [code for code in range(0x370, 0x20000) if unicodedata.category(chr(code)) in ("Mn", "Mc")]
    runs = itertools.groupby(enumerate(found), lambda one: one[1] - one[0])
    ends = [(run[0][1], run[-1][1]) for run in (list(group) for _, group in runs)]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ends)


# Signs that are more than punctuation or markdown: of operators, money, pictures.
_SIGN = r"[^\w\s.,;:!?…'’\"«»“”„()\[\]{}—–*`#~|\\-]"
_WORDS = (re.compile(r"\w+"), re.compile(rf"[\w{_marks()}]+"))
_TOKENS = tuple(re.compile(rf"{words.pattern}|{_SIGN}") for words in _WORDS)
# Latin, Greek and Cyrillic letters have no such marks, and the class of them takes four times as long.
_OTHER_SCRIPT = re.compile("[^\0-\u0482\u2000-\u20cf]")
_STOPS = re.compile(r"[.!?:;()«»“”\"\n|。！？：؟]+|\s(?=[A-ZÀ-ÖØ-Þ])")
# Accents and the like, and how a picture is to be drawn, save the stroke by which = becomes ≠.
_MARKS = re.compile("[\u0300-\u0337\u0339-\u036f\ufe00-\ufe0f]+")


def protected(text: str) -> list[str]:
    """Return the code, formulas, addresses and placeholders of a text, in their order."""
    return [found.group() for found in PROTECTED.finditer(text)]


def plain(text: str) -> str:
    """Return a text in which what UTF-8 cannot hold, half a surrogate pair, is a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def prose(text: str) -> str:
    """Return a text without them."""
    return PROTECTED.sub(" ", text)


def words(text: str) -> list[str]:
    """Return a text's words for comparisons: case, accents, punctuation and spacing do not count."""
    return _all(_WORDS, normalised(text))


def tokens(text: str) -> list[str]:
    """Return a text's words as `words` does, and between them the signs that change what they say: > is not <."""
    return _all(_TOKENS, normalised(text))


def _all(patterns: tuple[re.Pattern[str], ...], text: str) -> list[str]:
    return patterns[bool(_OTHER_SCRIPT.search(text))].findall(text)


def normalised(text: str) -> str:
    """Return a text without capitals and accents."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def sentences(text: str) -> list[list[str]]:
    """Return the words of a text's sentences, and of what capitals, brackets, quotes, colons, line ends part there."""
    return [found for piece in _STOPS.split(text) if (found := words(piece))]


def read_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is no JSON, or is nested deeper than `DEEPEST`: how deep Python's own reader goes depends
            on Python's version.
    """
    if text.count("[") + text.count("{") > DEEPEST:
        brackets = re.sub(r'"(?:[^"\\]|\\.)*"', "", text, flags=re.DOTALL)
        depths = itertools.accumulate((mark in "[{") - (mark in "]}") for mark in brackets)
        if max(depths, default=0) > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST}")
    return json.loads(text)


def duration(seconds: float) -> str:
    """Return a time in hours and minutes, or minutes and seconds, or seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.3g} s"

"""Words, and what in a text is no prose: code, formulas, addresses, placeholders."""

import re
import unicodedata

# Formulas, code and the like stand as they are in every language.
PROTECTED = re.compile(
    r"```.*?(?:```|\Z)"
    r"|`[^`\n]+`"
    r"|\$\$.*?\$\$"
    r"|\\\[.*?\\\]"
    r"|\\\(.*?\\\)"
    r"|(?<![\\$\w])\$(?=\S)[^$\n]*?(?<=\S)\$(?![\d$])"
    r"|https?://[^\s)>\]]+"
    r"|\{\{.*?\}\}|\{[A-Za-z_]\w*\}|<[A-Za-z_]\w*>",
    re.DOTALL,
)
_WORD = re.compile(r"\w+")
_STOPS = re.compile(r"[.!?:;()«»“”\"\n|。！？：؟]+|\s(?=[A-ZÀ-ÖØ-Þ])")
_MARKS = re.compile("[\u0300-\u036f]+")


def protected(text: str) -> list[str]:
    """Return the code, formulas, addresses and placeholders of a text, in their order."""
    return PROTECTED.findall(text)


def plain(text: str) -> str:
    """Return a text in which what UTF-8 cannot hold, half a surrogate pair, is a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def prose(text: str) -> str:
    """Return a text without them."""
    return PROTECTED.sub(" ", text)


def words(text: str) -> list[str]:
    """Return a text's words for comparisons: case, accents, punctuation and spacing do not count."""
    return _WORD.findall(normalised(text))


def normalised(text: str) -> str:
    """Return a text without capitals and accents."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def sentences(text: str) -> list[list[str]]:
    """Return the words of a text's sentences, and of what capitals, brackets, quotes, colons, line ends part there."""
    return [found for piece in _STOPS.split(text) if (found := words(piece))]

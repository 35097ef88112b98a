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
_MARKS = dict.fromkeys(range(0x300, 0x370))


def protected(text: str) -> list[str]:
    """Return the code, formulas, addresses and placeholders of a text, in their order."""
    return PROTECTED.findall(text)


def prose(text: str) -> str:
    """Return a text without them."""
    return PROTECTED.sub(" ", text)


def words(text: str) -> list[str]:
    """Return a text's words for comparisons: case, accents, punctuation and spacing do not count."""
    return _WORD.findall(unicodedata.normalize("NFKD", text.casefold()).translate(_MARKS))

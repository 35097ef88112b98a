"""French typography: apostrophes, quotes, no-break spaces, outside code, JSON and formulas."""

import re

from luth.core.text import PROTECTED

NO_BREAK, NARROW = "\u00a0", "\u202f"
# Lines that may be code by their indent, and JSON, whose quotes are its own.
_KEPT = re.compile(rf"(?<![^\n])(?: {{4}}|\t)[^\n]*|[{{\[]\s*\"[^{{}}\[\]]*[}}\]]|{PROTECTED.pattern}", re.DOTALL)
_RULES = [
    # "mot" becomes « mot », with the spaces inside that do not break.
    (re.compile(r"(?<![\w={\[])(?<!\":)(?<!\": )\"([^\"\n]+)\"(?!\w|\s*:\s*[\[{\"\d])"), f"«{NO_BREAK}\\1{NO_BREAK}»"),
    (re.compile(r"“([^“”\n]+)”"), f"«{NO_BREAK}\\1{NO_BREAK}»"),
    (re.compile(r"«[ \u00a0\u202f]*"), f"«{NO_BREAK}"),
    (re.compile(r"(?<![ \u00a0\u202f])[ \u00a0\u202f]*»"), f"{NO_BREAK}»"),
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
    # A narrow one before ; ! ? and a full one before a colon, where the line has a word before it.
    (re.compile(r"(?<=[\w»)\]%°*])[ \u00a0\u202f]*([;!?]+)(?=\s|$|[»)*])"), f"{NARROW}\\1"),
    (re.compile(r"(?<=[\w»)\]%°*])[ \u00a0\u202f]+:(?=\s|$)"), f"{NO_BREAK}:"),
    (re.compile(r"(?<=\d)[ \u00a0\u202f]*(?=[%€])"), NO_BREAK),
    # Groups of three digits, not a year and a number after it.
    (re.compile(r" (?=\d{3}\b)(?:(?<=\b\d )|(?<=\b\d\d )|(?<=\b\d\d\d ))"), NARROW),
]


def french(text: str) -> str:
    """Return a text with French quotes, apostrophes and no-break spaces; code, JSON, formulas, addresses stay."""
    parts, end = [], 0
    for kept in _KEPT.finditer(text):
        parts += [_set(text[end : kept.start()]), kept.group()]
        end = kept.end()
    return "".join([*parts, _set(text[end:])])


def _set(prose: str) -> str:
    for pattern, replacement in _RULES:
        prose = pattern.sub(replacement, prose)
    return prose

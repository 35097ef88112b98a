"""Units, currencies, dates and times of day in an answer."""

import re
from fractions import Fraction
from functools import cache

from luth.evaluation.scoring.mathematics.notation import fold, function_names, numbers
from luth.languages import Language, any_of

# What is written alike in every language.
SYMBOLS = {
    **{name: name for name in ("mm", "cm", "dm", "m", "km", "mg", "g", "kg", "l", "ml", "cl", "s", "min", "h")},
    **{"in": "inch", "ft": "foot", "sec": "s", "deg": "degree", "°": "degree", "rad": "radian"},
    **{"pct": "percent"},
    **{"$": "dollar", "usd": "dollar", "€": "euro", "eur": "euro", "£": "pound", "%": "percent"},
    **{"hz": "hertz", "khz": "kilohertz", "mph": "mile/h"},
    **dict.fromkeys(["ua", "uv", "ul"], ""),
}
LETTER = "[A-Za-zÀ-ÖØ-öø-ÿ]"  # not × and ÷, which stand among them
EXPONENT = r"(?:\s*\^\s*\{?\s*-?\d\s*\}?|(?<=[A-Za-z])[23])"
LEADING = re.compile(r"(?P<minus>-?)\s*(?P<unit>[$€£])\s*(?P<value>-?[\d.\\].*)$")


@cache
def _names(language: Language) -> dict[str, str]:
    """Return the canonical units by name."""
    return {**SYMBOLS, **language.units}


@cache
def _trailing(language: Language) -> re.Pattern[str]:
    """Return the pattern of a value with a unit behind it."""
    single = "".join(name for name in language.units if len(name) == 1)
    # A plain letter needs a space before it: 5 m is five metres, 5m may be five times m.
    plain = rf"(?<=[ ./×])[mglshL{single}]"
    word = rf"(?:‹[^‹›]*›|[$€£%°]|{LETTER}(?:'?{LETTER})+|{plain}){EXPONENT}?(?![A-Za-z0-9])"
    return re.compile(rf"(?P<value>.*?(?:[\d)\}}∞\]⦄]|\\pi))(?P<unit>\s*{word}(?:\s*[.×/]?\s*{word}){{0,4}})$")


@cache
def _known_words(language: Language) -> set[str]:
    return {*_names(language), *language.powers_before, *language.per_words}


@cache
def _words_that_are_no_unit(language: Language) -> set[str]:
    connectives = {*language.or_words, *language.and_words, "pi"}
    return connectives | {*language.not_units} | (function_names(language) - {"min"})


def split_unit(text: str, language: Language) -> tuple[str, str | None]:
    """Return the value and the unit of a cleaned answer; the unit is None without one, "" if it is no known unit."""
    if amount := LEADING.match(text):
        return amount["minus"] + amount["value"], SYMBOLS[amount["unit"]]
    quantity = _trailing(language).match(text) if len(text) < 300 else None
    if not quantity or not re.search(r"\d|\\pi|∞", quantity["value"]):
        return text, None
    unit = quantity["unit"]
    plain = re.findall(f"{LETTER}+(?:'{LETTER}+)*", re.sub(r"‹[^‹›]*›", "", unit))
    if "°" in unit and re.search(r"\\(?:sin|cos|tan|cot)", quantity["value"]):
        return text, None
    if re.search(r"[\d<>=≤≥]", re.sub(EXPONENT, "", unit)):
        return text, None
    if not _words_that_are_no_unit(language).isdisjoint(fold(unit).strip(" ‹›").split()):
        return text, None
    if any(len(word) < 4 and _name(word, language) not in _known_words(language) for word in plain):
        return text, None
    return quantity["value"].strip(), canonical(unit, language)


def _name(word: str, language: Language) -> str:
    """Return a unit's name in the singular."""
    plain = fold(word)
    if plain in _names(language) or len(plain) < 3:
        return plain
    return _plural(language).sub("", plain)


@cache
def _plural(language: Language) -> re.Pattern[str]:
    return re.compile(f"{any_of(language.plural_endings)}$")


@cache
def _percent(language: Language) -> list[str]:
    """Return the names of percent that are two words."""
    return [name for name, unit in language.units.items() if " " in name and unit == "percent"]


@cache
def _per(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\b{any_of(language.per_words)}\b")


def canonical(unit: str, language: Language) -> str:
    """Return the canonical name of a unit in words or signs, such as cm^2 or km^1·h^-1; "" if it is no known one."""
    for name in _percent(language):
        unit = unit.replace(name, "%")
    text = _per(language).sub("/", re.sub(r"[‹›{}]", " ", unit))
    parts: list[list[str | int]] = []
    sign, waiting = 1, 1
    for token in re.findall(r"\^\s*-?\d|\d|/|[$€£%°]|[^\W\d_]+", text):
        power = token.strip("^ ") if token[-1].isdigit() else language.powers_after.get(fold(token).removesuffix("s"))
        if token == "/":
            sign = -1
        elif power is not None:
            if not parts:
                return ""
            parts[-1][1] = int(parts[-1][1]) * int(power)
        elif fold(token) in language.powers_before:
            waiting = language.powers_before[fold(token)]
        elif name := _names(language).get(_name(token, language)):
            parts.append([name, sign * waiting])
            waiting = 1
        else:
            return ""
    return "·".join(f"{name}^{power}" if power != 1 else str(name) for name, power in parts)


@cache
def _clock(language: Language) -> re.Pattern[str]:
    hours = any_of(("h", ":", *language.hour_words))
    return re.compile(rf"(\d{{1,2}})\s*{hours}\s*(\d{{2}})\s*(?:min|minutes?)?\s*([ap])?\.?\s*(?:m\.?)?")


SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86400}


def duration(text: str, language: Language) -> Fraction | None:
    """Return the seconds of 2 h 30 min, 90 s or 1,5 h, units in order; None if the answer is no duration."""
    comma = "decimal" if language.decimal_mark == "," else "thousands"
    plain = re.sub(r"[‹›{}]", " ", numbers(text, comma)).strip()
    plain = re.sub(r"(?<=\d)(\s*h\s*[0-5]?\d)$", r"\1 min", plain)
    parts = re.findall(rf"([0-9]+(?:\.[0-9]+)?)\s*({LETTER}+)", plain)
    if not parts or re.sub(rf"[0-9]+(?:\.[0-9]+)?\s*{LETTER}+", "", _and(language).sub(" ", plain)).strip():
        return None
    lengths = [SECONDS.get(_names(language).get(_name(unit, language), ""), 0) for _, unit in parts]
    if 0 in lengths or lengths != sorted(set(lengths), reverse=True):
        return None
    return sum((Fraction(value) * length for (value, _), length in zip(parts, lengths, strict=True)), Fraction(0))


@cache
def _and(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\b{any_of(language.and_words)}\b")


def moment(text: str, language: Language) -> tuple[bool, Fraction] | None:
    """Return whether an answer is written as a length (2 h 30 min) or a time (14:30), and its seconds; else None."""
    if time := time_of_day(text, language):
        return False, Fraction(3600 * time[0] + 60 * time[1])
    length = duration(text, language)
    return None if length is None else (True, length)


def time_of_day(text: str, language: Language) -> tuple[int, int] | None:
    """Return hours and minutes of 14 h 30, 14:30 or 2:30 p.m.; None if the answer is no time of day."""
    plain = fold(re.sub(r"[‹›]", " ", text)).strip()
    time = _clock(language).fullmatch(plain) or re.fullmatch(r"(\d{1,2})()\s*([ap])\.?\s?m\.?", plain)
    if not time or int(time[1]) > 24 or int(time[2] or 0) > 59:
        return None
    hour = int(time[1]) % 12 + 12 * (time[3] == "p") if time[3] else int(time[1])
    return hour, int(time[2] or 0)


@cache
def _calendar(language: Language) -> tuple[re.Pattern[str], re.Pattern[str], dict[str, int]]:
    """Return the patterns of words and endings that a date may hold beside its parts, and its months' numbers."""
    beside = re.compile(rf"\b{any_of(language.date_words)}\b|[‹›,]")
    endings = re.compile(rf"(?<=\d){any_of(language.ordinal_endings)}\b")
    # A language that is read with another has the months of both, twelve after twelve.
    return beside, endings, {name: index % 12 + 1 for index, name in enumerate(language.months)}


def date(text: str, language: Language) -> tuple[int, int, int] | None:
    """Return year (0 if none), month and day of a calendar date; None if the answer is none.

    Numbers alone are day/month/year or month/day/year, as the language has them.
    """
    beside, endings, months = _calendar(language)
    plain = beside.sub(" ", fold(text))
    parts = endings.sub("", plain).split()
    if numeric := re.fullmatch(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})\s*", plain):
        first, second, year = map(int, numeric.groups())
        return (year, second, first) if language.day_first else (year, first, second)
    month = [months[part] for part in parts if part in months]
    rest = [int(part) for part in parts if re.fullmatch(r"[0-9]{1,4}", part)]
    if len(month) != 1 or len(rest) != len(parts) - 1 or not 1 <= len(rest) <= 2 or not 1 <= rest[0] <= 31:
        return None
    return (rest[1] if len(rest) == 2 else 0, month[0], rest[0])

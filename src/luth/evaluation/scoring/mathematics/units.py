"""Units, currencies, dates and times of day in an answer."""

import re

from luth.evaluation.scoring.mathematics.notation import FUNCTIONS, Language, fold

NAMES = {
    **dict.fromkeys(["mm", "millimetre", "millimeter"], "mm"),
    **dict.fromkeys(["cm", "centimetre", "centimeter"], "cm"),
    **dict.fromkeys(["dm", "decimetre", "decimeter"], "dm"),
    **dict.fromkeys(["m", "metre", "meter"], "m"),
    **dict.fromkeys(["km", "kilometre", "kilometer"], "km"),
    **dict.fromkeys(["inch", "in", "pouce"], "inch"),
    **dict.fromkeys(["ft", "foot", "feet", "pied"], "foot"),
    **dict.fromkeys(["mile", "mille"], "mile"),
    **dict.fromkeys(["mg", "milligramme", "milligram"], "mg"),
    **dict.fromkeys(["g", "gramme", "gram"], "g"),
    **dict.fromkeys(["kg", "kilogramme", "kilogram", "kilo"], "kg"),
    **dict.fromkeys(["l", "litre", "liter"], "l"),
    **dict.fromkeys(["ml", "millilitre", "milliliter"], "ml"),
    **dict.fromkeys(["cl", "centilitre", "centiliter"], "cl"),
    **dict.fromkeys(["s", "sec", "second", "seconde"], "s"),
    **dict.fromkeys(["min", "minute"], "min"),
    **dict.fromkeys(["h", "hour", "heure"], "h"),
    **dict.fromkeys(["jour", "day", "j"], "day"),
    **dict.fromkeys(["semaine", "week"], "week"),
    **dict.fromkeys(["moi", "mois", "month"], "month"),
    **dict.fromkeys(["an", "annee", "year"], "year"),
    **dict.fromkeys(["degre", "degree", "deg", "°"], "degree"),
    **dict.fromkeys(["radian", "rad"], "radian"),
    **dict.fromkeys(["$", "dollar", "usd"], "dollar"),
    **dict.fromkeys(["€", "euro", "eur"], "euro"),
    **dict.fromkeys(["£", "pound", "livre"], "pound"),
    **dict.fromkeys(["cent", "centime"], "cent"),
    **dict.fromkeys(["%", "pour cent", "pourcent", "percent", "per cent"], "percent"),
    **dict.fromkeys(["hz", "hertz"], "hertz"),
    "khz": "kilohertz",
    **dict.fromkeys(["ua", "uv", "ul"], ""),
    "mph": "mile/h",
}
POWERS_AFTER = {"carre": 2, "squared": 2, "cube": 3, "cubed": 3}
POWERS_BEFORE = {"square": 2, "sq": 2, "cubic": 3}
MONTHS = [
    {"janvier", "january"}, {"fevrier", "february"}, {"mars", "march"}, {"avril", "april"}, {"mai", "may"},
    {"juin", "june"}, {"juillet", "july"}, {"aout", "august"}, {"septembre", "september"}, {"octobre", "october"},
    {"novembre", "november"}, {"decembre", "december"},
]  # fmt: skip
LETTER = "[A-Za-zÀ-ÖØ-öø-ÿ]"  # not × and ÷, which stand among them
EXPONENT = r"(?:\s*\^\s*\{?\s*-?\d\s*\}?|(?<=[A-Za-z])[23])"
# A plain letter needs a space before it: 5 m is five metres, 5m may be five times m.
WORD = rf"(?:‹[^‹›]*›|[$€£%°]|{LETTER}(?:'?{LETTER})+|(?<=[ ./×])[mglshLj]){EXPONENT}?(?![A-Za-z0-9])"
TRAILING = re.compile(rf"(?P<value>.*?(?:[\d)\}}∞\]⦄]|\\pi))(?P<unit>\s*{WORD}(?:\s*[.×/]?\s*{WORD}){{0,4}})$")
LEADING = re.compile(r"(?P<minus>-?)\s*(?P<unit>[$€£])\s*(?P<value>-?[\d.\\].*)$")
NO_UNITS = {"et", "ou", "and", "or", "pi", "pas", "not", "faux", "wrong", "impossible"} | (FUNCTIONS - {"min"})


def split_unit(text: str) -> tuple[str, str | None]:
    """Return the value and the unit of a cleaned answer; the unit is None without one, "" if it is no known unit."""
    if found := LEADING.match(text):
        return found["minus"] + found["value"], NAMES[found["unit"]]
    found = TRAILING.match(text) if len(text) < 300 else None
    if not found or not re.search(r"\d|\\pi|∞", found["value"]):
        return text, None
    unit = found["unit"]
    plain = re.findall(f"{LETTER}+(?:'{LETTER}+)*", re.sub(r"‹[^‹›]*›", "", unit))
    if "°" in unit and re.search(r"\\(?:sin|cos|tan|cot)", found["value"]):
        return text, None
    known = NAMES.keys() | POWERS_BEFORE.keys() | {"par", "per"}
    if re.search(r"[\d<>=≤≥]", re.sub(EXPONENT, "", unit)) or not NO_UNITS.isdisjoint(fold(unit).strip(" ‹›").split()):
        return text, None
    if any(len(word) < 4 and _name(word) not in known for word in plain):
        return text, None
    return found["value"].strip(), canonical(unit)


def _name(word: str) -> str:
    """Return a unit's name in the singular."""
    plain = fold(word)
    if plain in NAMES or len(plain) < 3:
        return plain
    return re.sub(r"(?:(?<=ch)es|s)$", "", plain)


def canonical(unit: str) -> str:
    """Return the canonical name of a unit in words or signs, such as cm^2 or km^1·h^-1; "" if it is no known one."""
    text = re.sub(
        r"\b(?:par|per)\b", "/", re.sub(r"[‹›{}]", " ", unit.replace("pour cent", "%").replace("per cent", "%"))
    )
    parts: list[list[str | int]] = []
    sign, waiting = 1, 1
    for token in re.findall(r"\^\s*-?\d|\d|/|[$€£%°]|[^\W\d_]+", text):
        if token == "/":
            sign = -1
        elif token[-1].isdigit() or fold(token).removesuffix("s") in POWERS_AFTER:
            if not parts:
                return ""
            power = token.strip("^ ") if token[-1].isdigit() else POWERS_AFTER[fold(token).removesuffix("s")]
            parts[-1][1] = int(parts[-1][1]) * int(power)
        elif fold(token) in POWERS_BEFORE:
            waiting = POWERS_BEFORE[fold(token)]
        elif name := NAMES.get(_name(token)):
            parts.append([name, sign * waiting])
            waiting = 1
        else:
            return ""
    return "·".join(f"{name}^{power}" if power != 1 else str(name) for name, power in parts)


def time_of_day(text: str) -> tuple[int, int] | None:
    """Return hours and minutes of 14 h 30, 14:30 or 2:30 p.m.; None if the answer is no time of day."""
    plain = fold(re.sub(r"[‹›]", " ", text)).strip()
    found = re.fullmatch(r"(\d{1,2})\s*(?:h|:|heures?)\s*(\d{2})\s*(?:min|minutes?)?\s*([ap])?\.?\s*(?:m\.?)?", plain)
    found = found or re.fullmatch(r"(\d{1,2})()\s*([ap])\.?\s?m\.?", plain)
    if not found or int(found[1]) > 24 or int(found[2] or 0) > 59:
        return None
    hour = int(found[1]) % 12 + 12 * (found[3] == "p") if found[3] else int(found[1])
    return hour, int(found[2] or 0)


def date(text: str, language: Language) -> tuple[int, int, int] | None:
    """Return year (0 if none), month and day of a calendar date; None if the answer is none.

    Numbers alone are day/month/year in French, month/day/year in English.
    """
    plain = re.sub(
        r"\b(le|the|of|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|\w+day)\b|[‹›,]", " ", fold(text)
    )
    parts = re.sub(r"(?<=\d)(er|st|nd|rd|th)\b", "", plain).split()
    if numeric := re.fullmatch(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})\s*", plain):
        first, second, year = map(int, numeric.groups())
        return (year, second, first) if language == "fr" else (year, first, second)
    month = [index for index, names in enumerate(MONTHS, 1) for part in parts if part in names]
    rest = [int(part) for part in parts if re.fullmatch(r"[0-9]{1,4}", part)]
    if len(month) != 1 or len(rest) != len(parts) - 1 or not 1 <= len(rest) <= 2 or not 1 <= rest[0] <= 31:
        return None
    return (rest[1] if len(rest) == 2 else 0, month[0], rest[0])

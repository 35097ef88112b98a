"""One plain notation for an answer written in LaTeX, in Unicode or by hand.

Words from \\text{...} stand between ‹ and ›. Set braces become ⦃ and ⦄. Each relation and set operation becomes one
character.

What a comma or a space between digits means (the rule of this package):

- ``12 345`` (any space, \\, or ~ before groups of three digits), ``12,\\!345`` and ``1,234,567`` are integers always.
- Decimal comma (French): ``3,5`` is the decimal 3.5, and so is ``1,234``. It is read as the list 3; 5 as well, since
  an answer may write one so. In the gold, often copied from English, it is read as the integer 1234 too.
- Comma between thousands (English): ``1,234`` is the integer 1234, and any other comma separates.
- Between brackets that hold nothing else, (2,5) is a pair, [2,5] an interval and {2,5} a set, in every language.
- ``{,}`` and a point are decimal signs, save that between thousands ``12{,}345`` is an integer.
"""

import re
import unicodedata
from functools import cache
from typing import Literal

from luth.evaluation.scoring.mathematics.layout import FONTS, GROUP, plain
from luth.languages import Language, any_of

# What a comma that stands right between two digits is.
Comma = Literal["decimal", "thousands", "separator"]

SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\u2002\u2003\u2008\u200a\t\r\n\v\f"), " ")
GREEK = ["alpha", "beta", "gamma", "delta", "theta", "lambda", "mu", "rho", "sigma", "tau", "varphi", "omega"]
CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑‒", "-"),
        **dict.fromkeys("*·∙⋅•✕", "×"),
        **{c: f"\\frac{{{n}}}{{{d}}}" for c, n, d in zip("½⅓⅔¼¾⅕⅛", "1121311", "2334458", strict=True)},
        **{"√": "\\sqrt ", "∛": "\\sqrt[3]", "π": "\\pi ", "⩽": "≤", "⩾": "≥", "º": "°", "∖": "∖", "∅": "∅"},
        **{"’": "'", "′": "'", "↦": "\\mapsto ", "ℝ": "\\R ", "ℂ": "\\C ", "ℕ": "\\N ", "ℤ": "\\Z ", "ℚ": "\\Q "},
        **{c: f"\\{name} " for c, name in zip("αβγδθλμρστφω", GREEK, strict=True)},
        **dict.fromkeys("‹›⦃⦄⟦⟧", " "),
        **{chr(code): " " for code in range(32)},
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff"),
    }
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
COMMANDS = {
    **dict.fromkeys(["dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"], "\\frac "),
    **dict.fromkeys(["left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "bigg", "Bigg"], ""),
    **dict.fromkeys(["mathopen", "mathclose", "displaystyle", "textstyle", "limits", "ensuremath", "middle"], " "),
    **dict.fromkeys(["quad", "qquad", "enspace", "thinspace", "nobreakspace", "allowbreak", "hfill"], " "),
    **{"le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">"},
    **{
        "ne": "≠",
        "neq": "≠",
        "approx": "≈",
        "simeq": "≈",
        "in": "∈",
        "notin": "∉",
        "cup": "∪",
        "bigcup": "∪",
        "cap": "∩",
    },
    **dict.fromkeys(["setminus", "backslash", "smallsetminus"], "∖"),
    **{"infty": "∞", "emptyset": "∅", "varnothing": "∅", "degree": "°", "degrees": "°"},
    **{"pm": "±", "mp": "∓", "cdot": "×", "times": "×", "ast": "×", "div": "/", "colon": ":"},
    **{"lbrace": "⦃", "rbrace": "⦄", "lbrack": "[", "rbrack": "]", "langle": "(", "rangle": ")"},
    **dict.fromkeys(["lvert", "rvert", "vert", "mid"], "|"),
    **{"lor": " ∨ ", "vee": " ∨ ", "land": " ∧ ", "wedge": " ∧ "},
    **{"euro": "€", "euros": "€", "EUR": "€", "ldots": "…", "dots": "…", "cdots": "…"},
    **{"top": "T", "intercal": "T", "tg": "\\tan ", "cotg": "\\cot "},
}
FUNCTIONS = {
    *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
    *("sh", "ch", "th", "ln", "log", "exp", "sqrt", "gcd", "lcm", "min", "max", "abs"),
}
SPELT = {"pi": "\\pi ", "theta": "\\theta ", "alpha": "\\alpha ", "binom": "\\binom ", "pm": "±"}
SPELT |= dict.fromkeys(("infty", "oo", "inf"), "∞")
TEXT = re.compile(rf"\\({FONTS})\s*{GROUP}")
UNIT_LETTERS = "mghsl"
UNIT_CAPITALS = {*"VAWJNKTHFLC"}  # upright, and behind a number
SET_LETTER = re.compile(r"\\(?:mathbb|mathbf|Bbb|mathds)\s*\{?\s*([RNZQC])\b\s*\}?")
ACCENTS = re.compile(r"[\u0300-\u036f]")


def fold(text: str) -> str:
    """Return a text in lower case without accents."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower()))


@cache
def function_names(language: Language) -> frozenset[str]:
    """Return the names of functions that an answer may use."""
    return frozenset(FUNCTIONS | language.functions.keys())


@cache
def _openers(language: Language) -> tuple[re.Pattern[str], set[str]]:
    """Return the pattern and the words that may stand before an answer in prose."""
    labels = map(fold, (*language.answer_words, *language.choice_words))
    return re.compile(rf"^\s*{any_of(language.opening_patterns)}"), {*language.openers, *labels}


def words(text: str, language: Language) -> list[str]:
    """Return the words, numbers and signs of an answer in prose, without the article or label before it."""
    pattern, openers = _openers(language)
    plain = pattern.sub("", fold(re.sub(r"\\[A-Za-z]+|[‹›]", " ", text)))
    named = re.findall(r"[^\W_]+|[-+/^=<>%]", plain)
    while len(named) > 1 and named[0] in openers:
        named = named[1:]
    return named


def _text(match: re.Match[str], language: Language) -> str:
    """Mark words as words; a single letter or a function in upright type stays mathematics."""
    command, content = match[1], match[2].strip()
    behind_a_number = match.string[: match.start()].rstrip()[-1:].isdigit()
    if content in function_names(language) and not (content == "min" and behind_a_number):
        return f"\\{content} "
    if behind_a_number and content in UNIT_CAPITALS and command == "mathrm":
        return f" ‹{content}› "
    if len(content) == 1 and (command.startswith(("math", "oper")) or _is_symbol(content, match, language)):
        return f" {content}"
    return content if re.fullmatch(r"[-+\d.,;\s]*", content) else f" ‹{re.sub('[{}]', '', match[2])}› "


def _is_symbol(letter: str, match: re.Match[str], language: Language) -> bool:
    r"""Tell whether a letter in \text{} is a symbol: e and i, and before ^, ( or _ any letter that is no unit."""
    if letter in (*language.and_words, *language.or_words) or letter.lower() in (*UNIT_LETTERS, *language.units):
        return False
    return letter in "ei" or match.string[match.end() :].lstrip()[:1] in ("^", "(", "_")


@cache
def _about(language: Language) -> re.Pattern[str]:
    return re.compile(rf"^(?:‹\s*)?{any_of(language.about_words)}(?:\s*›)?\s")


def clean(text: str, language: Language) -> str:
    """Return an answer in the plain notation; digits and their separators stay as they were."""
    text = plain(text).replace("\\\\", "\\cr ")
    text = re.sub(r"(?<=[\w)\]}])\*\*(?=[\w({-])", "^", text)
    text = text.replace("**", "").replace("`", "").translate(SPACES).translate(CHARACTERS)
    text = unicodedata.normalize("NFC", text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+", lambda match: f"^{{{match[0].translate(RAISED)}}}", text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda match: f"_{{{match[0].translate(LOWERED)}}}", text)
    # One dollar sign alone is a currency; two are LaTeX's.
    if text.count("$") - text.count("\\$") != 1:
        text = text.replace("\\$", "＄").replace("$", " ").replace("＄", "$")
    text = text.replace("\\$", "$")
    text = re.sub(r"(?<=\d)\s*\{?,\}?\s*\\!\s*(?=\d{3})", "", text)
    text = re.sub(r"\\[()\[\]]", " ", re.sub(r"\\cr \[\d+\w\w\]", r"\\cr ", text))
    text = re.sub(r"\{\s*\}", " ", re.sub(r"\\[,;:> ]|~", " ", text.replace("\\!", "")))
    text = text.replace("\\{", "⦃").replace("\\}", "⦄")
    text = SET_LETTER.sub(r"\\\1 ", text.replace("\\%", "%").replace("\\&", "&").replace("\\_", "_"))
    for _ in range(2):
        text = TEXT.sub(lambda match: _text(match, language), text)
    text = re.sub(r"\\([A-Za-z]+)", lambda match: COMMANDS.get(match[1], match[0]), text)
    text = re.sub(r"\^\s*(?:\{\s*(?:°|\\circ)\s*\}|°|\\circ(?![A-Za-z]))", "°", text)
    text = re.sub(r"‹?\s*°\s*([CFK])(?![A-Za-z])\s*›?", r"‹°\1›", text)
    text = text.replace("<=", "≤").replace("=<", "≤").replace(">=", "≥").replace("!=", "≠").replace("≃", "≈")
    text = re.sub(r"\s+", " ", re.sub(r"‹\s*›", " ", text)).strip()
    whole = re.fullmatch(r"‹([^‹›]*)›", re.sub(r"[\s.;:,?]+$", "", text))
    text = re.sub(r"[\s.;:,?]+$", "", whole[1] if whole else text).strip()
    text = _about(language).sub("≈", text)
    phrase = " ".join(re.sub(r"[‹›.]", " ", fold(text)).split())
    return language.phrases.get(phrase, text)


def numbers(text: str, comma: Comma) -> str:
    """Write every number of a cleaned answer with a decimal point and no thousands separator.

    Args:
        comma: what a comma that stands right between two digits is.
    """
    # (2,5) is a pair, {2,5} two numbers, whatever the language.
    text = re.sub(r"(?<=[(\[\]⦃])(\s*-?\s*\d+),(\d+)(?=\s*[)\[\]⦄])", r"\1, \2", text)
    if comma == "thousands":
        text = re.sub(r"(?<=\d)\s?\{\s?,\s?\}\s?(?=\d{3}(?!\d))", ",", text)
        text = re.sub(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)", _digits, text)
    text = re.sub(r"(?<=\d)\s?\{\s?([,.])\s?\}\s?(?=\d)", ".", text)
    if comma == "decimal":
        text = re.sub(r"(?<![\d,.])[1-9]\d{0,2}(?:(?:,\d{3}){2,}(?![\d,])|(?:,\d{3})+(?=\.\d))", _digits, text)
        text = re.sub(r"(?<![\d,.])[1-9]\d{0,2}(?:\.\d{3})+(?=,\d+(?![\d,.]))", _digits, text)
        text = re.sub(r"(?<![\d,.])(\d+),(\d+)(?![\d.])", r"\1.\2", text)
    text = re.sub(r"(?<![\d,.])[1-9]\d{0,2}(?:\.\d{3}){2,}(?![\d,.])", _digits, text)
    text = re.sub(r"(?<![\d.,_^])[1-9]\d{0,2}(?:(?: \d{3})+|(?:'\d{3})+)(?!\d| ?\d)", _digits, text)
    return re.sub(r"\.\d{3}(?: \d{3})+(?!\d)", lambda decimals: decimals[0].replace(" ", ""), text)


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


@cache
def _spellings(language: Language) -> tuple[dict[re.Pattern[str], str], dict[str, str]]:
    """Return the signs of connectives by pattern, and the notation of functions and constants by word."""
    connectives = {}
    for sign, listed in (("∨", language.or_words), ("∧", language.and_words)):
        # A word of one letter is a symbol, save inside \\text{}: « y », « o » in Spanish.
        bare = any_of(word for word in listed if len(word) > 1)
        connectives[re.compile(rf",?\s*(?:‹\s*{any_of(listed)}\s*›|(?<![\w\\]){bare}(?!\w))\s*")] = f" {sign} "
    return connectives, {**SPELT, **{name: f"\\{name} " for name in function_names(language)}, **language.symbols}


def spelt(text: str, language: Language) -> str:
    """Write functions and constants with a backslash, and connectives as signs."""
    connectives, spellings = _spellings(language)
    for pattern, sign in connectives.items():
        text = pattern.sub(sign, text)
    return re.sub(r"‹[^‹›]*›|\\[A-Za-z]+|[A-Za-z]+", lambda word: spellings.get(word[0], word[0]), text)

"""One plain notation for an answer written in LaTeX, in Unicode or by hand, in French or in English.

Words out of \\text{...} stand between ‹ and ›, set braces become ⦃ and ⦄, relations and set operations one character.

What a comma or a space between digits means (the rule of this package):

- ``12 345`` (any space, \\, or ~ before groups of three digits), ``12,\\!345`` and ``1,234,567`` are integers always.
- French: ``3,5`` is the decimal 3.5, and so is ``1,234``. It is read as the list 3; 5 as well, since a French answer
  may write one so, and in the gold (often an English one, copied) as the integer 1234 too, but not in the answer.
- English: ``1,234`` is the integer 1234, and any other comma separates.
- Between brackets that hold nothing else, (2,5) is a pair, [2,5] an interval and {2,5} a set, in both languages.
- ``{,}`` and a point are decimal signs, save that in English ``12{,}345`` is an integer.
"""

import re
import unicodedata
from typing import Literal

Language = Literal["fr", "en"]

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
    **dict.fromkeys(["le", "leq", "leqslant"], "≤"),
    **dict.fromkeys(["ge", "geq", "geqslant"], "≥"),
    **dict.fromkeys(["lt"], "<"),
    **dict.fromkeys(["gt"], ">"),
    **dict.fromkeys(["ne", "neq"], "≠"),
    **dict.fromkeys(["in"], "∈"),
    **dict.fromkeys(["cup", "bigcup"], "∪"),
    **dict.fromkeys(["cap"], "∩"),
    **dict.fromkeys(["setminus", "backslash", "smallsetminus"], "∖"),
    **dict.fromkeys(["infty"], "∞"),
    **dict.fromkeys(["pm"], "±"),
    **dict.fromkeys(["mp"], "∓"),
    **dict.fromkeys(["cdot", "times", "ast"], "×"),
    **dict.fromkeys(["div"], "/"),
    **dict.fromkeys(["colon"], ":"),
    **dict.fromkeys(["approx", "simeq"], "≈"),
    **dict.fromkeys(["emptyset", "varnothing"], "∅"),
    **dict.fromkeys(["lbrace"], "⦃"),
    **dict.fromkeys(["rbrace"], "⦄"),
    **dict.fromkeys(["lbrack"], "["),
    **dict.fromkeys(["rbrack"], "]"),
    **dict.fromkeys(["lvert", "rvert", "vert", "mid"], "|"),
    **dict.fromkeys(["langle"], "("),
    **dict.fromkeys(["rangle"], ")"),
    **dict.fromkeys(["degree", "degrees"], "°"),
    **dict.fromkeys(["lor", "vee"], " ∨ "),
    **dict.fromkeys(["land", "wedge"], " ∧ "),
    **dict.fromkeys(["euro", "euros", "EUR"], "€"),
    **dict.fromkeys(["ldots", "dots", "cdots"], "…"),
    "tg": "\\tan ",
    "cotg": "\\cot ",
}
FUNCTIONS = {
    *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
    *("sh", "ch", "th", "ln", "log", "exp", "sqrt", "gcd", "lcm", "pgcd", "ppcm", "min", "max", "abs"),
}
SPELT = {**{name: f"\\{name} " for name in FUNCTIONS}, "pi": "\\pi ", "infty": "∞", "infinity": "∞", "infini": "∞"}
SPELT |= {
    "oo": "∞",
    "inf": "∞",
    "racine": "\\sqrt ",
    "theta": "\\theta ",
    "alpha": "\\alpha ",
    "pm": "±",
    "binom": "\\binom ",
}
TEXT = re.compile(
    r"\\(text|textbf|textit|textrm|textsf|textnormal|mbox|hbox|mathrm|mathbf|mathit|mathsf|boldsymbol|underline|rm|bf"
    r"|operatorname\*?)\s*\{([^{}]*)\}"
)
SET_LETTER = re.compile(r"\\(?:mathbb|mathbf|Bbb|mathds)\s*\{?\s*([RNZQC])\b\s*\}?")
ACCENTS = re.compile(r"[\u0300-\u036f]")
EMPTY = ["no solution", "no solutions", "no real solution", "no real solutions", "the empty set", "empty set"]
EMPTY += ["aucune solution", "pas de solution", "aucune solution reelle", "l'ensemble vide", "ensemble vide"]
ALL_REALS = ["all real numbers", "all reals", "the real numbers", "tous les reels", "tous les nombres reels"]
ALL_REALS += ["l'ensemble des reels", "l'ensemble des nombres reels"]
SAID = {
    **dict.fromkeys(EMPTY, "∅"),
    **dict.fromkeys(ALL_REALS, "\\R"),
    **dict.fromkeys(["l'infini", "plus l'infini", "+ l'infini", "plus infinity"], "∞"),
    **dict.fromkeys(["moins l'infini", "- l'infini", "minus infinity", "negative infinity"], "-∞"),
}
ARTICLES = {"le", "la", "les", "un", "une", "des", "du", "the", "an", "est", "it", "is", "il", "elle"}
LABELS = {"option", "choix", "choice", "reponse", "answer", "proposition", "statement"}


def fold(text: str) -> str:
    """Return a text in lower case without accents."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower()))


def words(text: str) -> list[str]:
    """Return the words, numbers and signs of an answer in prose, without the article or label before it."""
    plain = re.sub(r"^\s*(?:[lc]'|a (?=[^\W\d_]{2}))", "", fold(re.sub(r"\\[A-Za-z]+|[‹›]", " ", text)))
    found = re.findall(r"[^\W_]+|[-+/^=<>%]", plain)
    while len(found) > 1 and found[0] in ARTICLES | LABELS:
        found = found[1:]
    return found


def _text(match: re.Match[str]) -> str:
    """Keep words apart from symbols; a letter or a function in upright type is mathematics all the same."""
    command, content = match[1], match[2].strip()
    if content in FUNCTIONS:
        return f"\\{content} "
    if not command.startswith("text") and command not in ("mbox", "hbox") and len(content) == 1:
        return f" {content}"
    return content if re.fullmatch(r"[-+\d.,\s]*", content) else f" ‹{match[2]}› "


def clean(text: str) -> str:
    """Return an answer in the plain notation; digits and their separators stay as they were."""
    text = re.sub(r"(?<=[\w)\]}])\*\*(?=[\w({-])", "^", text.replace("\\\\", "\\cr "))
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
    text = TEXT.sub(_text, TEXT.sub(_text, text))
    text = re.sub(r"\\([A-Za-z]+)", lambda match: COMMANDS.get(match[1], match[0]), text)
    text = re.sub(r"\^\s*(?:\{\s*(?:°|\\circ)\s*\}|°|\\circ(?![A-Za-z]))", "°", text)
    text = text.replace("<=", "≤").replace("=<", "≤").replace(">=", "≥").replace("!=", "≠").replace("≃", "≈")
    text = re.sub(r"\s+", " ", re.sub(r"‹\s*›", " ", text)).strip()
    whole = re.fullmatch(r"‹([^‹›]*)›", re.sub(r"[\s.;:,?]+$", "", text))
    text = re.sub(r"[\s.;:,?]+$", "", whole[1] if whole else text).strip()
    text = re.sub(r"^(?:‹\s*)?(?:environ|approximativement|about|approximately)(?:\s*›)?\s", "≈", text)
    return SAID.get(fold(text), text)


def numbers(text: str, comma: Literal["decimal", "thousands", "separator"]) -> str:
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
    return re.sub(r"\.\d{3}(?: \d{3})+(?!\d)", lambda found: found[0].replace(" ", ""), text)


def _digits(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found[0])


def spelt(text: str) -> str:
    """Give functions and constants written without a backslash theirs, and write connectives as signs."""
    text = re.sub(r",?\s*(?:‹\s*(?:ou|or)\s*›|(?<![\w\\])(?:ou|or)(?!\w))\s*", " ∨ ", text)
    text = re.sub(r",?\s*(?:‹\s*(?:et|and)\s*›|(?<![\w\\])(?:et|and)(?!\w))\s*", " ∧ ", text)
    return re.sub(
        r"‹[^‹›]*›|\\[A-Za-z]+|[A-Za-z]+",
        lambda found: SPELT.get(found[0], found[0]),
        text,
    )

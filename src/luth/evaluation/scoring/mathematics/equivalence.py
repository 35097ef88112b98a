"""Equivalence of two final answers: the same value, set, tuple, interval, equation, word, date.

What counts as the same, where a choice had to be made:

- 5 and x = 5 and {5}; y = 2x + 3 and 2x + 3 and 2x - y + 3 = 0 (an equation is the same up to one constant factor).
- 5 cm and 5, 20 % and 20 and 0,2; never 5 cm and 5 m. Units are compared when both sides write one that is known.
- Lists and sets in any order (1 and -2; {1; -2}; 1 ± 2 is two numbers); tuples in theirs. (a, b) is a pair and an open
  interval; a list without brackets may be a tuple that lost them, in its order.
- x > 3, x ∈ ]3; +∞[, (3, ∞); R∖{2} and x ≠ 2.
- A number in another base needs its base: 2516_8 is neither 2516 nor 1358, which the problem may have stated.
- A decimal is what it says: 0,333 is not 1/3, nor 3,14 π; after ≈ it may stand beside the exact value.
- Words in any case and without accents, never translated, never as a part of a longer text.
"""

import re

from luth.evaluation.scoring.mathematics import units
from luth.evaluation.scoring.mathematics.comparison import TimedOut, start_clock
from luth.evaluation.scoring.mathematics.notation import Language, clean, fold, numbers, spelt, words
from luth.evaluation.scoring.mathematics.parsing import Node, NotParsed, parse
from luth.evaluation.scoring.mathematics.structures import items, same

MAX_LENGTH = 2000  # characters; no final answer is longer
REPEATING = re.compile(r"(?<![\d.,])(\d*)[.,](\d*)\\overline\s?\{(\d+)\}")
LABEL = re.compile(r"^(?:\(?[A-Za-z]\)?\s?:\s?(?=.*[=≤≥<>])|.{1,20}\\mapsto\b)")  # (d) : y = 2x; f : x ↦ 2x
BRACKETED_BASE = re.compile(r"\((\d+)\)\s?_")
OTHER_BASE = re.compile(r"\\overline\s?\{(\d+)\}\s?[\^_]\s?\{?(?:‹)?\s?(\d+)\s?(?:›)?\}?")
# 2kπ, k ∈ Z: what a parameter runs over is no part of the formula.
PARAMETER = re.compile(
    r"(?<=.)\s*(?:[,(]|‹?\s*(?:avec|où|pour|with|for|where)\s*›?)\s*(?:‹?\s*(?:avec|où|pour|with|for|where)\s*›?)?"
    r"\s*\\?[A-Za-z]+\s*∈\s*\\[RNZQC]\s*\)?$"
)
NAMED_BASE = re.compile(r"(\d+) ?\(?‹? ?\(?(?:en )?base ?›? ?(\d+) ?›?\)?$")

CYCLE = re.compile(r"\(((?:\w )+\w)\)")  # of a permutation: (a b c) is (b c a), and no product
DECIMAL = re.compile(r"-? ?\d+,\d+")
THREE_LETTERS = {"oui", "non", "yes", "est", "sud", "nul", "odd"}  # words, not products of three symbols
HUNDRED: Node = ("num", "100")


def equivalent(answer: str, gold: str, language: Language) -> bool:
    """Tell whether an answer is the gold one, each written in LaTeX or plainly, in `language` or its notation.

    An answer that is empty, too long, not to be understood or too slow to compare (comparison.TIME_LIMIT) is wrong,
    unless it is the gold one to the letter. Nothing in either text is executed.

    Raises:
        RuntimeError: the process that compares expressions cannot be started.
    """
    if len(answer) > MAX_LENGTH or len(gold) > MAX_LENGTH:
        return bool(answer.strip()) and answer.strip() == gold.strip()
    answer, gold = clean(answer), clean(gold)
    if not answer or not gold:
        return False
    if _squeezed(answer) == _squeezed(gold):
        return True
    start_clock()
    try:
        return _same_text(answer, gold, language)
    except (RecursionError, TimedOut):
        return False


def is_list(text: str, language: Language) -> bool:
    """Tell whether an answer is several values: a list, a set or ±."""
    return any(
        len(items(node)) > 1 for node in readings(clean(text), language, gold=True) if node[0] not in ("tuple", "rel")
    )


def readings(text: str, language: Language, gold: bool) -> list[Node]:
    """Return what a cleaned answer may say, by what its commas may be (see notation.py); [] for words."""
    text = REPEATING.sub(_repeating, LABEL.sub("", PARAMETER.sub("", text)))
    text = OTHER_BASE.sub(r"\1_{\2}", NAMED_BASE.sub(r"\1_{\2}", BRACKETED_BASE.sub(r"\1_", text)))
    bracketed = re.search(r"[(\[\]⦃]", text)
    if language == "fr":
        commas = ["decimal", "separator", "thousands"] if gold else ["decimal", "separator"]
    else:
        commas = ["thousands", "separator"] if bracketed else ["thousands"]
    found: list[Node] = []
    for comma in commas:
        try:
            node = parse(spelt(numbers(text, comma)))
        except NotParsed:
            continue
        if node not in found:
            found.append(node)
    return found


def _repeating(match: re.Match[str]) -> str:
    """0.1\\overline{6} as a fraction."""
    whole, fixed, period = match[1] or "0", match[2], match[3]
    over = int(whole + fixed + period) - int(whole + fixed)
    return f"\\frac{{{over}}}{{{10 ** len(fixed) * (10 ** len(period) - 1)}}}"


def _squeezed(text: str) -> str:
    return re.sub(r"(?<![\d,]) | (?!\d)", "", text)


def _loose(text: str) -> str:
    """A formula that the parser does not know, without spaces and with one separator."""
    return re.sub(r"\s", "", text).replace(";", ",")


def _same_text(answer: str, gold: str, language: Language) -> bool:
    """Compare two cleaned answers as dates, times, values with units, or words."""
    for known in (lambda text: units.date(text, language), units.time_of_day):
        if (wanted := known(gold)) is not None and (given := known(answer)) is not None:
            return given == wanted
    if fold(gold) in THREE_LETTERS:
        return words(answer) == words(gold)
    if cycle := CYCLE.fullmatch(gold):
        letters, given = cycle[1].split(), answer.strip("() ").split()
        return answer[0] == "(" and any(given == letters[at:] + letters[:at] for at in range(len(letters)))
    gold_exact = _without_approximation(gold)
    if any(_same_quantity(part, whole, language) for part in _without_approximation(answer) for whole in gold_exact):
        return True
    if not readings(gold, language, gold=True) and _loose(answer) == _loose(gold):
        return True
    prose = re.search(r"[^\W\d_]{2}|^\([^\W\d_]\)$|^[A-Z]$", gold) and not re.search(r"[\\∪∩≤≥]", gold)
    return bool(prose and _wordy(gold, language) and _enumerated(answer) == _enumerated(gold) != [[]])


def _enumerated(text: str) -> list[list[str]]:
    """The words of each thing that an answer in prose names, in one order."""
    return sorted(words(part) for part in re.split(r"‹?\b(?:et|and)\b›?|[,;]", text))


def _wordy(gold: str, language: Language) -> bool:
    """Tell whether a gold answer is prose, or one word or letter that could be a product of symbols too."""
    return bool(re.fullmatch(r"\(?[^\W\d_]+\)?", gold)) or not readings(gold, language, gold=True)


def _without_approximation(text: str) -> list[str]:
    return [part for part in (part.strip() for part in text.split("≈")) if part][:4]


def _same_quantity(answer: str, gold: str, language: Language) -> bool:
    """Compare values, and units where both have one that is known."""
    value, unit = units.split_unit(answer)
    gold_value, gold_unit = units.split_unit(gold)
    if unit and gold_unit and unit != gold_unit:
        return False
    given = readings(value, language, gold=False)
    wanted = readings(gold_value, language, gold=True)
    if language == "fr" and all(DECIMAL.fullmatch(text) for text in (value, gold_value)):
        # Both 3,5 and 5,3 could be lists of 3 and 5; that both are is not likely.
        given = given[:1]
    if unit == "percent" != gold_unit:
        given += [("/", node, HUNDRED) for node in given]
    elif gold_unit == "percent" != unit:
        wanted += [("/", node, HUNDRED) for node in wanted]
    return any(same(one, other) for one in given for other in wanted)

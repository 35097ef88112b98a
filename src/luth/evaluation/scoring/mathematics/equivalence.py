"""Equivalence of two final answers: the same value, set, tuple, interval, equation, word, date.

What counts as the same, where a choice had to be made:

- 5 and x = 5 and {5}; y = 2x + 3 and 2x + 3 and 2x - y + 3 = 0 (an equation is the same up to one constant factor).
- 5 cm and 5, 20 % and 20 and 0,2; never 5 cm and 5 m. Units are compared when both sides write one that is known.
- Lists and sets in any order (1 and -2; {1; -2}; 1 ± 2 is two numbers); tuples in theirs. (a, b) is a pair and an open
  interval; a list without brackets may be a tuple that lost them, in its order.
- x > 3, x ∈ ]3; +∞[, (3, ∞); R∖{2} and x ≠ 2.
- A number in another base needs its base: 2516_8 is neither 2516 nor 1358, which the problem may have stated.
- A decimal stands for an exact value if it is that value rounded or truncated at its last digit, and has four digits
  or more from the first that is not 0: 0,3333 is 1/3, and 3,1416 and 3,1415 are π; 0,333 and 3,14 are not. Of two
  decimals each is what it says. After ≈ a decimal may be shorter.
- What an equation or a name says of the right side alone: dim(E) = 3 and P(X = 2) = 3 and 3. 7 = 11a + c has no value.
- Words in any case and without accents, never translated, never as a part of a longer text.
"""

import re
from functools import cache

from luth.evaluation.scoring.mathematics import units
from luth.evaluation.scoring.mathematics.comparison import TimedOut, real_value, start_clock
from luth.evaluation.scoring.mathematics.notation import Comma, clean, fold, function_names, numbers, spelt, words
from luth.evaluation.scoring.mathematics.parsing import Node, NotParsed, parse
from luth.evaluation.scoring.mathematics.regions import parts_of
from luth.evaluation.scoring.mathematics.structures import VALUES, items, same
from luth.languages import Language, any_of

MAX_LENGTH = 2000  # characters; no final answer is longer
LONGEST_LABEL = 60
REPEATING = re.compile(r"(?<![\d.,])(\d*)[.,](\d*)\\overline\s?\{(\d+)\}")
LABEL = re.compile(r"^(?:\(?[A-Za-z]\)?\s?:\s?(?=.*[=≤≥<>])|.{1,20}\\mapsto\b)")  # (d) : y = 2x; f : x ↦ 2x
BRACKETED_BASE = re.compile(r"\((\d+)\)\s?_")
OTHER_BASE = re.compile(r"\\overline\s?\{(\d+)\}\s?[\^_]\s?\{?(?:‹)?\s?(\d+)\s?(?:›)?\}?")
CYCLE = re.compile(r"\(((?:\w )+\w)\)")  # of a permutation: (a b c) is (b c a), and no product
NAMED = re.compile(r"^‹([^‹›:]*[^\W\d_][^‹›:]*):\s*›(.+)$")  # le nombre de solutions : 5
DECIMAL = re.compile(r"-? ?\d+,\d+")
NEAR = 0.02  # what a decimal after ≈ may be off: 1.41 for √2, 0.33 for 1/3
HUNDRED: Node = ("num", "100")


@cache
def _parameter(language: Language) -> re.Pattern[str]:
    """Return the pattern of what a parameter runs over, the « k ∈ Z » of 2kπ, k ∈ Z: no part of the formula."""
    word = rf"‹?\s*{any_of(language.parameter_words)}\s*›?"
    over = r"\\?[A-Za-z]+\s*∈\s*\\[RNZQC]\s*(?:[_^]\s*\{?[^\s{},=]{1,3}\}?\s*){0,2}"
    return re.compile(
        rf"(?<=.)\s*(?:[,(]|{word})\s*(?:{word}|\\forall)?\s*{over}\)?$|^\(?\\forall\s*{over}\)?\s*[,:;]?\s*(?=.)"
        r"|^\\forall\s*[^,:;=]{1,40}[,:;]\s*(?=[^,;]*=)"
    )


@cache
def _named_base(language: Language) -> re.Pattern[str]:
    """Return the pattern of a number whose base follows in words."""
    return re.compile(rf"(\d+) ?\(?‹? ?\(?{any_of(language.base_words)} ?›? ?(\d+) ?›?\)?$")


def equivalent(answer: str, gold: str, language: Language) -> bool:
    """Tell whether an answer is the gold one, each written in LaTeX or plainly, in `language` or its notation.

    An answer that is empty, too long, not to be understood or too slow to compare (comparison.TIME_LIMIT) is wrong,
    unless it is the gold one to the letter. Nothing in either text is executed.

    Raises:
        RuntimeError: the process that compares expressions cannot be started.
    """
    if len(answer) > MAX_LENGTH or len(gold) > MAX_LENGTH:
        return bool(answer.strip()) and answer.strip() == gold.strip()
    answer, gold = clean(answer, language), clean(gold, language)
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
    """Tell whether an answer is several values: a list, a set, a tuple or ±."""
    nodes = readings(clean(text, language), language, gold=True)
    return any(len(items(node)) > 1 for node in nodes if node[0] != "rel")


def readings(text: str, language: Language, gold: bool) -> list[Node]:
    """Return the nodes that a cleaned answer may mean, one for each meaning of its commas; [] for words."""
    text = REPEATING.sub(_repeating, LABEL.sub("", _parameter(language).sub("", text)))
    text = OTHER_BASE.sub(r"\1_{\2}", _named_base(language).sub(r"\1_{\2}", BRACKETED_BASE.sub(r"\1_", text)))
    nodes: list[Node] = []
    for comma in _meanings_of_a_comma(text, language, gold):
        try:
            node = parse(spelt(numbers(text, comma), language), function_names(language))
        except NotParsed:
            continue
        if node not in nodes:
            nodes.append(node)
    return nodes


def _labelled(text: str, language: Language, gold: bool) -> list[Node]:
    r"""Return the equations that an answer may be, its left side a name that the parser does not read: \dim(E) = 3."""
    named = NAMED.match(text)
    left, right = named.groups() if named else _sides(text)
    label = re.sub(r"\s+|\\(?=[A-Za-z])", "", left)
    names = {*re.findall(r"[^\W\d_]+", fold(left))}
    if (
        len(label) > LONGEST_LABEL
        or not names
        or names & {*language.negations, *language.and_words, *language.or_words}
    ):
        return []
    return [("rel", "=", (("name", label), node)) for node in readings(right, language, gold)]


def _sides(text: str) -> tuple[str, str]:
    """Return the sides of the first = outside brackets; empty ones if another sign or a separator stands before it."""
    depth, signs = 0, []
    for at, character in enumerate(text):
        depth += (character in "({⦃") - (character in ")}⦄")
        if depth == 0 and character in "=<>≤≥≠≈∈∨∧,;":
            signs.append(at)
    return (text[: signs[0]], text[signs[0] + 1 :]) if signs and text[signs[0]] == "=" else ("", "")


def _meanings_of_a_comma(text: str, language: Language, gold: bool) -> list[Comma]:
    """Return what a comma between two digits may be (notation.py), the likeliest first."""
    if language.decimal_mark == ",":
        return ["decimal", "separator", "thousands"] if gold else ["decimal", "separator"]
    if language.thousands_mark == ",":
        return ["thousands", "separator"] if re.search(r"[(\[\]⦃]", text) else ["thousands"]
    return ["separator"]


def _repeating(match: re.Match[str]) -> str:
    """Return 0.1\\overline{6} as a fraction."""
    whole, fixed, period = match[1] or "0", match[2], match[3]
    over = int(whole + fixed + period) - int(whole + fixed)
    return f"\\frac{{{over}}}{{{10 ** len(fixed) * (10 ** len(period) - 1)}}}"


def _squeezed(text: str) -> str:
    return re.sub(r"(?<![\d,]) | (?!\d)", "", text)


def _loose(text: str) -> str:
    """Return a formula without spaces and with one kind of separator: for what the parser does not read."""
    return re.sub(r"\s", "", text).replace(";", ",")


def _same_text(answer: str, gold: str, language: Language) -> bool:
    """Compare two cleaned answers as dates, times, values with units, or words."""
    for read in (units.date, units.time_of_day, units.duration):
        gold_moment, moment = read(gold, language), read(answer, language)
        if gold_moment is not None and moment is not None:
            return moment == gold_moment
    # 3 h is 3:00; 3 min and 3 cm are not.
    gold_moment, moment = units.moment(gold, language), units.moment(answer, language)
    if gold_moment and moment and gold_moment[0] != moment[0] and gold_moment[1] == moment[1]:
        return True
    if fold(gold) in language.short_words:
        return words(answer, language) == words(gold, language)
    if cycle := CYCLE.fullmatch(gold):
        letters, order = cycle[1].split(), answer.strip("() ").split()
        return answer[0] == "(" and any(order == letters[at:] + letters[:at] for at in range(len(letters)))
    gold_exact = _approximated(gold, language)
    if any(_same_quantity(part, whole, language) for part in _approximated(answer, language) for whole in gold_exact):
        return True
    if not readings(gold, language, gold=True) and _loose(answer) == _loose(gold):
        return True
    prose = re.search(r"[^\W\d_]{2}|^\([^\W\d_]\)$|^[A-Z]$", gold) and not re.search(r"[\\∪∩≤≥]", gold)
    if not prose or not _wordy(gold, language):
        return False
    return _enumerated(answer, language) == _enumerated(gold, language) != [[]]


def _enumerated(text: str, language: Language) -> list[list[str]]:
    """Return the words of each item that an answer in prose lists, the items sorted."""
    return sorted(words(part, language) for part in _between_items(language).split(text))


@cache
def _between_items(language: Language) -> re.Pattern[str]:
    return re.compile(rf"‹?\b{any_of(language.and_words)}\b›?|[,;]")


def _wordy(gold: str, language: Language) -> bool:
    """Tell whether a gold answer is prose, or one word or letter that could be a product of symbols too."""
    return bool(re.fullmatch(r"\(?[^\W\d_]+\)?", gold)) or not readings(gold, language, gold=True)


def _approximated(text: str, language: Language) -> list[str]:
    """Return the values between the ≈ of an answer, without those that the exact value before them is not near."""
    parts = [part for part in (part.strip() for part in text.split("≈")) if part][:4]
    if len(parts) < 2:
        return parts
    known = [_computed(part, language) for part in parts]
    return [part for part, value in zip(parts, known, strict=True) if _near(known[0], value)]


def _computed(text: str, language: Language) -> float | None:
    """Return the number that an answer, or the last side of its equation, is; None if it is none."""
    nodes = readings(text, language, gold=False)
    if not nodes:
        return None
    node = nodes[0]
    node = node[2][-1] if node[0] == "rel" and set(node[1]) == {"="} else node
    return real_value(node) if {part[0] for part in parts_of(node)} <= VALUES else None


def _near(exact: float | None, value: float | None) -> bool:
    return exact is None or value is None or abs(exact - value) <= NEAR * max(abs(exact), abs(value))


def _same_quantity(answer: str, gold: str, language: Language) -> bool:
    """Compare values, and units where both sides have a known one."""
    value, unit = units.split_unit(answer, language)
    gold_value, gold_unit = units.split_unit(gold, language)
    if unit and gold_unit and unit != gold_unit:
        return False
    nodes = readings(value, language, gold=False) or _labelled(value, language, gold=False)
    gold_nodes = readings(gold_value, language, gold=True) or _labelled(gold_value, language, gold=True)
    if language.decimal_mark == "," and all(DECIMAL.fullmatch(text) for text in (value, gold_value)):
        # Both 3,5 and 5,3 could be lists of 3 and 5; that both are is not likely.
        nodes = nodes[:1]
    # p = 1/4 = 25 %: the sign is the last member's alone.
    nodes += readings(answer, language, gold=False) if unit == "percent" and "=" in value else []
    gold_nodes += readings(gold, language, gold=True) if gold_unit == "percent" and "=" in gold_value else []
    if unit == "percent" != gold_unit:
        nodes += [("/", node, HUNDRED) for node in nodes]
    elif gold_unit == "percent" != unit:
        gold_nodes += [("/", node, HUNDRED) for node in gold_nodes]
    return any(same(node, gold_node) for node in nodes for gold_node in gold_nodes)

"""M-IFEval's 30 French instructions, by id: Dussolle et al. 2025, arXiv 2502.04688.

`CHECKS` gives the published verdicts. luth/evaluation/tasks/README.md lists what they misread.
"""

import re
import unicodedata
from collections.abc import Callable

from luth.evaluation.scoring.instructions import checks, english

OPTIONS = ("Oui.", "Non.", "Peut-être.")
INFORMAL = re.compile(r"\b(tu|te|toi|ton|ta|tes)\b", re.IGNORECASE)
ACCENTED = re.compile("[A-Za-z][\u0300-\u036f]")


def french_capital(answer: str) -> bool:
    """All letters are capitals, and langdetect finds French in the text put in small letters."""
    return answer.isupper() and checks.detected(answer.lower(), "fr")


def french_lowercase(answer: str) -> bool:
    """All letters are small, and langdetect finds French."""
    return answer.islower() and checks.detected(answer, "fr")


def informal_address(answer: str) -> bool:
    """The answer holds tu, te, toi, ton, ta or tes."""
    return bool(INFORMAL.search(answer))


def no_digits(answer: str) -> bool:
    """The answer holds no digit."""
    return not re.search(r"\d", answer)


def no_accents(answer: str) -> bool:
    """The answer holds no Latin letter with an accent or a cedilla."""
    return not ACCENTED.search(unicodedata.normalize("NFD", answer))


def ethel_or_cedilla(answer: str, forbidden_char: str) -> bool:
    """The answer does not hold the letter, ç or œ, small or capital."""
    return forbidden_char.lower() not in answer.lower()


def accents(answer: str, word_to_accentuate: dict[str, str]) -> bool:
    """The answer holds none of the words without its accents; it need not hold them with accents."""
    return checks.forbidden_words(answer, list(word_to_accentuate))


def constrained_response(answer: str) -> bool:
    """The answer holds one of the options, with its capital and its full stop."""
    return any(option in answer for option in OPTIONS)


def quotation(answer: str) -> bool:
    """The whole answer stands between straight double quotes or between guillemets."""
    text = answer.strip()
    return len(text) > 1 and text[0] + text[-1] in ('""', "«»")


def title(answer: str) -> bool:
    """A line of the answer holds a title between ## and ##."""
    return checks.marked_title(answer, "##", "##")


CHECKS: dict[str, Callable[..., bool]] = {
    **{f"fr:{name}": check for name, check in english.CHECKS.items() if "english" not in name},
    "fr:change_case:french_capital": french_capital,
    "fr:change_case:french_lowercase": french_lowercase,
    "fr:detectable_content:informal_address": informal_address,
    "fr:detectable_content:no_digits": no_digits,
    "fr:detectable_format:constrained_response": constrained_response,
    "fr:detectable_format:title": title,
    "fr:special_character:accents": accents,
    "fr:special_character:ethel_or_cedilla": ethel_or_cedilla,
    "fr:special_character:no_accents": no_accents,
    "fr:startend:quotation": quotation,
}

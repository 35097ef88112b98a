"""M-IFEval's French checks with those replaced that plainly misread an answer.

What each replaces, and why: luth/evaluation/tasks/README.md. These are this project's readings, published by nobody.
"""

import re
import unicodedata
from collections.abc import Callable

from luth.evaluation.scoring.instructions import checks, french

LANGUAGES = {"zh": ("zh-cn", "zh-tw")}


def plain(text: str) -> str:
    """Make every run of spaces one ordinary space, no-break ones too, and apostrophes and double quotes straight."""
    return " ".join(re.sub("[“”]", '"', text.replace("’", "'")).split())


def repeat_prompt(answer: str, prompt_to_repeat: str) -> bool:
    """The answer begins with the request, however its spaces, apostrophes and quotes are written."""
    return checks.repeat_prompt(plain(answer), plain(prompt_to_repeat))


def end_checker(answer: str, end_phrase: str) -> bool:
    """The answer ends with the phrase, however its spaces and apostrophes are written, closing marks aside."""
    return checks.end_checker(plain(answer).rstrip('"» *'), plain(end_phrase))


def quotation(answer: str) -> bool:
    """The whole answer stands between double quotes, straight or curved, or between guillemets."""
    return french.quotation(plain(answer))


def postscript(answer: str, postscript_marker: str) -> bool:
    """The marker stands in the answer as a word of its own, case aside: the "ps" of "temps" is none."""
    return bool(re.search(rf"(?<!\w){re.escape(postscript_marker)}(?!\w)", answer, re.IGNORECASE))


def constrained_response(answer: str) -> bool:
    """Exactly one of the options stands in the answer, with its full stop, case aside."""
    return sum(bool(re.search(rf"\b{re.escape(option)}", answer, re.IGNORECASE)) for option in french.OPTIONS) == 1


def response_language(answer: str, language: str) -> bool:
    """The answer is in the language; langdetect's two Chinese codes are both Chinese."""
    return any(checks.detected(answer, code) for code in LANGUAGES.get(language, (language,)))


def accents(answer: str, word_to_accentuate: dict[str, str]) -> bool:
    """Every word stands in the answer with its accents, and nowhere without."""
    text = unicodedata.normalize("NFC", answer)
    return french.accents(text, word_to_accentuate) and checks.keywords_existence(text, [*word_to_accentuate.values()])


CORRECTED: dict[str, Callable[..., bool]] = {
    **french.CHECKS,
    "fr:combination:repeat_prompt": repeat_prompt,
    "fr:detectable_content:postscript": postscript,
    "fr:detectable_format:constrained_response": constrained_response,
    "fr:language:response_language": response_language,
    "fr:special_character:accents": accents,
    "fr:startend:end_checker": end_checker,
    "fr:startend:quotation": quotation,
}

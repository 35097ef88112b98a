"""M-IFEval's French checks, with replacements for those that misread an answer.

luth/evaluation/tasks/README.md says what each replaces, and why. The replacements are this project's, not published.
"""

import re
import unicodedata
from collections.abc import Callable

from luth.evaluation.scoring.instructions import checks, french

LANGUAGES = {"zh": ("zh-cn", "zh-tw")}


def plain(text: str) -> str:
    """Return a text with ordinary single spaces, straight apostrophes and straight double quotes."""
    return " ".join(re.sub("[“”]", '"', text.replace("’", "'")).split())


def repeat_prompt(answer: str, prompt_to_repeat: str) -> bool:
    """The answer begins with the request, however its spaces, apostrophes and quotes are written."""
    return checks.repeat_prompt(plain(answer), plain(prompt_to_repeat))


def end_checker(answer: str, end_phrase: str) -> bool:
    """The answer ends with the phrase, however its spaces and apostrophes are written; closing marks are ignored."""
    return checks.end_checker(plain(answer).rstrip('"» *'), plain(end_phrase))


def quotation(answer: str) -> bool:
    """The whole answer stands between double quotes, straight or curved, or between guillemets."""
    return french.quotation(plain(answer))


def postscript(answer: str, postscript_marker: str) -> bool:
    """The answer holds the marker as a whole word, unlike the "ps" of "temps"; case is ignored."""
    return bool(re.search(rf"(?<!\w){re.escape(postscript_marker)}(?!\w)", answer, re.IGNORECASE))


def constrained_response(answer: str) -> bool:
    """The answer holds exactly one of the options, with its full stop; case is ignored."""
    return sum(bool(re.search(rf"\b{re.escape(option)}", answer, re.IGNORECASE)) for option in french.OPTIONS) == 1


def response_language(answer: str, language: str) -> bool:
    """The answer is in the language; langdetect's two Chinese codes are both Chinese."""
    return any(checks.detected(answer, code) for code in LANGUAGES.get(language, (language,)))


def accents(answer: str, word_to_accentuate: dict[str, str]) -> bool:
    """The answer holds every word with its accents, and never without."""
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

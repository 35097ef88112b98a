"""Exact comparison: of an answer's first or only word or letter, and of final answers of a known shape."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from lighteval.metrics.metrics_sample import ExactMatches, SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.letters import stated_letter
from luth.evaluation.scoring.mean_metric import mean_metric
from luth.languages import Language, any_of

TAIL = 50_000
NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:[.,]\d+)?(?![\w.,]?\d)")
BRACKETS = re.compile(r"[\[\](){}<>]+")
OPPOSITES = {"yes": "no", "no": "yes", "true": "false", "false": "true", "valid": "invalid", "invalid": "valid"}


@cache
def _cue(language: Language) -> re.Pattern[str]:
    """Return the pattern of what announces a final answer."""
    words, final, verbs = (
        any_of(language.answer_words),
        any_of(language.final_words),
        any_of(language.announcing_verbs),
    )
    return re.compile(rf"\b{words}\b(?:[\s*]+{final}\b)?[\s*]*(?:{verbs}\b\s*:?|:)", re.IGNORECASE)


@cache
def verdicts(language: Language) -> dict[str, str]:
    """Return what a word of yes or no stands for, by word: a key of `OPPOSITES`."""
    return {word: verdict for verdict in OPPOSITES for word in getattr(language, f"{verdict}_words")}


@cache
def _negated(language: Language) -> re.Pattern[str]:
    """Return the pattern of a negation before a word of truth or validity."""
    words = any_of((*language.true_words, *language.valid_words))
    return re.compile(rf"\b{any_of(language.negations)}\s+({words})\b")


def final_answer(text: str, language: Language) -> str:
    """Return what follows the last « Réponse : » or « la réponse est » up to the end of its line, else the last line.

    Where nothing follows it on its line, the next line that is not empty is returned. Only the last 50,000 characters
    are read.

    Args:
        text: what the model wrote.
        language: the language whose words announce an answer.
    """
    text = unicodedata.normalize("NFKC", text[-TAIL:])
    cues = list(_cue(language).finditer(text))
    lines = [line.strip() for line in text[cues[-1].end() if cues else 0 :].splitlines()]
    lines = [line for line in lines if line.strip("*` ")]
    return (lines[0] if cues else lines[-1]) if lines else ""


def same_answer(answer: str, target: str, language: Language) -> bool:
    """Compare a final answer with the right one, by the right one's shape.

    - A word of yes or no must be the answer's only such word, or its first word, with punctuation behind it.
    - A number must be the answer's only number, or the only one behind its last equals sign.
    - Brackets must be the answer's only characters.
    - Words must be the same, in the same order.

    Case, spaces, commas between words and the marks around the answer are ignored; accents are not.

    Args:
        answer: the final answer.
        target: the right one.
        language: the language whose words of yes and no are read.
    """
    wanted = unicodedata.normalize("NFKC", target).strip().casefold()
    plain = unicodedata.normalize("NFKC", answer).casefold().strip(" .!*`\"'«»“”")
    if verdict := verdicts(language).get(wanted):
        return _verdict(plain, verdict, language) == verdict
    if NUMBER.fullmatch(wanted):
        numbers = NUMBER.findall(re.sub(r"(?<=\d)\s(?=\d{3}\b)", "", plain.replace("−", "-")).rpartition("=")[2])
        return len(numbers) == 1 and float(numbers[0].replace(",", ".")) == float(wanted)
    if BRACKETS.fullmatch("".join(wanted.split())):
        return "".join(answer.strip(" .*`$\"'«»“”").split()) == "".join(wanted.split())
    return _words(plain) == _words(wanted)


def _verdict(text: str, wanted: str, language: Language) -> str | None:
    """Return the verdict that a text in lower case gives: the wanted one, its opposite or None."""
    known = verdicts(language)
    # A negated word becomes the opposite verdict's name in capitals, which a text in lower case does not hold.
    text = _negated(language).sub(lambda negated: OPPOSITES[known[negated[1]]].upper(), text)
    words = [word.lower() if word.isupper() else known.get(word) for word in re.findall(r"\w+", text)]
    stated = {wanted, OPPOSITES[wanted]} & set(words)
    if len(stated) > 1 and words[0] in stated and re.match(r"\W*\w+\s?[*)»\"]*[,.;:!]", text):
        return words[0]
    return stated.pop() if len(stated) == 1 else None


def _words(text: str) -> list[str]:
    return [word.strip(".*`\"'«»“”") for word in re.split(r"[\s,;]+", text) if word.strip(".*`\"'«»“”")]


class FinalAnswerMatch(SampleLevelComputation):
    """1 if the final answer is the right one, else 0; `doc.specific["choices"]` are the lettered options, if any."""

    def __init__(self, announced_in: Language, words_of: Language) -> None:
        """Take the language that announces a final answer, and the one whose letters and words of yes and no count."""
        self.announced_in, self.words_of = announced_in, words_of

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> int:
        """Score one answer against the one of `doc.choices`, a letter in parentheses where there are options."""
        text, target, options = model_response.final_text[0], doc.choices[0], (doc.specific or {})["choices"]
        if options:
            return int(stated_letter(text, options, self.words_of) == target.strip("()"))
        return int(same_answer(final_answer(text, self.announced_in), target, self.words_of))


def final_answer_match(announced_in: Language, words_of: Language) -> SampleLevelMetric:
    """Return the metric for final answers of a known shape.

    Args:
        announced_in: the language whose words announce a final answer.
        words_of: the language whose letters and words of yes and no are read.
    """
    return mean_metric("extractive_match", FinalAnswerMatch(announced_in, words_of))


def word_alone(text: str) -> str:
    """Return, in lower case, the only word of a text, or ""."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text[:TAIL]).casefold())
    return words[0] if len(words) == 1 else ""


def leading_word(text: str, language: Language) -> str:
    """Return, in lower case, the word that a text begins with, or "" where another is offered beside it."""
    plain = unicodedata.normalize("NFKC", text[:TAIL]).casefold()
    first = _leading(language).match(plain)
    return first[1] if first else ""


@cache
def _leading(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\W*(\w+)\b(?!\s*/|\s+{any_of(language.or_words)}\b|['’-]\w)")


def generated(alone: Callable[[str], str], leading: Callable[[str], str]) -> list[SampleLevelMetric]:
    """Return exact match, and quasi-exact and prefix match on what two functions read off the answer.

    The names are those of LightEval 0.10. Its `qem` dropped the article « a », and with it the letter A, so that an
    answer of « the » was right where A was; its `pem` took « D'après » for D.
    """
    levels = {
        "em": ExactMatches(strip_strings=True),
        "qem": ExactMatches(normalize_gold=alone, normalize_pred=alone),
        "pem": ExactMatches(normalize_gold=alone, normalize_pred=leading),
    }
    return [mean_metric(name, level) for name, level in levels.items()]

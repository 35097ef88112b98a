"""Answers compared exactly: a word or letter alone or in front, and final answers of a known shape."""

import re
import unicodedata
from collections.abc import Callable

import numpy as np
from lighteval.metrics.metrics_sample import ExactMatches, SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod

from luth.evaluation.scoring.letters import stated_letter

TAIL = 50_000
CUE = re.compile(r"\br[ée]ponse\b(?:[\s*]+finale\b)?[\s*]*(?:(?:est|sera|serait)\b\s*:?|:)", re.IGNORECASE)
# Words that say the same; "incorrect" and "invalidee" are what the French BBH has for « faux » and « invalide ».
SAME = {"incorrect": "faux", "true": "vrai", "false": "faux", "invalidee": "invalide", "yes": "oui", "no": "non"}
OPPOSITES = {"vrai": "faux", "faux": "vrai", "valide": "invalide", "invalide": "valide", "oui": "non", "non": "oui"}
NEGATED = re.compile(r"\b(?:pas|non|not)\s+(vrai|valide|true)\b")
NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:[.,]\d+)?(?![\w.,]?\d)")
BRACKETS = re.compile(r"[\[\](){}<>]+")


def final_answer(text: str) -> str:
    """Return what follows the last « Réponse : » or « la réponse est » up to the end of its line, else the last line.

    Where nothing follows it on its line, the next line that is not empty is returned. Only the last 50,000 characters
    are read.
    """
    text = unicodedata.normalize("NFKC", text[-TAIL:])
    cues = list(CUE.finditer(text))
    lines = [line.strip() for line in text[cues[-1].end() if cues else 0 :].splitlines()]
    lines = [line for line in lines if line.strip("*` ")]
    return (lines[0] if cues else lines[-1]) if lines else ""


def same_answer(answer: str, target: str) -> bool:
    """Compare a final answer with the right one, by the right one's shape.

    A word of yes or no must be the answer's only one or its first, before punctuation; a number its only one, that
    behind the last equals sign aside; brackets its only characters; words must be the same in the same order. Case,
    spaces, commas between words and the marks around the answer do not count; accents do.
    """
    wanted = unicodedata.normalize("NFKC", target).strip().casefold()
    plain = unicodedata.normalize("NFKC", answer).casefold().strip(" .!*`\"'«»“”")
    if SAME.get(wanted, wanted) in OPPOSITES:
        return _verdict(plain, SAME.get(wanted, wanted)) == SAME.get(wanted, wanted)
    if NUMBER.fullmatch(wanted):
        numbers = NUMBER.findall(re.sub(r"(?<=\d)\s(?=\d{3}\b)", "", plain.replace("−", "-")).rpartition("=")[2])
        return len(numbers) == 1 and float(numbers[0].replace(",", ".")) == float(wanted)
    if BRACKETS.fullmatch("".join(wanted.split())):
        return "".join(answer.strip(" .*`$\"'«»“”").split()) == "".join(wanted.split())
    return _words(plain) == _words(wanted)


def _verdict(text: str, wanted: str) -> str | None:
    """Return which of a word of yes or no and its opposite, both in their French form, a text in lower case gives."""
    text = NEGATED.sub(lambda found: OPPOSITES[SAME.get(found[1], found[1])], text)
    words = [SAME.get(word, word) for word in re.findall(r"\w+", text)]
    given = {wanted, OPPOSITES[wanted]} & set(words)
    if len(given) > 1 and words[0] in given and re.match(r"\W*\w+\s?[*)»\"]*[,.;:!]", text):
        return words[0]
    return given.pop() if len(given) == 1 else None


def _words(text: str) -> list[str]:
    return [word.strip(".*`\"'«»“”") for word in re.split(r"[\s,;]+", text) if word.strip(".*`\"'«»“”")]


class FinalAnswerMatch(SampleLevelComputation):
    """1 if the final answer is the right one, else 0; `doc.specific["choices"]` are the lettered options, if any."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> int:
        """Score one answer against the one of `doc.choices`, a letter in parentheses where there are options."""
        text, target, options = model_response.final_text[0], doc.choices[0], doc.specific["choices"]
        if options:
            return int(stated_letter(text, options) == target.strip("()"))
        return int(same_answer(final_answer(text), target))


final_answer_match = SampleLevelMetric(
    metric_name="extractive_match",
    sample_level_fn=FinalAnswerMatch(),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)


def word_alone(text: str) -> str:
    """Return, in lower case, the only word of a text, or ""."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text[:TAIL]).casefold())
    return words[0] if len(words) == 1 else ""


def leading_word(text: str) -> str:
    """Return, in lower case, the word that a text begins with, or "" where another is offered beside it."""
    found = re.match(r"\W*(\w+)\b(?!\s*/|\s+ou\b|['’-]\w)", unicodedata.normalize("NFKC", text[:TAIL]).casefold())
    return found[1] if found else ""


def generated(alone: Callable[[str], str], leading: Callable[[str], str]) -> list[SampleLevelMetric]:
    """Return exact match, and quasi-exact and prefix match on what the two functions find in the answer.

    The names are those of LightEval 0.10. Its `qem` dropped the article « a », and with it the letter A, so that an
    answer of « the » was right where A was; its `pem` took « D'après » for D.
    """
    levels = {
        "em": ExactMatches(strip_strings=True),
        "qem": ExactMatches(normalize_gold=alone, normalize_pred=alone),
        "pem": ExactMatches(normalize_gold=alone, normalize_pred=leading),
    }
    return [
        SampleLevelMetric(
            metric_name=name,
            sample_level_fn=level,
            category=SamplingMethod.GENERATIVE,
            corpus_level_fn=np.mean,
            higher_is_better=True,
        )
        for name, level in levels.items()
    ]

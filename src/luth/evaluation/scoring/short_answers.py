"""Short answers: an accepted one stands, as whole words, in the first line."""

import re
import unicodedata

from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.mean_metric import mean_metric


def normalise(text: str) -> list[str]:
    """Return the words of a text, in lower case, without accents; a number is one word with its sign and decimals."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"[-−]?\d+(?:[.,]\d+|\s\d{3}(?!\d))*|\w+", plain)


def contains_words(text: str, wanted: str) -> bool:
    """Tell whether the words of `wanted` stand in `text` one after another, case and accents aside."""
    words, run = normalise(text), normalise(wanted)
    return bool(run) and any(words[at : at + len(run)] == run for at in range(len(words) - len(run) + 1))


class AnswerFound(SampleLevelComputation):
    """1 if an accepted answer stands, as whole words, in the first line of what the model wrote, else 0."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> int:
        """Score one answer against `doc.choices`, all of which are right."""
        lines = model_response.final_text[0].strip().splitlines()
        return int(bool(lines) and any(contains_words(lines[0], answer) for answer in doc.choices))


answer_found = mean_metric("answer_found", AnswerFound())

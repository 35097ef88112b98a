"""Sample metrics that LightEval does not have."""

import re
import unicodedata

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric, SampleLevelMetricGrouping
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod


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


class LogLikelihoodPerCharacter(SampleLevelComputation):
    """Log-likelihood of the reference answer in nats per character: comparable between tokenizers."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> float:
        """Divide the answer's log-probability, given the conversation before it, by its length."""
        return model_response.logprobs[0] / len(doc.choices[0])


answer_found = SampleLevelMetric(
    metric_name="answer_found",
    sample_level_fn=AnswerFound(),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)

answer_log_likelihood = SampleLevelMetric(
    metric_name="log_likelihood",
    sample_level_fn=LogLikelihoodPerCharacter(),
    category=SamplingMethod.LOGPROBS,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)


class AnswerShares(SampleLevelComputation):
    """What a generated score is to be read with: whether the answer was cut short, or its thought never closed."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> dict[str, float]:
        """Read both off the answer; a backend of LightEval's own does not say the first, and that is NaN."""
        text = model_response.text[0]
        unclosed = getattr(model_response, "unclosed", "<think>" in text and "</think>" not in text)
        return {"truncated": float(getattr(model_response, "truncated", np.nan)), "unclosed_thought": float(unclosed)}


answer_shares = SampleLevelMetricGrouping(
    metric_name=["truncated", "unclosed_thought"],
    sample_level_fn=AnswerShares(),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn={"truncated": np.mean, "unclosed_thought": np.mean},
    higher_is_better={"truncated": False, "unclosed_thought": False},
)

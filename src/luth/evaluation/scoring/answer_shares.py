"""Shares that a generated score is read with: answers cut short, and thoughts that were never closed."""

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetricGrouping
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod


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
    higher_is_better={"truncated": False, "unclosed_thought": False},  # pyright: ignore[reportArgumentType] (LightEval's)
)

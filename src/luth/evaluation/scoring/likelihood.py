"""The likelihood of a reference answer."""

from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod

from luth.evaluation.scoring.mean_metric import mean_metric


class LogLikelihoodPerCharacter(SampleLevelComputation):
    """Log-likelihood of the reference answer in nats per character: comparable between tokenizers."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> float:
        """Divide the answer's log-probability, given the conversation before it, by its length."""
        return model_response.logprobs[0] / len(doc.choices[0])


answer_log_likelihood = mean_metric("log_likelihood", LogLikelihoodPerCharacter(), SamplingMethod.LOGPROBS)

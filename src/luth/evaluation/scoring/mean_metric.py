"""The form that most metrics here have: a score an item, averaged, the higher the better."""

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.tasks.requests import SamplingMethod


def mean_metric(
    name: str, computation: SampleLevelComputation, category: SamplingMethod = SamplingMethod.GENERATIVE
) -> SampleLevelMetric:
    """Return the metric that averages what `computation` gives for each item.

    Args:
        name: the metric's name in results.
        computation: scores one item.
        category: what the model is asked for: an answer, or log-probabilities.
    """
    return SampleLevelMetric(
        metric_name=name,
        sample_level_fn=computation,
        category=category,
        corpus_level_fn=np.mean,
        higher_is_better=True,
    )

"""MATH-500 in French.

Dataset: bezir/MATH-500-multilingual, subset French, split test (problem, solution). No revision was published.
Source: Lightman et al. 2023, arXiv 2305.20050, from MATH, Hendrycks et al. 2021, arXiv 2103.03874.
Matches the published Luth evaluation in dataset, split, generative formulation and final answer in \\boxed{}; answers
are extracted and compared by LightEval's multilingual mathematics; the prompt's wording is ours.
"""

from typing import Any

import numpy as np
from lighteval.metrics.dynamic_metrics import LatexExtractionConfig, MultilingualExtractiveMatchMetric
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc, SamplingMethod
from lighteval.utils.language import Language

INSTRUCTION = (
    "Résous ce problème de mathématiques en raisonnant étape par étape, puis écris la réponse finale dans \\boxed{}."
)

boxed_answer = SampleLevelMetric(
    metric_name="extractive_match",
    sample_level_fn=MultilingualExtractiveMatchMetric(
        language=Language.FRENCH,
        gold_extraction_target=[LatexExtractionConfig(boxed_match_priority=0)],
        pred_extraction_target=[LatexExtractionConfig(boxed_match_priority=0)],
        aggregation_function=max,
    ),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction and problem; the reference solution holds the answer in its own box."""
    return Doc(
        task_name=task_name,
        query=f"{INSTRUCTION}\n\n{row['problem'].strip()}",
        choices=[row["solution"]],
        gold_index=0,
    )


TASKS = [
    LightevalTaskConfig(
        name="math_500_fr",
        prompt_function=prompt,
        hf_repo="bezir/MATH-500-multilingual",
        hf_subset="French",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[boxed_answer],
        version=1,
    )
]

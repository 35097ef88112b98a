"""ARC-Challenge in French.

Dataset: manu/french_bench_arc_challenge, split test (question, choices, answerKey). No revision was published.
Source: Clark et al. 2018, arXiv 1803.05457; French: FrenchBench, of CroissantLLM, Faysse et al., arXiv 2402.00786.
Matches the published Luth evaluation in dataset, split, cloze formulation and log-likelihood accuracy, plain (acc)
and normalised by characters (acc_norm); the prompt's wording is ours.
"""

from typing import Any

from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.metrics.normalizations import LogProbCharNorm
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Cloze: the question, then the likelihood of each choice's text."""
    return Doc(
        task_name=task_name,
        query=f"Question\u00a0: {row['question'].strip()}\nRéponse\u00a0:",
        choices=[f" {text.strip()}" for text in row["choices"]],
        gold_index="ABCDEFGH".index(row["answerKey"]) if row["answerKey"] in "ABCDEFGH" else int(row["answerKey"]) - 1,
    )


TASKS = [
    LightevalTaskConfig(
        name="arc_challenge_fr",
        prompt_function=prompt,
        hf_repo="manu/french_bench_arc_challenge",
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        metrics=[LogLikelihoodAccMetric(), LogLikelihoodAccMetric(normalization=LogProbCharNorm())],
        version=1,
    )
]

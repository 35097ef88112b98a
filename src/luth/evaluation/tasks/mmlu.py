"""MMLU in French, all 57 subjects.

Dataset: openai/MMMLU, subset FR_FR, split test (Question, A, B, C, D, Answer), at the revision below.
Source: Hendrycks et al. 2020, arXiv 2009.03300; translated by OpenAI's professional translators.
Matches the published Luth evaluation in dataset, revision, multiple-choice formulation and log-likelihood accuracy
over the letters; the prompt's wording is ours.
"""

from typing import Any

from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

LETTERS = "ABCD"


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Multiple choice: question and lettered choices, then the likelihood of each letter."""
    choices = "\n".join(f"{letter}. {row[letter].strip()}" for letter in LETTERS)
    return Doc(
        task_name=task_name,
        query=f"Question\u00a0: {row['Question'].strip()}\n{choices}\nRéponse\u00a0:",
        choices=[f" {letter}" for letter in LETTERS],
        gold_index=LETTERS.index(row["Answer"]),
    )


TASKS = [
    LightevalTaskConfig(
        name="mmlu_fr",
        prompt_function=prompt,
        hf_repo="openai/MMMLU",
        hf_subset="FR_FR",
        hf_revision="038c7808122969ead7456361af05cb8f47d247f8",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        metrics=[LogLikelihoodAccMetric()],
        version=1,
    )
]

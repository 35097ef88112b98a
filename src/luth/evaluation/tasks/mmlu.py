"""MMLU in French and in English, all 57 subjects.

French: openai/MMMLU, subset FR_FR, split test, 14,042 rows (Question, A, B, C, D, Answer), at the revision below;
MIT. It is a csv file: scripts/evaluate.py reads a cell such as "NA" or "None" as that text, not as a missing value.
English: LightEval's lighteval/mmlu, subset all, split test, 14,042 rows (question, subject, choices, answer), no
revision fixed; MIT. Where it cannot be reached, scripts/evaluate.py takes cais/mmlu, its source.
Source: Hendrycks et al. 2020, arXiv 2009.03300; translated by OpenAI's professional translators.
Matches the published Luth evaluation in dataset, revision, multiple-choice formulation and log-likelihood accuracy
over the letters; the prompt's wording is ours. The published English column came from LightEval's leaderboard task,
one subject at a time under a heading that names it; here the English prompt has the form of the French one.
"""

from typing import Any

from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_choices, checked_gold, checked_text, lettered

LETTERS = "ABCD"


def prompt_fr(row: dict[str, Any], task_name: str) -> Doc:
    """Multiple choice: question and lettered choices, then the likelihood of each letter."""
    choices = checked_choices([row[letter] for letter in LETTERS])
    return Doc(
        task_name=task_name,
        query=f"Question\u00a0: {checked_text(row['Question'], 'question')}\n{lettered(choices)}\nRéponse\u00a0:",
        choices=[f" {letter}" for letter in LETTERS],
        gold_index=checked_gold(row["Answer"], LETTERS),
    )


def prompt_en(row: dict[str, Any], task_name: str) -> Doc:
    """Multiple choice as in French; the answer is a position from 0."""
    choices = checked_choices(row["choices"])
    return Doc(
        task_name=task_name,
        query=f"Question: {checked_text(row['question'], 'question')}\n{lettered(choices)}\nAnswer:",
        choices=[f" {letter}" for letter in LETTERS[: len(choices)]],
        gold_index=checked_gold(row["answer"], range(len(choices))),
    )


TASKS = [
    LightevalTaskConfig(
        name=name,
        prompt_function=prompt,
        hf_repo=dataset,
        hf_subset=subset,
        hf_revision=revision,
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        metrics=[LogLikelihoodAccMetric()],
        version=1,
    )
    for name, prompt, dataset, subset, revision in (
        ("mmlu_fr", prompt_fr, "openai/MMMLU", "FR_FR", "038c7808122969ead7456361af05cb8f47d247f8"),
        ("mmlu_en", prompt_en, "lighteval/mmlu", "all", None),
    )
]

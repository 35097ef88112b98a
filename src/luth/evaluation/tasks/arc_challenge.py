"""ARC-Challenge, in French and in English.

French: manu/french_bench_arc_challenge, split test, 1,169 rows (question, choices, answerKey); no licence is stated.
English: allenai/ai2_arc, subset ARC-Challenge, split test, 1,172 rows (question, choices with text and label,
answerKey); cc-by-sa-4.0. No revision was published.
Source: Clark et al. 2018, arXiv 1803.05457; French: FrenchBench, of CroissantLLM, Faysse et al., arXiv 2402.00786.
Matches the published Luth evaluation in dataset, split, cloze formulation and log-likelihood accuracy, plain (acc)
and normalised by characters (acc_norm); the prompt's wording is ours. The published English column came from
LightEval's own leaderboard task, on the same dataset and in the same formulation.
"""

from typing import Any

from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.metrics.normalizations import LogProbCharNorm
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import LETTERS, checked_choices, checked_gold, checked_text


def prompt_fr(row: dict[str, Any], task_name: str) -> Doc:
    """Cloze: the question, then the likelihood of each choice's text; the key is a letter or a number from 1."""
    choices = checked_choices(row["choices"])
    numbers = [str(number) for number in range(1, len(choices) + 1)]
    labels = numbers if str(row["answerKey"]).strip().isdigit() else LETTERS[: len(choices)]
    return Doc(
        task_name=task_name,
        query=f"Question\u00a0: {checked_text(row['question'], 'question')}\nRéponse\u00a0:",
        choices=[f" {choice}" for choice in choices],
        gold_index=checked_gold(row["answerKey"], labels),
    )


def prompt_en(row: dict[str, Any], task_name: str) -> Doc:
    """Cloze as in French; the key is one of the choices' own labels."""
    choices = checked_choices(row["choices"]["text"])
    return Doc(
        task_name=task_name,
        query=f"Question: {checked_text(row['question'], 'question')}\nAnswer:",
        choices=[f" {choice}" for choice in choices],
        gold_index=checked_gold(row["answerKey"], row["choices"]["label"][: len(choices)]),
    )


TASKS = [
    LightevalTaskConfig(
        name=name,
        prompt_function=prompt,
        hf_repo=dataset,
        hf_subset=subset,
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        metrics=[LogLikelihoodAccMetric(), LogLikelihoodAccMetric(normalization=LogProbCharNorm())],
        version=1,
    )
    for name, prompt, dataset, subset in (
        ("arc_challenge_fr", prompt_fr, "manu/french_bench_arc_challenge", "default"),
        ("arc_challenge_en", prompt_en, "allenai/ai2_arc", "ARC-Challenge"),
    )
]

r"""MATH-500, in French and in English, in one formulation.

Datasets: bezir/MATH-500-multilingual, subset French, split test (problem, solution); HuggingFaceH4/MATH-500, split
test (problem, solution, answer). No revision was published for either.
Source: Lightman et al. 2023, arXiv 2305.20050, from MATH, Hendrycks et al. 2021, arXiv 2103.03874.
Which published set-up does this match? Luth's (github.com/kurakurai/Luth, src/eval): dataset, split, 0-shot generative
formulation, at most 1,024 tokens, final answer in \boxed{}. Where does it differ? The prompt's wording is ours; the
published ones also ask for the sentence "J’espère que c’est correct". The published score is pass@1 of one sample by
LightEval's French extraction and SymPy, over LaTeX and plain expressions; ours (luth.evaluation.scoring.mathematics)
reads French notation, sets, units and words as well, and takes the last box alone.
"""

from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_solution, checked_text
from luth.evaluation.scoring.mathematics.extractive_match import extractive_match

INSTRUCTIONS = {
    "fr": "Résous ce problème de mathématiques en raisonnant étape par étape, "
    "puis écris la réponse finale dans \\boxed{}.",
    "en": "Solve this mathematics problem, reasoning step by step, then write the final answer in \\boxed{}.",
}


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction and problem; the gold is the answer, or the solution that holds it in its own box."""
    language = "en" if task_name.split("|")[0].endswith("_en") else "fr"
    gold = checked_text(row["answer"], "answer") if language == "en" else checked_solution(row["solution"], "fr")
    return Doc(
        task_name=task_name,
        query=f"{INSTRUCTIONS[language]}\n\n{checked_text(row['problem'], 'problem')}",
        choices=[gold],
        gold_index=0,
    )


def _task(name: str, repo: str, subset: str, language: str) -> LightevalTaskConfig:
    return LightevalTaskConfig(
        name=name,
        prompt_function=prompt,
        hf_repo=repo,
        hf_subset=subset,
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[extractive_match(language)],
        version=1,
    )


TASKS = [
    _task("math_500_fr", "bezir/MATH-500-multilingual", "French", "fr"),
    _task("math_500_en", "HuggingFaceH4/MATH-500", "default", "en"),
]

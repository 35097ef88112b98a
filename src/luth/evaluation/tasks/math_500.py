r"""MATH-500, in French and in English, in one formulation.

Datasets: bezir/MATH-500-multilingual, subset French, split test (problem, solution, answer), no licence stated;
HuggingFaceH4/MATH-500, split test (the same columns). 500 rows both. No revision was published for either.
Source: Lightman et al. 2023, arXiv 2305.20050, from MATH, Hendrycks et al. 2021, arXiv 2103.03874.
Which published set-up does this match? Luth's (github.com/kurakurai/Luth, src/eval): dataset, split, 0-shot generative
formulation, final answer in \boxed{}. The published task allows 1,024 tokens, as here, but its run sets max_new_tokens
to 8,192, and LightEval follows that: recipes/eval sets it too. Where does it differ? The prompt's wording is ours; the
published ones also ask for the sentence "J’espère que c’est correct". The published score is pass@1 of one sample, by
LightEval's French extraction and SymPy, over LaTeX and plain expressions. Ours (luth.evaluation.scoring.mathematics)
also reads French notation, sets, units and words, and takes the last box alone. A handful of translated solutions lost
their box: there the gold is the column answer, as in the authors' later code
(github.com/kurakurai/lm-evaluation-harness). Version 1 took what such a text ends with.
"""

from collections.abc import Callable
from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_text
from luth.evaluation.scoring.mathematics.extraction import boxes
from luth.evaluation.scoring.mathematics.extractive_match import extractive_match
from luth.languages import Language, reading

# The words of both languages are read in either: models answer in the other one too.
FRENCH, ENGLISH = reading("fr", "en"), reading("en", "fr")
INSTRUCTION_FR = (
    "Résous ce problème de mathématiques en raisonnant étape par étape, puis écris la réponse finale dans \\boxed{}."
)
INSTRUCTION_EN = "Solve this mathematics problem, reasoning step by step, then write the final answer in \\boxed{}."


def _doc(row: dict[str, Any], task_name: str, instruction: str, gold: str) -> Doc:
    query = f"{instruction}\n\n{checked_text(row['problem'], 'problem')}"
    return Doc(task_name=task_name, query=query, choices=[gold], gold_index=0)


def prompt_fr(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction and problem; the gold is the solution with its box, or the answer where it has none."""
    solution = row["solution"]
    boxed = isinstance(solution, str) and any(content for _, _, content in boxes(solution))
    return _doc(row, task_name, INSTRUCTION_FR, checked_text(solution if boxed else row["answer"], "answer"))


def prompt_en(row: dict[str, Any], task_name: str) -> Doc:
    """Generative, as in French; the gold is the answer."""
    return _doc(row, task_name, INSTRUCTION_EN, checked_text(row["answer"], "answer"))


def _task(
    name: str, prompt: Callable[..., Doc], repo: str, subset: str, language: Language, version: int
) -> LightevalTaskConfig:
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
        version=version,
    )


TASKS = [
    _task("math_500_fr", prompt_fr, "bezir/MATH-500-multilingual", "French", FRENCH, 2),
    _task("math_500_en", prompt_en, "HuggingFaceH4/MATH-500", "default", ENGLISH, 1),
]

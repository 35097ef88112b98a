r"""AIME 2024 in French: thirty competition problems whose answers are integers from 0 to 999.

Dataset: kurakurai/aime_2024_fr, split train, 30 rows (problem, answer). No revision was published.
Source: the Mathematical Association of America's AIME I and II of 2024 (HuggingFaceH4/aime_2024), translated by Luth's
authors, arXiv 2510.05846.
Which published set-up does this match? Luth's (github.com/kurakurai/Luth, src/eval): dataset, split, 0-shot generative
formulation, final answer in \boxed{}. The published task allows 1,024 tokens, as here, but its run 8,192. Where does
it differ? The prompt's wording and the extraction and comparison of answers are ours (see math_500.py).
"""

from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_text
from luth.evaluation.scoring.mathematics.extractive_match import extractive_match
from luth.languages import reading

# Answers are in French; English words in them are read too.
LANGUAGE = reading("fr", "en")
INSTRUCTION = (
    "Résous ce problème de concours en raisonnant étape par étape, puis écris la réponse finale, "
    "un nombre entier de 0 à 999, dans \\boxed{}."
)


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction and problem; the gold is the integer."""
    return Doc(
        task_name=task_name,
        query=f"{INSTRUCTION}\n\n{checked_text(row['problem'], 'problem')}",
        choices=[str(int(row["answer"]))],
        gold_index=0,
    )


TASKS = [
    LightevalTaskConfig(
        name="aime24_fr",
        prompt_function=prompt,
        hf_repo="kurakurai/aime_2024_fr",
        hf_subset="default",
        hf_avail_splits=["train"],
        evaluation_splits=["train"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[extractive_match(LANGUAGE)],
        version=1,
    )
]

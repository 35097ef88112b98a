"""MuSR in French: who is the murderer, where is the object looked for, how is the team shared out?

Dataset: le-leadboard/musr-fr, splits murder_mysteries, object_placements and team_allocation (narrative, question,
choices as a list or as Python prints one, answer_index from 0), 250, 256 and 250 rows; apache-2.0. No revision was
published.
Source: Sprague et al. 2023, arXiv 2310.16049.
Matches the published Luth evaluation in dataset, splits, numbered choices of which the likelihood of the text is
compared, and plain log-likelihood accuracy (acc). The wording is ours; its last line is French, where the published
one is « Answer: ».
"""

import ast
from typing import Any

from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_choices, checked_gold, checked_text

# Several times the longest list of the English original; a literal is parsed, never run.
LONGEST = 5_000


def listed(choices: Any) -> list[str]:
    """Return a row's choices, which may be a list in print.

    Raises:
        ValueError: they are no list of two texts or more, or longer than 5,000 characters.
    """
    if isinstance(choices, str) and len(choices) <= LONGEST:
        try:
            choices = ast.literal_eval(choices.strip())
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(f"choices are not a list in print: {choices!r:.80}") from error
    return checked_choices(choices)


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Multiple choice: story, question and numbered choices in the row's order, then the likelihood of each text."""
    choices = listed(row["choices"])
    numbered = "\n".join(f"{number}. {choice}" for number, choice in enumerate(choices, start=1))
    story, question = checked_text(row["narrative"], "narrative"), checked_text(row["question"], "question")
    return Doc(
        task_name=task_name,
        query=f"{story}\n\nQuestion\u00a0: {question}\n{numbered}\nRéponse\u00a0:",
        choices=[f" {choice}" for choice in choices],
        gold_index=checked_gold(row["answer_index"], range(len(choices))),
    )


TASKS = [
    LightevalTaskConfig(
        name=f"musr_fr:{split}",
        prompt_function=prompt,
        hf_repo="le-leadboard/musr-fr",
        hf_subset="default",
        hf_avail_splits=[split],
        evaluation_splits=[split],
        few_shots_split=None,
        metrics=[LogLikelihoodAccMetric()],
        version=1,
    )
    for split in ("murder_mysteries", "object_placements", "team_allocation")
]

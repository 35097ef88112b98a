r"""Kholle: French oral and written examination questions, of the baccalauréat and of preparatory classes (CPGE).

Dataset: kurakurai/kholle, splits combined, cpge and bac, 350 rows in all (problem, answer). No revision was
published. Some questions list choices, and the answer is then a choice's text. Some are of physics, chemistry or
biology.
Source: Luth's authors, arXiv 2510.05846.
Which published set-up does this match? Luth's (github.com/kurakurai/Luth, src/eval/tasks.py, kholle_fr): split
combined, 0-shot generative formulation, final answer in \boxed{}, one sample an item; an answer may be a list (here
each of its texts is right). Where does it differ? The prompt's wording is ours: the published one gives three rules
and asks for a set last sentence around the box, ours for the box alone; both ask for the text of a choice where there
are choices. The published task allows 1,024 tokens, as here, but its run 8,192. The published comparison calls SymPy
on the text of any box and evaluates tuples as Python, which we do not repeat (see math_500.py).
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
    "Réponds à cette question d'examen en raisonnant étape par étape, puis écris la réponse finale dans \\boxed{}. "
    "Si des choix sont proposés, écris celui qui convient."
)


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction and problem; golds are the answers, without the stray "$" and "-" that end a few."""
    answers = row["answer"] if isinstance(row["answer"], list) and row["answer"] else [row["answer"]]
    golds = [checked_text(answer, "answer").rstrip("$- \n") for answer in answers]
    return Doc(
        task_name=task_name,
        query=f"{INSTRUCTION}\n\n{checked_text(row['problem'], 'problem')}",
        choices=golds,
        gold_index=list(range(len(golds))),
    )


TASKS = [
    LightevalTaskConfig(
        name="kholle_fr",
        prompt_function=prompt,
        hf_repo="kurakurai/kholle",
        hf_subset="default",
        hf_avail_splits=["combined", "cpge", "bac"],
        evaluation_splits=["combined"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[extractive_match(LANGUAGE)],
        version=1,
    )
]

r"""MATH, level 5 (the hardest), in French, after three worked examples.

Dataset: le-leadboard/MATH_LVL5_fr, split test (problem, solution); apache-2.0. No revision was published.
Source: Hendrycks et al. 2021, arXiv 2103.03874; translated for the OpenLLM French leaderboard.
Which published set-up does this match? Luth's (github.com/kurakurai/Luth, src/eval): dataset, split, worked examples
in the prompt itself, final answer in \boxed{}. The published task allows 1,024 tokens, as here, but its run 8,192.
Where does it differ? The published prompt translates the four examples of Minerva (Lewkowycz et al. 2022, arXiv
2206.14858); ours are three of our own. The extraction and comparison of answers are ours too (see math_500.py).
"""

from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_solution, checked_text
from luth.evaluation.scoring.mathematics.extractive_match import extractive_match
from luth.languages import reading

# Answers are in French; English words in them are read too.
LANGUAGE = reading("fr", "en")
INSTRUCTION = (
    "Résous le dernier problème à la manière des exemples\u00a0: raisonne étape par étape, "
    "puis écris la réponse finale dans \\boxed{}."
)
EXAMPLES = [
    (
        "Combien d'entiers de $1$ à $60$ sont divisibles par $4$ ou par $6$\u00a0?",
        "Il y a $60 / 4 = 15$ multiples de $4$ et $60 / 6 = 10$ multiples de $6$. Les multiples de $4$ et de $6$ à la "
        "fois sont ceux de $12$\u00a0: il y en a $60 / 12 = 5$. On trouve donc $15 + 10 - 5 = \\boxed{20}$ entiers.",
    ),
    (
        "Pour quels réels $x$ l'expression $\\sqrt{9 - x^2}$ est-elle définie\u00a0?",
        "Il faut que $9 - x^2 \\geq 0$, soit $x^2 \\leq 9$, ce qui équivaut à $-3 \\leq x \\leq 3$. "
        "L'ensemble cherché est $\\boxed{[-3\\,;\\,3]}$.",
    ),
    (
        "Une urne contient trois boules noires et deux boules blanches. On tire deux boules sans remise. "
        "Quelle est la probabilité qu'elles soient de la même couleur\u00a0?",
        "Il y a $\\binom{5}{2} = 10$ tirages équiprobables, dont $\\binom{3}{2} = 3$ de deux boules noires et "
        "$\\binom{2}{2} = 1$ de deux boules blanches. "
        "La probabilité vaut $\\frac{3 + 1}{10} = \\boxed{\\frac{2}{5}}$.",
    ),
]


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction, worked examples and problem; the reference solution holds the answer in its own box."""
    solved = [f"Problème\u00a0: {problem}\nSolution\u00a0: {solution}" for problem, solution in EXAMPLES]
    parts = [INSTRUCTION, *solved, f"Problème\u00a0: {checked_text(row['problem'], 'problem')}\nSolution\u00a0:"]
    return Doc(
        task_name=task_name,
        query="\n\n".join(parts),
        choices=[checked_solution(row["solution"], LANGUAGE)],
        gold_index=0,
    )


TASKS = [
    LightevalTaskConfig(
        name="math_lvl5_fr",
        prompt_function=prompt,
        hf_repo="le-leadboard/MATH_LVL5_fr",
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[extractive_match(LANGUAGE)],
        version=1,
    )
]

"""GPQA: Diamond, Main and Extended in French, Diamond in English.

French: le-leadboard/gpqa-fr, subsets gpqa_diamond (197 rows, one less than in English), gpqa_main, gpqa_extended,
split train (problem, Correct Answer, Incorrect Answer 1 to 3); apache-2.0. English: Idavidrein/gpqa, subset
gpqa_diamond (198 rows), split train (Question instead of problem); cc-by-4.0. Both are gated: accept the terms on both
pages of the Hub. No revision was published.
Source: Rein et al. 2023, arXiv 2311.12022.
Matches the published Luth evaluation in dataset, split, generative formulation (reasoning, then a last line
« Réponse : X »). The published task allows 1,024 tokens, as here, but its run 8,192: recipes/eval sets these. Differs
from it: the wording is ours; a hash of the row shuffles the choices, where the published one used a random state;
luth.evaluation.scoring.letters reads the letter, where the published one used LightEval's extraction, so the score is
called extractive_match, not pass@1. The published English column used the same dataset in the same form.
"""

from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import LETTERS, checked_choices, checked_text, lettered, shuffled
from luth.evaluation.scoring.letters import letter_match
from luth.languages import reading

COLUMNS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
INSTRUCTION_FR = (
    "Une seule des quatre propositions répond à la question. Raisonne étape par étape, puis termine par une ligne qui"
    " ne contient que «\u00a0Réponse\u00a0: X\u00a0», où X est la lettre de cette proposition (A, B, C ou D)."
)
INSTRUCTION_EN = (
    "Only one of the four options answers the question. Reason step by step, then finish with a line that contains"
    ' only "Answer: X", where X is the letter of that option (A, B, C or D).'
)


def _doc(row: dict[str, Any], task_name: str, instruction: str, question: str) -> Doc:
    answers = checked_choices([row[column] for column in COLUMNS])
    order = shuffled(question, answers)
    choices = [answers[position] for position in order]
    return Doc(
        task_name=task_name,
        query=f"{instruction}\n\n{question}\n\n{lettered(choices, ')')}",
        choices=list(LETTERS[: len(choices)]),
        gold_index=order.index(0),
        specific={"choices": choices},
    )


def prompt_fr(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction, question and four shuffled choices; `specific` holds the choices' texts."""
    return _doc(row, task_name, INSTRUCTION_FR, checked_text(row["problem"], "problem"))


def prompt_en(row: dict[str, Any], task_name: str) -> Doc:
    """Generative, as in French."""
    return _doc(row, task_name, INSTRUCTION_EN, checked_text(row["Question"], "Question"))


TASKS = [
    LightevalTaskConfig(
        name=f"gpqa_{languages[0]}:{subset}",
        prompt_function=prompt,
        hf_repo=dataset,
        hf_subset=f"gpqa_{subset}",
        hf_avail_splits=["train"],
        evaluation_splits=["train"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[letter_match(reading(*languages))],
        version=1,
    )
    # The words of both languages are read: models answer in the other one too.
    for languages, prompt, dataset, subset in (
        (("fr", "en"), prompt_fr, "le-leadboard/gpqa-fr", "diamond"),
        (("fr", "en"), prompt_fr, "le-leadboard/gpqa-fr", "main"),
        (("fr", "en"), prompt_fr, "le-leadboard/gpqa-fr", "extended"),
        (("en", "fr"), prompt_en, "Idavidrein/gpqa", "diamond"),
    )
]

"""IFEval, in English and in French.

Datasets: google/IFEval, split train, as LightEval's own ifeval has it; jzhang86/fr_ifeval, split train (prompt,
instruction_id_list, kwargs); 541 rows and apache-2.0 both. No revision was published.
Source: Zhou et al. 2023, arXiv 2311.07911.
Matches the published Luth evaluation in datasets, split, prompts as they stand and IFEval's strict and loose accuracy.
Answers have 1,024 tokens where the recipe sets nothing; the published run allowed 8,192, as recipes/eval does.
ifeval_fr is scored as published, by checks made for English. "No capitals" and "all in capitals" demand that
langdetect finds English: French answers fail the first, and fail or pass the second by luck (of 894 French texts put
in capitals langdetect takes 359 for English, 6 for French). "Yes, no or maybe" demands the English options. The
metrics that end in _fr read these three in French as well.
"""

from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_text
from luth.evaluation.scoring.instructions import english, french
from luth.evaluation.scoring.instructions.accuracy import Checks, instruction_accuracy, read_instructions

OPTIONS = (*english.OPTIONS, "Ma réponse est oui.", "Ma réponse est non.", "Ma réponse est peut-être.")
FRENCH_CHECKS = english.CHECKS | {
    "change_case:english_capital": french.french_capital,
    "change_case:english_lowercase": french.french_lowercase,
    "detectable_format:constrained_response": lambda answer: any(option in answer for option in OPTIONS),
}


def instruction_doc(row: dict[str, Any], task_name: str, checks: Checks) -> Doc:
    """Return a row's prompt as it stands, with the instructions that `checks` are to find in `specific`."""
    checked_text(row["prompt"], "prompt")
    return Doc(
        task_name=task_name,
        query=row["prompt"],
        choices=[""],
        gold_index=0,
        specific=read_instructions(row, checks),
    )


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: the prompt as it stands; the checks find its instructions in `specific`."""
    return instruction_doc(row, task_name, english.CHECKS)


TASKS = [
    LightevalTaskConfig(
        name=name,
        prompt_function=prompt,
        hf_repo=repository,
        hf_subset="default",
        hf_avail_splits=["train"],
        evaluation_splits=["train"],
        few_shots_split=None,
        generation_size=1024,
        stop_sequence=[],
        metrics=[*metrics],
        version=1,
    )
    for name, repository, metrics in (
        (
            "ifeval_fr",
            "jzhang86/fr_ifeval",
            [instruction_accuracy(english.CHECKS), instruction_accuracy(FRENCH_CHECKS, "_fr")],
        ),
        ("ifeval_en", "google/IFEval", [instruction_accuracy(english.CHECKS)]),
    )
]

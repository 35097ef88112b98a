"""M-IFEval in French: instructions that only French can follow (accents, œ and ç, tutoiement) beside IFEval's.

Dataset: fr_input_data.jsonl of github.com/lightblue-tech/M-IFEval (235 prompts; key, prompt, instruction_id_list,
kwargs). The Hub id below is a guess: no public code names it. To be sure, put the file alone into a folder and set
LUTH_MIFEVAL_DATA to that folder, or to a Hub dataset with these columns.
Source: Dussolle et al. 2025, arXiv 2502.04688. Not part of the published Luth evaluation.
Scored as published. The metrics that end in _corrected mend what the published checks misread: see README.md here.
"""

import os
from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.instructions import french
from luth.evaluation.scoring.instructions.accuracy import instruction_accuracy
from luth.evaluation.scoring.instructions.corrected import CORRECTED
from luth.evaluation.tasks.ifeval import instruction_doc


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: the prompt as it stands; the checks find its instructions in `specific`."""
    return instruction_doc(row, task_name, french.CHECKS)


TASKS = [
    LightevalTaskConfig(
        name="mifeval_fr",
        prompt_function=prompt,
        hf_repo=os.environ.get("LUTH_MIFEVAL_DATA", "lightblue/M-IFEval"),
        hf_subset="default",
        hf_avail_splits=["train"],
        evaluation_splits=["train"],
        few_shots_split=None,
        generation_size=1024,
        stop_sequence=[],
        metrics=[instruction_accuracy(french.CHECKS), instruction_accuracy(CORRECTED, "_corrected")],
        version=1,
    )
]

"""BoolQ in French: is the answer to a question about a passage yes or no?

Dataset: manu/french_boolq, split test, 178 rows (passage, question, label: 0 for « Non », 1 for « Oui »); no licence
is stated. No revision was published.
Source: Clark et al. 2019, arXiv 1905.10044; French: FrenchBench, of CroissantLLM, Faysse et al., arXiv 2402.00786.
Matches the published Luth evaluation in dataset, split, generative formulation, and exact (em), quasi-exact (qem) and
prefix match (pem) of « Oui » or « Non »; FrenchBench and LightEval evaluate on the same split. The published task
allows 5 tokens, as here, but its run sets max_new_tokens to 8,192, and LightEval follows that. The wording is ours.
Version 1 evaluated the split valid, which has 10 rows and is meant for examples.
"""

from functools import partial
from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import checked_gold, checked_text
from luth.evaluation.scoring.exact import generated, leading_word, word_alone
from luth.languages import get


def prompt(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: passage, question and the two answers to choose from; the question ends with one question mark."""
    question = checked_text(checked_text(row["question"], "question").rstrip("?\u00a0 "), "question")
    return Doc(
        task_name=task_name,
        query=f"Passage\u00a0: {checked_text(row['passage'], 'passage')}\nQuestion\u00a0: {question}\u00a0?\n"
        "Réponds seulement par «\u00a0Oui\u00a0» ou «\u00a0Non\u00a0».\nRéponse\u00a0:",
        choices=["Non", "Oui"],
        gold_index=checked_gold(row["label"], (0, 1)),
    )


TASKS = [
    LightevalTaskConfig(
        name="boolq_fr",
        prompt_function=prompt,
        hf_repo="manu/french_boolq",
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        generation_size=5,
        metrics=[*generated(word_alone, partial(leading_word, language=get("fr")))],
        version=2,
    )
]

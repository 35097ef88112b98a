"""HellaSwag, in French and in English.

French: manu/french_bench_hellaswag, split validation (ctx_a, ctx_b, endings, label, a number from 0 that may be
text); no licence is stated. English: Rowan/hellaswag, split validation (the same columns). No revision was published;
before mid-2025 the English one was a script, which no longer loads: pin none of those.
Source: Zellers et al. 2019, arXiv 1905.07830; French: FrenchBench, of CroissantLLM, Faysse et al., arXiv 2402.00786.
Matches the published Luth evaluation in dataset, split, lettered choices of which the letter is generated, and exact
(em), quasi-exact (qem) and prefix match (pem). The published task allows one token, but its run sets max_new_tokens
to 8,192, and LightEval follows that; here 16 tokens tell a letter from a longer answer, unless the recipe sets a
limit. The published qem, pem and pqem are LightEval 0.10's, which accept more: with A right, the pqem of any answer
is 1. The published English column came from LightEval's leaderboard task, a cloze over the endings; here the English
prompt has the form of the French one.
"""

from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import LETTERS, checked_choices, checked_gold, checked_text, lettered
from luth.evaluation.scoring.exact import generated
from luth.evaluation.scoring.letters import leading_letter, letter_alone

INSTRUCTION_FR = "Choisis la suite la plus plausible du texte. Réponds par sa lettre seule."
INSTRUCTION_EN = "Choose the most plausible continuation of the text. Answer with its letter alone."


def _doc(row: dict[str, Any], task_name: str, template: str) -> Doc:
    first, second = checked_text(row["ctx_a"], "ctx_a"), row["ctx_b"]
    if second != "":
        second = checked_text(second, "ctx_b")
        first = f"{first} {second[0].upper()}{second[1:]}"
    endings = checked_choices(row["endings"])
    return Doc(
        task_name=task_name,
        query=template.format(beginning=first, endings=lettered(endings)),
        choices=list(LETTERS[: len(endings)]),
        gold_index=checked_gold(row["label"], range(len(endings))),
    )


def prompt_fr(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: instruction, beginning and lettered endings in the row's order."""
    return _doc(row, task_name, f"{INSTRUCTION_FR}\n\nTexte\u00a0: {{beginning}}\n{{endings}}\nRéponse\u00a0:")


def prompt_en(row: dict[str, Any], task_name: str) -> Doc:
    """Generative, as in French."""
    return _doc(row, task_name, f"{INSTRUCTION_EN}\n\nText: {{beginning}}\n{{endings}}\nAnswer:")


TASKS = [
    LightevalTaskConfig(
        name=name,
        prompt_function=prompt,
        hf_repo=dataset,
        hf_subset="default",
        hf_avail_splits=["validation"],
        evaluation_splits=["validation"],
        few_shots_split=None,
        generation_size=16,
        metrics=[*generated(letter_alone, leading_letter)],
        version=1,
    )
    for name, prompt, dataset in (
        ("hellaswag_fr", prompt_fr, "manu/french_bench_hellaswag"),
        ("hellaswag_en", prompt_en, "Rowan/hellaswag"),
    )
]

"""BIG-Bench Hard in French, 27 subsets.

Dataset: le-leadboard/bbh-fr (the published code spells it bbh_fr), subsets as below, spelt as the dataset spells them;
split test, about 6,500 rows in all (input, target); apache-2.0. No revision was published.
Source: Suzgun et al. 2022, arXiv 2210.09261.
Matches the published Luth evaluation in dataset, subsets, split and exact match of a generated answer without
examples. The published task put one sentence with the subset's task in front, allowed 20 tokens (8,192 in its run) and
compared the whole answer. Here the model reasons within 1,024 tokens, and only its last line « Réponse : … » is
compared, by its shape: the score is called extractive_match. The published code defines
« suivi_objets_mélangés_cinq_objets » twice and « déduction_logique_cinq_objets » not at all. Three rows have a target
that is none of their options: the published code leaves them out, and so does `bad_rows: skip` here. The dataset's
« Incorrect » and « invalidee » count as « Faux » and « invalide ».
"""

import re
from functools import partial
from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import LETTERS, checked_text
from luth.evaluation.scoring.exact import final_answer_match
from luth.languages import get, reading

OPTION = re.compile(r"^[ \t]*\(([A-Z])\)[ \t]*(.*)$", re.MULTILINE)

LETTER = "la lettre de la bonne option, entre parenthèses"
YES_NO = "Oui ou Non"
TRUTH = "Vrai ou Faux, selon la valeur de l'expression"
VALIDITY = "valide ou invalide"
NUMBER = "un nombre, en chiffres"
BRACKETS = "les seuls signes qui manquent pour fermer la suite, séparés par des espaces"
WORDS = "les mots dans l'ordre alphabétique, séparés par des espaces"
TARGETS = {
    LETTER: r"\([A-Z]\)",
    YES_NO: "oui|non",
    TRUTH: "vrai|faux|incorrect",
    VALIDITY: "valide|invalidee?",
    NUMBER: r"-?\d+",
    BRACKETS: r"[\[\](){}<>\s]+",
    WORDS: r"\S+(?: \S+)*",
}
SUBSETS = {
    "expressions_booléennes": TRUTH,
    "jugement_causal": YES_NO,
    "compréhension_de_la_date": LETTER,
    "désambiguïsation_qa": LETTER,
    "dyck_languages": BRACKETS,
    "sophismes_formels": VALIDITY,
    "formes_géométriques": LETTER,
    "hyperbate": LETTER,
    "déduction_logique_trois_objets": LETTER,
    "déduction_logique_cinq_objets": LETTER,
    "déduction_logique_sept_objets": LETTER,
    "recommandation_de_film": LETTER,
    "multistep_arithmetic_two": NUMBER,
    "naviguer": YES_NO,
    "comptage_d_objets": NUMBER,
    "pingouins_sur_une_table": LETTER,
    "raisonnement_sur_les_objets_colorés": LETTER,
    "noms_de_ruines": LETTER,
    "détection_d_erreur_de_traduction_sailante": LETTER,
    "sarcasmes": LETTER,
    "compréhension_des_sports": YES_NO,
    "séquences_temporelles": LETTER,
    "suivi_objets_mélangés_trois_objets": LETTER,
    "suivi_objets_mélangés_cinq_objets": LETTER,
    "suivi_objets_mélangés_sept_objets": LETTER,
    "toile_de_mensonges": YES_NO,
    "tri_de_mots": WORDS,
}


def prompt(row: dict[str, Any], task_name: str, form: str) -> Doc:
    """Generative: the row's task, then how to answer; `specific` holds the options' texts, or none."""
    task, target = checked_text(row["input"], "input"), checked_text(row["target"], "target")
    options = OPTION.findall(task) if form == LETTER else []
    if form == LETTER and [letter for letter, _ in options] != list(LETTERS[: len(options)]):
        raise ValueError(f"the options of the input are not (A), (B) and so on: {task!r:.80}")
    if not re.fullmatch(TARGETS[form], target if form == LETTER else target.lower()):
        raise ValueError(f"the target {target!r:.80} is not of the form {TARGETS[form]}")
    if form == LETTER and target[1] not in LETTERS[: len(options)]:
        raise ValueError(f"the target {target} is none of the {len(options)} options")
    return Doc(
        task_name=task_name,
        query=f"{task}\n\nRaisonne étape par étape, puis termine par une ligne «\u00a0Réponse\u00a0: …\u00a0»."
        f" Écris-y {form}.",
        choices=[target],
        gold_index=0,
        specific={"choices": [text.strip() for _, text in options]},
    )


TASKS = [
    LightevalTaskConfig(
        name=f"bbh_fr:{subset}",
        prompt_function=partial(prompt, form=form),
        hf_repo="le-leadboard/bbh-fr",
        hf_subset=subset,
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split=None,
        generation_size=1024,
        metrics=[final_answer_match(announced_in=get("fr"), words_of=reading("fr", "en"))],
        version=1,
    )
    for subset, form in SUBSETS.items()
]

"""Prompts, gold answers and scores of every task, on rows written for the test in the dataset's real columns."""

import pytest
from lighteval.models.model_output import ModelResponse

from luth.evaluation.metrics import contains_words
from luth.evaluation.run import TASKS
from luth.tasks import TASKS_TABLE

ROWS = {
    "arc_challenge_fr": {
        "question": "Quel gaz les plantes absorbent-elles ?",
        "choices": ["l'azote", "le dioxyde de carbone", "l'hélium", "le néon"],
        "answerKey": "B",
    },
    "mmlu_fr": {
        "Question": "Combien font 2 + 2 ?",
        "A": "3",
        "B": "4",
        "C": "5",
        "D": "6",
        "Answer": "B",
    },
    "math_500_fr": {
        "problem": "Calculer $1 + 1$.",
        "solution": "On ajoute : $1 + 1 = \\boxed{2}$.",
    },
}


def document(name):
    return TASKS[name].prompt_function(dict(ROWS[name]), name)


def test_arc_is_a_cloze_over_the_choices():
    doc = document("arc_challenge_fr")
    assert doc.query == "Question\u00a0: Quel gaz les plantes absorbent-elles ?\nRéponse\u00a0:"
    assert doc.choices[doc.gold_index] == " le dioxyde de carbone" and len(doc.choices) == 4
    assert [metric.metric_name for metric in TASKS["arc_challenge_fr"].metrics] == ["acc", "acc_norm"]
    numbered = TASKS["arc_challenge_fr"].prompt_function({**ROWS["arc_challenge_fr"], "answerKey": "3"}, "x")
    assert numbered.gold_index == 2


def test_mmlu_is_a_choice_of_letters_at_the_published_revision():
    doc = document("mmlu_fr")
    assert doc.query == "Question\u00a0: Combien font 2 + 2 ?\nA. 3\nB. 4\nC. 5\nD. 6\nRéponse\u00a0:"
    assert doc.choices == [" A", " B", " C", " D"] and doc.gold_index == 1
    task = TASKS["mmlu_fr"]
    assert (task.hf_repo, task.hf_subset) == ("openai/MMMLU", "FR_FR")
    assert task.hf_revision == "038c7808122969ead7456361af05cb8f47d247f8"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("La somme vaut $\\boxed{2}$.", 1),
        ("Donc la réponse est $\\boxed{3}$.", 0),
        ("", 0),
        ("__import__('os').system('echo 2')", 0),
    ],
)
def test_math_compares_the_boxed_answer(answer, score):
    doc = document("math_500_fr")
    assert doc.query.endswith("\n\nCalculer $1 + 1$.") and "\\boxed{}" in doc.query
    (metric,) = TASKS["math_500_fr"].metrics
    assert metric.compute_sample(model_response=ModelResponse(text=[answer]), doc=doc) == {"extractive_match": score}


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("Tokyo.", "tokyo", True),
        ("C'est l'été !", "ete", True),
        ("Jeanne d'Arc", "jeanne d'arc", True),
        ("14", "4", False),
        ("-5", "5", False),
        ("1,5", "5", False),
        ("5 000 euros", "5", False),
        ("Il y en a 5.", "5", True),
        ("quatorze", "quatre", False),
        ("", "rien", False),
        ("n'importe quoi", "", False),
    ],
)
def test_an_answer_is_found_by_whole_words(text, wanted, found):
    assert contains_words(text, wanted) is found


def test_short_answers_are_scored_on_the_first_line():
    task = TASKS["demo_short_fr"]
    row = {
        "id": "sa",
        "topic": "t",
        "question": "De quelle couleur est la neige\u00a0?",
        "answers": ["blanche", "blanc"],
    }
    doc = task.prompt_function(row, "demo_short_fr")
    assert doc.query == "Réponds en quelques mots, sans phrase.\nDe quelle couleur est la neige\u00a0?"
    (metric,) = task.metrics
    for text, score in (("Blanc", 1), ("\nElle est blanche.\nOu verte.", 1), ("Verte\nBlanche", 0), ("", 0)):
        assert metric.compute_sample(model_response=ModelResponse(text=[text]), doc=doc) == {"answer_found": score}


def test_the_likelihood_of_an_answer_is_per_character():
    task = TASKS["demo_conversations_fr"]
    row = {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "Dix signes"}]}
    doc = task.prompt_function(row, "x")
    (metric,) = task.metrics
    response = ModelResponse(logprobs=[-25.0], output_tokens=[[1, 2]])
    assert metric.compute_sample(model_response=response, doc=doc) == {"log_likelihood": -2.5}


def test_names_are_unique_and_none_is_another_s_superset():
    names = [task.name for task in TASKS_TABLE]
    assert len(set(names)) == len(names) == 15 and not any(":" in name for name in names)

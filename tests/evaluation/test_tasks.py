"""Prompts, gold answers and scores of every task, on rows written for the test in the dataset's real columns."""

import random

import pytest
from lighteval.models.model_output import ModelResponse

from luth.evaluation.scoring.exact import final_answer, same_answer
from luth.evaluation.scoring.short_answers import contains_words
from luth.evaluation.tasks import arc_challenge, bbh, boolq, gpqa, hellaswag, mmlu, musr, task_table
from luth.languages import get

TASKS = task_table(["recipes/demo/tasks.py"]).tasks
FILES = (arc_challenge, mmlu, gpqa, hellaswag, boolq, musr, bbh)
CHOICE_TASKS = {task.name: task for file in FILES for task in file.TASKS}

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
    "arc_challenge_en": {
        "question": "Which gas do plants absorb?",
        "choices": {"text": ["nitrogen", "carbon dioxide", "helium"], "label": ["1", "2", "3"]},
        "answerKey": "2",
    },
    "mmlu_en": {
        "question": "What is 2 + 2?",
        "subject": "elementary_mathematics",
        "choices": ["3", "4", "5", "6"],
        "answer": 1,
    },
    "gpqa_fr:diamond": {
        "problem": " Quelle est la charge de l'électron\u00a0?\n",
        "Correct Answer": "négative\n",
        "Incorrect Answer 1": "positive",
        "Incorrect Answer 2": "nulle",
        "Incorrect Answer 3": "variable",
    },
    "gpqa_en:diamond": {
        "Question": "What is the charge of the electron?",
        "Correct Answer": "negative",
        "Incorrect Answer 1": "positive",
        "Incorrect Answer 2": "zero",
        "Incorrect Answer 3": "variable",
    },
    "hellaswag_fr": {
        "ctx_a": "Une femme ouvre son parapluie.",
        "ctx_b": "elle",
        "endings": ["mange le parapluie.", "marche sous la pluie.", "s'envole.", "dort."],
        "label": "1",
    },
    "hellaswag_en": {
        "ctx_a": "A woman opens her umbrella.",
        "ctx_b": "",
        "endings": ["She eats it.", "She walks in the rain.", "She flies away.", "She sleeps."],
        "label": 1,
    },
    "boolq_fr": {
        "passage": "La Loire est le plus long fleuve de France.",
        "question": "la Loire est-elle un fleuve ??",
        "label": 1,
    },
    "musr_fr:murder_mysteries": {
        "narrative": "Luc dormait. Ève rangeait des ciseaux.",
        "question": "Lequel a coupé la corde\u00a0?",
        "choices": "['Luc', \"Ève d'Arc\"]",
        "answer_index": 1,
    },
    "bbh_fr:pingouins_sur_une_table": {
        "input": "Quel pingouin est le plus grand\u00a0?\nOptions\u00a0:\n(A) Léa\n(B) Tom\n(C) Zoé",
        "target": "(B)",
    },
    "bbh_fr:expressions_booléennes": {"input": "not ( True ) est", "target": "Incorrect"},
    "bbh_fr:toile_de_mensonges": {"input": "Léa ment. Tom dit que Léa ment. Tom dit-il vrai\u00a0?", "target": "Oui"},
    "bbh_fr:sophismes_formels": {"input": "L'argument est-il valide\u00a0?", "target": "invalidee"},
    "bbh_fr:comptage_d_objets": {"input": "J'ai deux pommes et un chou. Combien de fruits\u00a0?", "target": "2"},
    "bbh_fr:dyck_languages": {"input": "Complète la suite. Entrée\u00a0: ( [ {", "target": "} ] )"},
    "bbh_fr:tri_de_mots": {"input": "Trie ces mots. Liste\u00a0: zèbre âne chat", "target": "âne chat zèbre"},
}


def document(name):
    return TASKS[name].prompt_function(dict(ROWS[name]), name)


def ask(name, row=None):
    return CHOICE_TASKS[name].prompt_function(dict(row or ROWS[name]), name)


def scores(name, text=None, logprobs=(), row=None):
    response = ModelResponse(text=[] if text is None else [text], logprobs=list(logprobs))
    computed = [
        metric.compute_sample(model_response=response, doc=ask(name, row)) for metric in CHOICE_TASKS[name].metrics
    ]
    merged = {key: value for each in computed for key, value in each.items()}
    return {key: value for key, value in merged.items() if key not in ("truncated", "unclosed_thought")}


def test_arc_is_a_cloze_over_the_choices():
    doc = document("arc_challenge_fr")
    assert doc.query == "Question\u00a0: Quel gaz les plantes absorbent-elles ?\nRéponse\u00a0:"
    assert doc.choices[doc.gold_index] == " le dioxyde de carbone" and len(doc.choices) == 4
    assert [metric.metric_name for metric in TASKS["arc_challenge_fr"].metrics] == ["acc", "acc_norm"]
    numbered = TASKS["arc_challenge_fr"].prompt_function({**ROWS["arc_challenge_fr"], "answerKey": "3"}, "x")
    assert numbered.gold_index == 2
    english = ask("arc_challenge_en")
    assert english.query == "Question: Which gas do plants absorb?\nAnswer:"
    assert english.choices == [" nitrogen", " carbon dioxide", " helium"] and english.gold_index == 1
    for name in ("arc_challenge_fr", "arc_challenge_en"):
        assert scores(name, logprobs=[-9.0, -1.0, -9.0, -9.0][: len(ask(name).choices)])["acc"] == 1
        assert scores(name, logprobs=[-1.0, -9.0, -9.0, -9.0][: len(ask(name).choices)])["acc"] == 0


def test_mmlu_is_a_choice_of_letters_at_the_published_revision():
    doc = document("mmlu_fr")
    assert doc.query == "Question\u00a0: Combien font 2 + 2 ?\nA. 3\nB. 4\nC. 5\nD. 6\nRéponse\u00a0:"
    assert doc.choices == [" A", " B", " C", " D"] and doc.gold_index == 1
    task = TASKS["mmlu_fr"]
    assert (task.hf_repo, task.hf_subset) == ("openai/MMMLU", "FR_FR")
    assert task.hf_revision == "038c7808122969ead7456361af05cb8f47d247f8"
    english = ask("mmlu_en")
    assert english.query == "Question: What is 2 + 2?\nA. 3\nB. 4\nC. 5\nD. 6\nAnswer:"
    assert english.choices == doc.choices and english.gold_index == 1
    for name in ("mmlu_fr", "mmlu_en"):
        assert scores(name, logprobs=[-9.0, -1.0, -9.0, -9.0]) == {"acc": 1}
        assert scores(name, logprobs=[-9.0, -8.0, -1.0, -9.0]) == {"acc": 0}


def test_gpqa_reasons_to_a_letter_among_choices_shuffled_by_the_row():
    random.seed(3)
    doc = ask("gpqa_fr:diamond")
    assert doc.query == (
        "Une seule des quatre propositions répond à la question. Raisonne étape par étape, puis termine par une ligne"
        " qui ne contient que «\u00a0Réponse\u00a0: X\u00a0», où X est la lettre de cette proposition (A, B, C ou D)."
        "\n\nQuelle est la charge de l'électron\u00a0?\n\nA) variable\nB) négative\nC) nulle\nD) positive"
    )
    assert doc.choices == ["A", "B", "C", "D"] and doc.gold_index == 1
    assert doc.specific == {"choices": ["variable", "négative", "nulle", "positive"]}
    english = ask("gpqa_en:diamond")
    assert english.query == (
        "Only one of the four options answers the question. Reason step by step, then finish with a line that contains"
        ' only "Answer: X", where X is the letter of that option (A, B, C or D).\n\n'
        "What is the charge of the electron?\n\nA) negative\nB) positive\nC) zero\nD) variable"
    )
    assert english.specific["choices"][english.gold_index] == "negative"
    assert {task.name: (task.hf_repo, task.hf_subset, task.generation_size) for task in gpqa.TASKS} == {
        "gpqa_fr:diamond": ("le-leadboard/gpqa-fr", "gpqa_diamond", 1024),
        "gpqa_fr:main": ("le-leadboard/gpqa-fr", "gpqa_main", 1024),
        "gpqa_fr:extended": ("le-leadboard/gpqa-fr", "gpqa_extended", 1024),
        "gpqa_en:diamond": ("Idavidrein/gpqa", "gpqa_diamond", 1024),
    }


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("L'électron est négatif.\n\nRéponse\u00a0: B", 1),
        ("Réponse\u00a0: C", 0),
        ("", 0),
        ("A) nulle\nB) négative\nC) positive\nD) variable", 0),
        ("Réponse\u00a0: A ou B", 0),
    ],
)
def test_gpqa_is_scored_by_the_letter(text, score):
    assert scores("gpqa_fr:diamond", text) == {"extractive_match": score}


def test_hellaswag_shows_the_endings_and_asks_for_a_letter():
    doc = ask("hellaswag_fr")
    assert doc.query == (
        "Choisis la suite la plus plausible du texte. Réponds par sa lettre seule.\n\n"
        "Texte\u00a0: Une femme ouvre son parapluie. Elle\nA. mange le parapluie.\nB. marche sous la pluie.\n"
        "C. s'envole.\nD. dort.\nRéponse\u00a0:"
    )
    assert doc.choices == ["A", "B", "C", "D"] and doc.gold_index == 1
    english = ask("hellaswag_en")
    assert english.query == (
        "Choose the most plausible continuation of the text. Answer with its letter alone.\n\n"
        "Text: A woman opens her umbrella.\nA. She eats it.\nB. She walks in the rain.\n"
        "C. She flies away.\nD. She sleeps.\nAnswer:"
    )
    assert english.gold_index == 1 and CHOICE_TASKS["hellaswag_fr"].evaluation_splits == ("validation",)


@pytest.mark.parametrize(
    ("text", "em", "qem", "pem"),
    [
        ("B", 1, 1, 1),
        (" B\n", 1, 1, 1),
        ("(b)", 0, 1, 0),
        ("**B.**", 0, 1, 1),
        ("B. marche sous la pluie.", 0, 0, 1),
        ("C", 0, 0, 0),
        ("", 0, 0, 0),
        ("Bien sûr", 0, 0, 0),
        ("A\nB\nC\nD", 0, 0, 0),
    ],
)
def test_hellaswag_is_scored_at_three_levels(text, em, qem, pem):
    assert scores("hellaswag_fr", text) == {"em": em, "qem": qem, "pem": pem}


def test_no_word_is_taken_for_the_letter_a():
    row = {**ROWS["hellaswag_en"], "label": 0}
    for text in ("the", "A woman", "Aucune", "."):
        assert scores("hellaswag_en", text, row=row) == {"em": 0, "qem": 0, "pem": 0}
    assert scores("hellaswag_en", "A", row=row) == {"em": 1, "qem": 1, "pem": 1}


def test_boolq_asks_for_yes_or_no():
    doc = ask("boolq_fr")
    assert doc.query == (
        "Passage\u00a0: La Loire est le plus long fleuve de France.\n"
        "Question\u00a0: la Loire est-elle un fleuve\u00a0?\n"
        "Réponds seulement par «\u00a0Oui\u00a0» ou «\u00a0Non\u00a0».\nRéponse\u00a0:"
    )
    # The split `valid` has ten rows, for examples.
    task = CHOICE_TASKS["boolq_fr"]
    assert doc.choices[doc.gold_index] == "Oui" and (task.evaluation_splits, task.version) == (("test",), 2)
    for text, em, qem, pem in (
        ("Oui", 1, 1, 1),
        ("oui.", 0, 1, 1),
        ("Oui, la Loire", 0, 0, 1),
        ("Non", 0, 0, 0),
        ("Oui ou non", 0, 0, 0),
        ("Oui/Non", 0, 0, 0),
        ("", 0, 0, 0),
    ):
        assert scores("boolq_fr", text) == {"em": em, "qem": qem, "pem": pem}, text


def test_musr_numbers_its_choices_and_weighs_their_texts():
    doc = ask("musr_fr:murder_mysteries")
    assert doc.query == (
        "Luc dormait. Ève rangeait des ciseaux.\n\nQuestion\u00a0: Lequel a coupé la corde\u00a0?\n"
        "1. Luc\n2. Ève d'Arc\nRéponse\u00a0:"
    )
    assert doc.choices == [" Luc", " Ève d'Arc"] and doc.gold_index == 1
    row = {**ROWS["musr_fr:murder_mysteries"], "choices": ["Luc", "Ève d'Arc"]}
    assert ask("musr_fr:murder_mysteries", row) == doc
    assert scores("musr_fr:murder_mysteries", logprobs=[-9.0, -1.0]) == {"acc": 1}
    assert scores("musr_fr:murder_mysteries", logprobs=[-1.0, -9.0]) == {"acc": 0}
    assert [task.evaluation_splits[0] for task in musr.TASKS] == [
        "murder_mysteries",
        "object_placements",
        "team_allocation",
    ]


@pytest.mark.parametrize(
    "choices",
    ["__import__('os').getcwd()", "['a', 'b'", "['a']", "{'a': 1}", "[" * 4000, "-" * 4000 + "1", "x" * 10**6],
)
def test_musr_reads_choices_in_print_and_runs_nothing(choices):
    with pytest.raises(ValueError, match="choices are not a list"):
        ask("musr_fr:murder_mysteries", {**ROWS["musr_fr:murder_mysteries"], "choices": choices})


def test_bbh_says_how_to_answer_and_has_every_subset():
    doc = ask("bbh_fr:pingouins_sur_une_table")
    assert doc.query == (
        "Quel pingouin est le plus grand\u00a0?\nOptions\u00a0:\n(A) Léa\n(B) Tom\n(C) Zoé\n\n"
        "Raisonne étape par étape, puis termine par une ligne «\u00a0Réponse\u00a0: …\u00a0»."
        " Écris-y la lettre de la bonne option, entre parenthèses."
    )
    assert doc.choices == ["(B)"] and doc.specific == {"choices": ["Léa", "Tom", "Zoé"]}
    assert len({task.hf_subset for task in bbh.TASKS}) == 27
    assert all(task.name == f"bbh_fr:{task.hf_subset}" and task.hf_repo == "le-leadboard/bbh-fr" for task in bbh.TASKS)


@pytest.mark.parametrize(
    ("subset", "right", "wrong"),
    [
        (
            "pingouins_sur_une_table",
            ["Réponse\u00a0: (B)", "B", "La réponse est Tom."],
            ["Réponse : (A) ou (B)", "(D)"],
        ),
        ("expressions_booléennes", ["Réponse : Faux", "Réponse : **Incorrect**."], ["Réponse : Vrai", "Vrai ou Faux"]),
        ("toile_de_mensonges", ["Réponse : Oui", "Réponse : oui, car non..."], ["Réponse : Non", "oui ou non"]),
        (
            "sophismes_formels",
            ["Réponse : invalide", "Réponse : non valide"],
            ["Réponse : valide", "valide, invalide"],
        ),
        ("comptage_d_objets", ["Réponse : 2", "La réponse est 1 + 1 = 2."], ["Réponse : 12", "2 ou 3", "-2", "2,5"]),
        ("dyck_languages", ["Réponse : } ] )", "Réponse :\n}])"], ["Réponse : ) ] }", "( [ { } ] )"]),
        (
            "tri_de_mots",
            ["Réponse : âne, chat, zèbre.", "âne chat zèbre"],
            ["Réponse : ane chat zèbre", "chat âne zèbre"],
        ),
    ],
)
def test_bbh_compares_the_final_answer_by_its_shape(subset, right, wrong):
    for texts, score in ((right, 1), ([*wrong, "", "Réponse\u00a0: ", "Réponse\u00a0: …", "(" * 10**6], 0)):
        for text in texts:
            assert scores(f"bbh_fr:{subset}", text) == {"extractive_match": score}, text[:80]


def test_a_final_answer_is_the_last_that_is_given():
    assert final_answer("Réponse : 3\nNon.\n**Réponse finale :** 4\n", get("fr")) == "** 4"
    assert final_answer("un\ndeux\n\n", get("fr")) == "deux" and final_answer("", get("fr")) == ""
    assert same_answer("−11\u00a0520", "-11520", get("fr")) and not same_answer("11,520", "11520", get("fr"))
    assert same_answer("âne chat", "a\u0302ne chat", get("fr")) and not same_answer("chat oui", "oui chat", get("fr"))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("arc_challenge_fr", {"answerKey": "E"}),
        ("arc_challenge_fr", {"answerKey": "5"}),
        ("arc_challenge_fr", {"choices": ["l'azote", ""]}),
        ("arc_challenge_en", {"answerKey": "A"}),
        ("mmlu_fr", {"Answer": ""}),
        ("mmlu_fr", {"C": None}),
        ("mmlu_en", {"answer": 4}),
        ("gpqa_fr:diamond", {"Incorrect Answer 2": " "}),
        ("gpqa_fr:diamond", {"problem": ""}),
        ("hellaswag_fr", {"label": ""}),
        ("hellaswag_fr", {"label": -1}),
        ("hellaswag_fr", {"ctx_b": None}),
        ("boolq_fr", {"label": 2}),
        ("boolq_fr", {"question": " ?"}),
        ("musr_fr:murder_mysteries", {"answer_index": 2}),
        ("bbh_fr:pingouins_sur_une_table", {"target": "(D)"}),
        ("bbh_fr:pingouins_sur_une_table", {"target": "Tom"}),
        ("bbh_fr:pingouins_sur_une_table", {"input": "Options\u00a0:\n(A) Léa\n(C) Zoé"}),
        ("bbh_fr:toile_de_mensonges", {"target": "Peut-être"}),
    ],
)
def test_a_bad_row_is_never_asked(name, change):
    with pytest.raises(ValueError):
        ask(name, {**ROWS[name], **change})
    column = next(iter(change))
    with pytest.raises(KeyError, match=column):
        ask(name, {key: value for key, value in ROWS[name].items() if key != column})


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
    metric, _ = task.metrics
    for text, score in (("Blanc", 1), ("\nElle est blanche.\nOu verte.", 1), ("Verte\nBlanche", 0), ("", 0)):
        assert metric.compute_sample(model_response=ModelResponse(text=[text]), doc=doc) == {"answer_found": score}


def test_the_likelihood_of_an_answer_is_per_character():
    task = TASKS["demo_conversations_fr"]
    row = {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "Dix signes"}]}
    doc = task.prompt_function(row, "x")
    (metric,) = task.metrics
    response = ModelResponse(logprobs=[-25.0], output_tokens=[[1, 2]])
    assert metric.compute_sample(model_response=response, doc=doc) == {"log_likelihood": -2.5}


def test_names_are_unique_and_none_is_another_s_group():
    names = list(TASKS)
    assert len(CHOICE_TASKS) == 41
    assert not {name.partition(":")[0] for name in names if ":" in name} & set(names)

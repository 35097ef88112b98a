"""Every instruction's check: a right, a wrong, a blank and an adversarial answer, all written for the test."""

import random
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luth.evaluation.scoring.instructions import english, french
from luth.evaluation.scoring.instructions.accuracy import follows, read_instructions, variants
from luth.evaluation.scoring.instructions.corrected import CORRECTED
from luth.evaluation.scoring.instructions.segmentation import (
    count_capital_words,
    count_sentences,
    count_words,
    language,
)

FRENCH = "la neige tombe doucement sur le village et les enfants courent vers la rivière"
ENGLISH = "the snow falls gently on the village and the children are running to the river"

# id: kwargs, an answer that follows, one that does not, and a third that is meant to fool the check, with its verdict.
SHARED = {
    "keywords:existence": (
        {"keywords": ["moulin", "(eau)"]},
        "Le MOULIN tourne (eau).",
        "Le moulin tourne.",
        ("Moulins et l'eau", False),
    ),
    "keywords:frequency": (
        {"keyword": "if", "frequency": 2, "relation": "at least"},
        "If, if.",
        "If.",
        ("A motif on a tarif", True),
    ),
    "keywords:forbidden_words": (
        {"forbidden_words": ["sel", "thé"]},
        "Une selle.",
        "Le SEL.",
        ("du thé\u00a0!", False),
    ),
    "keywords:letter_frequency": (
        {"letter": "z", "let_frequency": 2, "let_relation": "less than"},
        "Zèbre",
        "zigzag",
        ("ʐ Ž z", True),
    ),
    "language:response_language": ({"language": "fr"}, FRENCH, ENGLISH, ("12 + 12 !", True)),
    "length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "at least"},
        "Il pleut. Il vente.",
        "Il pleut et il vente",
        ("Mr. Smith met Dr. Jones at 3.5 p.m. yesterday", False),
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        "Un\n***\nDeux",
        "Un\n\nDeux",
        ("***\nUn\n***\n\n***\nDeux", False),
    ),
    "length_constraints:number_words": (
        {"num_words": 3, "relation": "less than"},
        "Deux mots !",
        "Trois mots ici",
        ("L'eau -- d'or", False),
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Ensuite"},
        'Un.\n\n"ENSUITE, deux',
        "Un.\n\nEnsuite\n\nTrois",
        ("Un.\n\n\n\nEnsuite", False),
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        "[nom] et [ville]",
        "[nom]",
        ("[nom\n] [[x] ]]", False),
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.P.S"},
        "Adieu.\nP. P. S. Encore.",
        "Adieu. P.S. Encore",
        ("p . p . s", False),
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        "* un\n  - deux",
        "* un\n** deux **",
        ("*\n* un\n\n\n- deux", True),
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        "*un* et **deux**",
        "*un\n* et deux",
        ("* *** ****", False),
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Partie", "num_sections": 2},
        "Partie 1\nx\nPartie2 y",
        "Partie I\nPartie II",
        ("PARTIE 1 Partie\n\n1 Partie 1", False),
    ),
    "detectable_format:json_format": ({}, '```json\n{"a": [1]}\n```', "{'a': 1}", ("[" * 5000 + "]" * 5000, False)),
    "combination:two_responses": (
        {},
        "un\n******\ndeux",
        "un\n******\n un ",
        ("******\n******\nun******deux", False),
    ),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Que faire ? "},
        "\nque faire ? Dormir.",
        "Il faut dormir. Que faire ?",
        ("Que  faire ?", False),
    ),
    "startend:end_checker": (
        {"end_phrase": "Bon vent !"},
        'Adieu. "Bon vent !"',
        "Bon vent ! Adieu.",
        ("BON VENT !\n", True),
    ),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"},
        "Un GRAND vent du NORD",
        "Un Grand vent du NORD",
        ("C'EST", False),
    ),
    "punctuation:no_comma": ({}, "Un ; deux", "Un, deux", ("1，2", True)),
    "startend:quotation": ({}, ' "Un" ', '"Un', ('"', False)),
}
ONLY_ENGLISH = {
    "detectable_format:constrained_response": (
        {},
        "Well: My answer is maybe.",
        "Maybe.",
        ("My answer is yes", False),
    ),
    "detectable_format:title": ({}, "<<Sea>>", "<<>> text", ("<< >>\n<<\nSea>>", False)),
    "change_case:english_capital": ({}, "THE 2 OF US", "The 2 of us", ("12", False)),
    "change_case:english_lowercase": ({}, ENGLISH, ENGLISH.title(), (FRENCH, False)),
}
ONLY_FRENCH = {
    "detectable_format:constrained_response": ({}, "« Peut-être. »", "oui.", ("Oui, Non", False)),
    "detectable_format:title": ({}, "### ##La mer##", "## La mer", ("####\n## ##", False)),
    "change_case:french_capital": ({}, FRENCH.upper(), FRENCH, (ENGLISH.upper(), False)),
    "change_case:french_lowercase": ({}, FRENCH, FRENCH.capitalize(), (ENGLISH, False)),
    "detectable_content:informal_address": ({}, "Viens-tu ?", "Venez-vous ?", ("Il t'a vu, mon têtu", False)),
    "detectable_content:no_digits": ({}, "deux IV ²", "2", ("٣", False)),
    "special_character:accents": (
        {"word_to_accentuate": {"ete": "été", "a": "à"}},
        "L'été à Nice",
        "L'ete à Nice",
        ("A Nice", False),
    ),
    "special_character:ethel_or_cedilla": ({"forbidden_char": "ç"}, "Le cœur", "Ça va", ("c\u0327a", True)),
    "special_character:no_accents": ({}, "Le coeur d'or", "Où", ("e\u0301", False)),
    "startend:quotation": ({}, "«\u00a0Un\u00a0»", "« Un", ("«", False)),
}
CASES = [
    *((english.CHECKS, name, case) for name, case in (SHARED | ONLY_ENGLISH).items()),
    *((french.CHECKS, f"fr:{name}", case) for name, case in (SHARED | ONLY_FRENCH).items()),
]
KWARGS = {name: case[0] for _, name, case in CASES}


def test_every_instruction_is_tested():
    assert {name for _, name, _ in CASES} == english.CHECKS.keys() | french.CHECKS.keys()
    assert (len(english.CHECKS), len(french.CHECKS)) == (25, 30) and CORRECTED.keys() == french.CHECKS.keys()


@pytest.mark.parametrize(("checks", "name", "case"), CASES, ids=[name for _, name, _ in CASES])
def test_check(checks, name, case):
    kwargs, right, wrong, (tricky, verdict) = case
    assert follows(right, name, kwargs, checks) is True
    assert follows(wrong, name, kwargs, checks) is False
    assert follows(tricky, name, kwargs, checks) is verdict
    assert follows("", name, kwargs, checks) is follows(" \n\u00a0", name, kwargs, checks) is False


@pytest.mark.parametrize(
    ("name", "kwargs", "answer", "published", "corrected"),
    [
        ("language:response_language", {"language": "zh"}, "今天的天气很好，我们去公园散步。", False, True),
        ("detectable_content:postscript", {"postscript_marker": "PS"}, "Le temps passe.", True, False),
        ("detectable_content:postscript", {"postscript_marker": "P.-S."}, "Adieu.\n**p.-s.** Viens !", True, True),
        ("detectable_format:constrained_response", {}, "oui.", False, True),
        ("detectable_format:constrained_response", {}, "Oui. Non. Peut-être.", True, False),
        ("special_character:accents", {"word_to_accentuate": {"ete": "été"}}, "Il pleut.", True, False),
        ("special_character:accents", {"word_to_accentuate": {"ete": "été"}}, "Un bel Été.", True, True),
        ("startend:end_checker", {"end_phrase": "D'accord ?"}, "Bien. « D’accord\u00a0? »", False, True),
        ("startend:end_checker", {"end_phrase": "D'accord ?"}, "Pas d'accord ? Non.", False, False),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Où va-t-il ?"}, "Où va-t-il\u202f? Là.", False, True),
        ("startend:quotation", {}, "“Un mot”", False, True),
        ("startend:quotation", {}, "“Un mot", False, False),
    ],
)
def test_corrected_reading(name, kwargs, answer, published, corrected):
    assert follows(answer, f"fr:{name}", kwargs, french.CHECKS) is published
    assert follows(answer, f"fr:{name}", kwargs, CORRECTED) is corrected


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("Un titre\n\n- un point\n- un autre", 1),
        ("Il pleut ! Vraiment ? Oui... mais peu. « Bien. » Fin", 5),
        ("Dr. Lee lives in the U.S. and works for Acme Inc. there. The end", 2),
        ('See Mr. T. Smith. He said (loudly.) "Go." Then he left.', 4),
        ("1. Un\n2. Deux", 3),
        ("P.-S. Je reviens.", 1),
        ("He works for Acme Inc. The firm grows", 2),
        ("Find x. For y, wait... The end", 3),
    ],
)
def test_sentences(text, sentences):
    assert count_sentences(text) == sentences


def test_words_and_capital_words():
    assert count_words("L'été, c'est l'arrêt_bus 42 !") == 7
    assert count_capital_words("I met the CEO, U.S.A. and (NATO) at 3D. Non!") == 5


def test_language_is_the_same_in_any_order_and_thread():
    texts = ["la", "oui ok", "no problem mon ami", FRENCH, ENGLISH, "Guten Tag", "...", "ciao bella hello"] * 3
    wanted = {text: language(text) for text in texts}
    assert wanted[FRENCH] == "fr" and wanted[ENGLISH] == "en" and wanted["..."] is None
    wrong = []

    def again(seed):
        for text in random.Random(seed).sample(texts, len(texts)):
            wrong.extend([text] if language.__wrapped__(text) != wanted[text] else [])

    threads = [threading.Thread(target=again, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_variants_cut_lines_and_asterisks():
    assert variants("Voici :\n**un**\nFin") == [
        "Voici :\n**un**\nFin",
        "**un**\nFin",
        "Voici :\n**un**",
        "**un**",
        "Voici :\nun\nFin",
        "un\nFin",
        "Voici :\nun",
        "un",
    ]
    assert variants("seul") == ["seul", ""]


@pytest.mark.parametrize(
    ("ids", "kwargs", "message"),
    [
        (["keywords:existance"], [{}], "keywords:existance"),
        (["fr:punctuation:no_comma"], [{}], "fr:punctuation:no_comma"),
        (["punctuation:no_comma"], [{"num_words": 3}], "punctuation:no_comma"),
        (["length_constraints:number_words"], [{"num_words": 3}], "length_constraints:number_words"),
        (["length_constraints:number_words"], [{"num_words": 3, "relation": "over"}], "number_words.*over"),
        (["length_constraints:number_paragraphs"], [{"num_paragraphs": "3"}], "number_paragraphs"),
        (["length_constraints:number_paragraphs"], [{"num_paragraphs": 2.5}], "number_paragraphs"),
        (["keywords:existence"], [{"keywords": "sel"}], "keywords:existence"),
        (["keywords:existence"], [{"keywords": []}], "keywords:existence"),
        (["keywords:existence"], [{"keywords": [3]}], "keywords:existence"),
        (["startend:end_checker"], [{"end_phrase": ""}], "startend:end_checker"),
        (["keywords:existence"], [], "keywords:existence"),
        ([], [], "no instruction"),
    ],
)
def test_unreadable_instructions_are_errors_that_name_the_id(ids, kwargs, message):
    with pytest.raises(ValueError, match=message):
        read_instructions({"instruction_id_list": ids, "kwargs": kwargs}, english.CHECKS)


MARKS = (
    "* ** *** ****** ## << >> [ ] - ```json { } \" « . ... ? P.-S. Mr. A é e\u0301 tu mot MOT 3 ' ’ , \ud83d \0".split(
        " "
    )
)
PIECES = st.sampled_from([*MARKS, " ", "\n", "\n\n", "\u00a0"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_no_text_makes_a_check_raise(text):
    for checks in (english.CHECKS, french.CHECKS, CORRECTED):
        for name in checks:
            assert follows(text, name, KWARGS[name], checks) in (True, False)


@pytest.mark.parametrize(
    "piece", ["[", "\n", "<<", "#", "*", "* ", " ", "a. ", "'", '"', "a@", "{", "[{", "A.A ", ". )"]
)
def test_long_answers_take_linear_time(piece):
    text = (piece * 100_000)[:100_000] + "x"
    for name, check in {"title": french.title, **english.CHECKS}.items():
        start = time.perf_counter()
        check(text, **KWARGS.get(name, {}))
        assert time.perf_counter() - start < 10, name

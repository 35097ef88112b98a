"""Which letter an answer states, and which texts state none."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luth.evaluation.scoring.letters import leading_letter, letter_alone, stated_letter
from luth.languages import reading

BOTH = reading("fr", "en")
CHOICES = ["l'azote", "le dioxyde de carbone", "l'hélium", "10^-4 eV"]
LISTED = "\n".join(f"{letter}. {choice}" for letter, choice in zip("ABCD", CHOICES, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "Réponse : B",
        "Réponse\u00a0: B",
        "Réponse: (b)",
        "réponse : b.",
        "REPONSE : B",
        "Re\u0301ponse : B",
        "**B)**",
        "B",
        "(b)",
        "la réponse B",
        "La bonne réponse est la B.",
        "La réponse correcte est l'option B, car les plantes l'absorbent.",
        "L'azote est exclu. Donc la bonne option est B !",
        "B. le dioxyde de carbone",
        "**B. Le dioxyde de carbone.**",
        "\\boxed{B}",
        "Donc $\\boxed{\\text{B}}$.",
        "Answer: B",
        "The correct answer is (B).",
        "So the answer is B because plants absorb it.",
        "**Réponse : B**",
        "Réponse : **B**",
        "**Réponse** : __B__",
        "réponse finale : B",
        "Réponse :\n\nB",
        "Réponse :\nB. le dioxyde de carbone",
        "Réponse : « B »",
        "Réponse : B. A cat is no gas.",
        "Réponse : B et non A",
        "Réponse : B, C'est évident.",
        "Réponse : le dioxyde de carbone",
        "Le dioxyde de carbone.",
        "B\n\nLes plantes absorbent ce gaz pendant la journée.",
        f"{LISTED}\n\nRéponse : B",
        f"{LISTED}\n\nB",
        "La réponse est A ? Non.\nRéponse : B",
        "La réponse est A.\nVérifions... Finalement, la réponse est B.",
        "La réponse A est fausse, la réponse B convient.",
        "La réponse est B. Les réponses A, C et D sont fausses.",
        "Réponse : A\nJe me suis trompé.\n\nB",
        "Ｒéponse : Ｂ",
        "Réponse : <B>",
        "L'option B est la bonne réponse.",
        "B est donc correct.",
        "La réponse est plutôt B.",
        "Réponse : B\nC. est faux\nD. aussi",
        "Réponse\u2028:\r\nB\r\n",
        "A plant absorbs it.\nB",
        "B est la réponse correcte.",
        "B est la bonne réponse.",
        "B est le bon choix.",
        "B semble correcte.",
        "B est sans doute la bonne réponse.",
        "J'ai choisi B.",
        "Les plantes l'absorbent.\nDonc B.",
        "So, B.",
        "B is most likely correct.",
        "Let's go with B.",
        "It has to be B.",
        "Seule B convient.",
        "La lettre correcte est B.",
        "La lettre est B.",
        "Je choisis la B.",
        "Je dirais plutôt B.",
        "J’opterais pour B, sans hésiter.",
        "Mon choix se porte sur B.",
        "Je pense que c'est B.",
        "Il s'agit donc de la réponse B.",
        "B is the best choice.",
        "B must be the answer.",
        "Only B is correct.",
        "The correct letter is B.",
        "The correct option would be B.",
        "I would pick B — a safe choice.",
        "I'll go with option B.",
        "I'd say B, because plants absorb it.",
        "My guess would be B.",
        "The answer is for sure B, it can't be A or C",
        "It's not A because plants need it, therefore I think it's B",
        "B. it can't be A or C",
        "Réponse : B\n\nQuestion : Quel gaz ?\nA) x\nB) y\nRéponse : C",
        "B\n\nQuestion 2 : Quel gaz ?\nA. x\nB. y\nC. z\nRéponse : C\n\nQuestion 3 : Et ?\nA. x\nB. y\nRéponse : A",
        "La réponse est B.\n\n### Question\nQuel gaz ?\n\nA) x\nB) y\n\nRéponse : C",
        "Answer: B\n\nQ: Which gas?\nA. x\nB. y\nAnswer: C",
        f"Question : Quel gaz ?\n{LISTED}\nRéponse : B",
        "Réponse : A ?\nQuestion : est-ce bien A ? Non.\nRéponse : B",
        "Réponse : A\nQuestion de vérification : A ? Non.\nRéponse : B",
        "Le symbole du carbone, c'est C. Réponse : B",
        "Réponse : B. Le symbole du carbone, c'est C.",
        "Option B it is.",
        "Je penche pour B.",
        "La réponse la plus appropriée est B.",
        "La seule réponse possible est B.",
        "The correct answer to question 12 is B.",
        "La solution est B.",
        "B est la seule réponse correcte.",
        "L'option (B) semble être la plus appropriée.",
        "Il ne reste que B.",
        "By elimination, B.",
        "A is wrong\nAnswer: B",
        "Ce n'est pas\nRéponse : B",
        "Donc la B.",
        "Ce n'est pas A mais c'est B.",
        "I'm not sure, but I would pick B.",
        "Réponse : B\nQuelle est la capitale ?\nA) Paris\nB) Rome\nC) Oslo\nRéponse : A",
    ],
)
def test_the_letter_is_read(text):
    assert stated_letter(text, CHOICES, BOTH) == "B"


@pytest.mark.parametrize("text", ["Réponse : A", "A", "(a)", "Answer: A", "Réponse : A car il abonde", "Réponse : a"])
def test_a_is_a_letter_too(text):
    assert stated_letter(text, CHOICES, BOTH) == "A"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\u00a0\n",
        "A cat sat on the mat.",
        "The answer is A cat on the mat.",
        "Answer: A gas that plants absorb",
        "À mon avis, il y a deux gaz.",
        "La réponse a été donnée plus haut.",
        "Il y a",
        "Je ne sais pas quelle réponse donner à A",
        "Réponse : A ou B",
        "Réponse : (a) ou (b)",
        "Réponse : B ou la réponse A",
        "Réponse : A, B",
        "Réponse : A ou plutôt B",
        "B est correct, mais A est juste aussi.",
        "B n'est pas correct.",
        f"Réponse : {LISTED}",
        f"Réponse :\n{LISTED}",
        "Réponse :\nA\nB\nC\nD",
        "Réponse : A B C D",
        "La réponse est A et B.",
        "A B C D",
        "A\nB\nC\nD",
        LISTED,
        f"Voici les choix de réponse :\n{LISTED}",
        "A. l'azote\nB. le dioxyde de carbone\nC. l'hélium\nD.",
        "ni A ni B",
        "La réponse n'est ni A ni B.",
        "La réponse est B.\nRéponse : ni A ni B",
        "La réponse n'est pas B.",
        "The answer is not B.",
        "La réponse B est fausse.",
        "La réponse B n'est pas la bonne.",
        "La réponse est-elle B ?",
        "Réponse : B ?",
        "Réponse : E",
        "E",
        "La réponse est B.\nRéponse : X",
        "Réponse : X",
        "Réponse : $LETTRE",
        "Réponse : D'après le texte, on ne sait pas.",
        "Réponse : I think so",
        "Réponse :",
        "Réponse : 10^4 eV",
        "dioxyde",
        "B. l'hélium",
        "B12",
        "Les réponses B",
        "B n'est pas la réponse correcte.",
        "B est la réponse fausse.",
        "B est la réponse la moins plausible.",
        "B is not the correct answer.",
        "B est la bonne réponse, mais C est la réponse correcte aussi.",
        "La lettre A est la première de l'alphabet.",
        "I would pick B or C.",
        "I would not pick B.",
        "I would pick a gas.",
        "I would pick A gas that plants absorb.",
        "I choose wisely.",
        "Je ne choisis pas B.",
        "Je choisis B ou C.",
        "Ce n'est pas B.",
        "C'est A ou B.",
        "It's not B.",
        "It's A gas.",
        "(B) n'est pas la bonne réponse.",
        "B) est la mauvaise réponse.",
        "La seule mauvaise réponse est B.",
        "The least appropriate answer is B.",
        "Je ne sélectionne pas la réponse B.",
        "I don't think it is B.",
        "I'm not going with B.",
        "Réponse : A ou B\n\nQuestion : Quel gaz ?\nA) x\nB) y\nRéponse : C",
    ],
)
def test_no_letter_is_made_up(text):
    assert stated_letter(text, CHOICES, BOTH) is None


def test_the_range_is_that_of_the_choices():
    assert stated_letter("Réponse : E", [*CHOICES, "le néon"], BOTH) == "E"
    assert stated_letter("Réponse : C", CHOICES[:2], BOTH) is None
    assert stated_letter("Réponse : 10^-4 eV", CHOICES, BOTH) == "D"
    assert stated_letter("Answer: A cat", ["a dog", "a cat"], BOTH) == "B"
    assert stated_letter("Réponse : B", ["B", "A"], BOTH) == "B"
    assert stated_letter("le néon", ["le néon", "le néon"], BOTH) is None


@given(st.text(alphabet="AaBbEé .:,;()[]{}*_\\\n'’?réponsetla\u00a0", max_size=80) | st.text(max_size=80))
def test_any_text_is_read(text):
    assert stated_letter(text, CHOICES, BOTH) in {None, *"ABCD"}
    assert letter_alone(text) in {"", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@given(st.sampled_from("ABCD"), st.text(alphabet="abc éàê,.;\n'", max_size=200))
def test_a_last_line_in_the_form_asked_for_decides(letter, reasoning):
    assert stated_letter(f"{reasoning}\nRéponse\u00a0: {letter}", CHOICES, BOTH) == letter


@pytest.mark.parametrize(
    "piece",
    [
        "A",
        "A ",
        "Réponse : ",
        "réponse\n",
        "(",
        "*",
        "A. \n",
        "réponse A ou ",
        "\\boxed{",
        " ",
        "\n",
        "la ",
        "c'est ",
        "Question :\nA) x\nB) y\n",
        "Q\n",
        "x?\n",
        "x ?\nA) x\n",
        "not so ",
        "je choisis ",
        "B est la réponse ",
    ],
)
def test_a_megabyte_is_read_in_a_moment(piece):
    start = time.process_time()
    for text in (piece * (1_000_000 // len(piece)), piece * (1_000_000 // len(piece)) + "\nRéponse : B"):
        stated_letter(text, CHOICES, BOTH), letter_alone(text), leading_letter(text)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "alone", "leading"),
    [
        ("B", "B", "B"),
        (" (b).", "B", ""),
        ("B. le chat", "", "B"),
        ("**B)** le chat", "", "B"),
        ("B\nle chat", "", "B"),
        ("A cat", "", ""),
        ("Aucune", "", ""),
        ("D'après le texte", "", ""),
        ("A B", "", ""),
        ("", "", ""),
    ],
)
def test_a_letter_alone_and_a_letter_first(text, alone, leading):
    assert (letter_alone(text), leading_letter(text)) == (alone, leading)

"""What the rules, the languages, the typography and the benchmarks' index say of single texts."""

import pytest
from datatrove.data import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from luth.core.recipes import problems
from luth.core.text import protected
from luth.data.filters.decontamination import Index
from luth.data.filters.language import InLanguage, foreign
from luth.data.filters.quality import RULES
from luth.data.filters.row_selection import SelectRows
from luth.data.part import Select
from luth.data.recipe import Decontaminate, IdentifyLanguage, Quality
from luth.languages import with_teacher
from luth.languages.french import typography

WORDS = with_teacher("fr")
LONG = (
    "La rivière descend lentement vers la plaine, où les paysans récoltent le blé avant les orages de la fin de l'été."
)
ENGLISH = "The river runs slowly down to the plain, where farmers bring in the wheat before the storms of late summer."


def turns(answer, question="Que se passe-t-il ici ?"):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        ("empty", "…", LONG),
        (
            "repetition",
            "Il faut partir tout de suite. " * 8,
            f"{LONG} Puis vient l'automne, et tout recommence ailleurs.",
        ),
        ("truncation", "Il y a trois étapes : la première, la", LONG),
        ("truncation", "Voici :\n```python\nprint(1)", "Voici :\n```python\nprint(1)\n```"),
        (
            "refusal",
            "Je suis désolé, mais je ne peux pas faire cela.",
            "Je suis désolé pour toi, raconte-moi.".replace("Je suis désolé", "C'est triste"),
        ),
        ("refusal", "I’m sorry, but I can’t help with that.", "Il dit : « I'm sorry » et s'en va."),
        (
            "boilerplate",
            "En tant qu'intelligence artificielle, je n'ai pas d'avis.",
            "En tant que médecin, il a un avis.",
        ),
        ("latex", r"On a \(x^2 + 1 et c'est tout.", r"On a \(x^{2} + 1\) et c'est tout."),
        ("latex", r"\begin{align} x &= 1", r"\begin{align} x &= 1 \end{align}"),
        ("latex", r"\[ \frac{1}{2 \]", r"\[ \frac{1}{2} \]"),
        ("latex", r"$$\begin{aligned} x \\[4pt] y $$", r"$$\begin{aligned} x \\[4pt] y \end{aligned}$$"),
        (
            "markdown",
            "| a |\n| --- |\n| 1 |\n\n| a | b |\n| --- |\n| 1 |",
            "| a \\| c | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        ("markdown", "| a | b |\n| --- | --- | --- |\n| 1 | 2 |", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("mojibake", "L'Ã©tÃ© est lÃ .", "L'été est là, à São Paulo comme à Ålesund."),
    ],
)
def test_rules_object_to_what_they_are_for(rule, bad, good):
    assert RULES[rule](turns(bad), WORDS) and not RULES[rule](turns(good), WORDS)


def test_words_are_those_of_the_recipe_s_language_and_of_the_teachers():
    french, english = turns("Je suis désolé, mais je ne peux pas."), turns("I'm sorry, but I cannot do that.")
    assert [RULES["refusal"](french, with_teacher(code)) for code in ("fr", "en", "xx")] == [True, False, False]
    assert all(RULES["refusal"](english, with_teacher(code)) for code in ("fr", "en", "xx"))


def test_an_unknown_typography_is_one_mistake_of_the_recipe():
    assert problems({"typography": "french"}, Quality) == problems({"typography": None}, Quality) == []
    (problem,) = problems({"typography": "frensh"}, Quality)
    assert "typography" in problem and "'frensh'" in problem and "french" in problem


def test_prices_and_short_answers_pass_every_rule():
    for answer in ("Oui.", "5 $ et 10 $", "1, 2, 3", "« Bonjour ! »", r"$x = 3$, donc $y = \{1, 2\}$."):
        assert not [name for name, rule in RULES.items() if rule(turns(answer), WORDS)], answer


def test_a_stretch_of_another_language_is_found_wherever_it_stands():
    settings = IdentifyLanguage()
    assert foreign(LONG, "fr", settings) is None and foreign(ENGLISH, "fr", settings) is not None
    for text in (f"{LONG} {ENGLISH}", f"{ENGLISH} {LONG}", f"{LONG}\n\n{ENGLISH}\n\n{LONG}"):
        assert foreign(text, "fr", settings) is not None
    loop = "for line in open(path):\n    print('the quick brown fox jumps over the lazy dog', line)"
    code = f"{LONG}\n```python\n{loop}\n```\n{LONG}"
    assert foreign(code, "fr", settings) is None
    assert foreign(LONG.upper(), "fr", settings) is None and foreign("OK", "fr", settings) is None


@pytest.mark.parametrize(
    ("question", "answer", "kept"),
    [
        ("Into which ocean does the Senegal River flow?", "Into the Atlantic Ocean.", False),
        ("Dans quel océan se jette le fleuve Sénégal ?", "Dans l'océan Atlantique.", True),
        ("Combien font 13 fois 17 ?", "221", True),
    ],
)
def test_short_messages_are_judged_together(question, answer, kept):
    row = Document(id="a", text="", metadata={"messages": turns(answer, question)})
    found = InLanguage(IdentifyLanguage(), "fr", None).filter(row)
    assert (found is True) is kept


@pytest.mark.parametrize(
    ("plain", "set_"),
    [
        ('Il dit "bonjour" et part.', "Il dit «\u00a0bonjour\u00a0» et part."),
        ("Vraiment ? Oui !", "Vraiment\u202f? Oui\u202f!"),
        ("Voici : l'été", "Voici\u00a0: l’été"),
        ("« mot »", "«\u00a0mot\u00a0»"),
        ("Il est 10:30, voir https://a.fr/x?y=1", "Il est 10:30, voir https://a.fr/x?y=1"),
        ("`a ? b : c` et $x : y$", "`a ? b : c` et $x : y$"),
        ('Lance\n    x = "abc" ;', 'Lance\n    x = "abc" ;'),
        ("A &amp; B", "A &amp; B"),
        ("En 2020 300 des 12 300 habitants", "En 2020 300 des 12\u202f300 habitants"),
    ],
)
def test_french_typography(plain, set_):
    assert typography(plain) == set_ and typography(set_) == set_


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aé «»\"'?!:;,`$1\n", max_size=60))
def test_typography_is_done_once_and_leaves_code_alone(text):
    once = typography(text)
    assert typography(once) == once or '"' in text
    assert protected(once) == protected(text) or "\n" in text or '"' in text


ITEMS = {
    "quiz": [
        f"Quelle est la couleur du cheval blanc d'Henri numéro {n} lorsqu'il traverse la Seine en plein hiver ?"
        for n in range(2)
    ]
    + ["Combien de pattes possède une araignée adulte ?", "Capitale du Chili ?"],
}


@pytest.mark.parametrize(
    "text",
    [
        "Avant. Combien de pattes possède une araignée adulte ? Après.",
        "COMBIEN DE PATTES POSSEDE UNE ARAIGNEE ADULTE",
        "combien, de pattes : possède -- une araignée adulte ...",
        "Donc : quelle est la couleur du cheval blanc d'Henri numéro 1 lorsqu'il traverse la Seine en plein hiver",
        "Une question.\nCapitale du Chili ?\nMerci.",
    ],
)
def test_items_are_found_however_they_are_written(text):
    assert Index(ITEMS, Decontaminate("x")).find(text) is not None


def test_what_only_resembles_an_item_is_none():
    index = Index(ITEMS, Decontaminate("x"))
    for text in ("Combien de pattes possède un mille-pattes adulte ?", "La capitale du Chili est Santiago.", LONG):
        assert index.find(text) is None


def test_a_benchmark_s_way_of_asking_is_no_item():
    items = {
        "b": [f"Réponds par une seule lettre, sans explication, à la question suivante : mot{n} ?" for n in range(5)]
    }
    text = "Réponds par une seule lettre, sans explication, à la question suivante : autre chose ?"
    assert Index(items, Decontaminate("x", ngram=10)).find(text) is None


PLAIN = st.text(alphabet="abcdefghilmnoprstuvé", min_size=2, max_size=9)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(PLAIN, min_size=6, max_size=30, unique=True),
    st.lists(PLAIN, max_size=20),
    st.lists(PLAIN, max_size=20),
    st.sampled_from([" ", ", ", " ; ", "\n", " — "]),
    st.sampled_from([str, str.upper, str.title]),
)
def test_an_item_is_found_whatever_stands_around_it_and_however_it_is_set(item, begin, end, between, case):
    index = Index({"quiz": [" ".join(item)]}, Decontaminate("x"))
    task, shown = index.find(" ".join([*begin, case(between.join(item)), *end]))
    assert task == "quiz" and len(shown.split()) >= 6
    assert index.find(" ".join([*begin, "zzz"])) is None or " ".join(item[:6]) in " ".join(begin)


@pytest.mark.parametrize(
    ("item", "text", "hit"),
    [
        ("Victor Hugo ?", "Il lit beaucoup. Victor Hugo. Puis il dort.", True),
        ("Victor Hugo ?", "Il lit Victor Hugo le soir.", False),
        ("U", "Le vitamine U. Oui.", False),
        ("Qui est-ce ?", "Qui est-ce ? C'est le facteur.", True),
    ],
)
def test_short_items_are_hits_only_as_whole_sentences(item, text, hit):
    assert (Index({"quiz": [item]}, Decontaminate("x")).find(text) is not None) == hit


def test_keywords_are_words_whatever_signs_they_have():
    chosen = SelectRows(Select(keywords=["C++", "Go"]), "fr", None)
    for text, taken in (("J'écris en C++.", True), ("Go !", True), ("Il aime le golf.", False), ("Du C+", False)):
        doc = Document(text, "x", metadata={"messages": turns(text)})
        assert (chosen.filter(doc) is True) == taken, text

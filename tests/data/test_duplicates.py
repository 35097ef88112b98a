"""Duplicates, exact and near: found, and the same row kept whatever the order of files, rows and tasks."""

import random

import numpy as np
from datatrove.pipeline.dedup import MinhashDedupSignature

from luth.data.filters.duplicates import MERSENNE, Signatures
from luth.data.recipe import Deduplicate
from tests.data.conftest import rejected, rows

WORDS = [
    f"{start}{middle}{end}" for start in "bcdfglmprst" for middle in "aeiou" for end in ("ble", "nte", "rie", "ge")
]


def texts(count, length=60, seed=0):
    draw = random.Random(seed)
    return [{"q": f"Question {n} ?", "a": " ".join(draw.choices(WORDS, k=length))} for n in range(count)]


def changed(row, at):
    words = row["a"].split()
    words[at] = "autrement"
    return {**row, "a": " ".join(words)}


def test_signatures_are_datatroves(tmp_path):
    ours = Signatures(tmp_path, Deduplicate(), ["part"])
    edges = [0, 1, MERSENNE - 1, MERSENNE, MERSENNE + 1, 2**64 - 1]
    drawn = np.random.default_rng(0).integers(0, 2**64, 500, dtype=np.uint64, endpoint=False)
    for shingles in (np.array(edges, np.uint64), drawn, drawn[:1]):
        column = shingles.reshape(-1, 1)
        assert ours.get_signature(column) == MinhashDedupSignature.get_signature(ours, column)


def test_near_copies_are_found_and_nothing_else(build_rows):
    originals = texts(60)
    # One word of 62 changed is 5 shingles of 58: a similarity of 53/63.
    copies = [
        {**row, "a": f"{row['a'].rsplit(' ', 20)[0]} autrement {' '.join(row['a'].split()[-19:])}"}
        for row in originals
    ]
    folder = build_rows({"all": originals + copies + texts(60, seed=1)}, {"deduplicate": {}})
    gone = rejected(folder, "deduplicate")
    assert len(gone) >= 57
    kept = {row["messages"][1]["content"] for row in rows(folder)}
    for row, copy in zip(originals, copies, strict=True):
        assert row["a"] in kept or copy["a"] in kept
    assert all(row["a"] in kept for row in texts(60, seed=1))


def test_case_and_punctuation_make_no_other_row_and_the_part_named_first_keeps_it(build_rows):
    row = {"q": "Que dit-elle ?", "a": "Elle dit oui, à son frère."}
    loud = {"q": "QUE DIT-ELLE ?", "a": "Elle dit : « Oui », à son frere !"}
    for first, second in (("one", "two"), ("two", "one")):
        parts = {first: [loud, {"q": "Et lui ?", "a": "Lui non."}], second: [row]}
        folder = build_rows(parts, {"deduplicate": {}}, name=first)
        assert {found["source"] for found in rows(folder)} == {first}
        (gone,) = rejected(folder, "deduplicate")
        assert gone["metadata"]["filter_reason"] == "says what another row says" and gone["metadata"]["part"] == second


def test_neither_order_nor_tasks_have_a_say_in_which_row_stays(build_rows):
    found = texts(20)
    # Chains of copies, each nearer to its neighbour than to the others.
    for row in texts(20):
        for at in (5, 30, 45):
            row = changed(row, at)
            found.append(row)
    kept = []
    for number, tasks in enumerate((1, 3)):
        random.Random(number).shuffle(found)
        # Blocks of 1000 rows are shared out among tasks: enough rows that each has some.
        padding = [{"q": f"Numéro {n} ?", "a": f"C'est le {n}."} for n in range(2500)]
        folder = build_rows({"all": found + padding}, {"deduplicate": {}}, name=f"tasks-{tasks}", tasks=tasks)
        kept.append({row["id"] for row in rows(folder)})
    assert kept[0] == kept[1] and len(kept[0]) < 2500 + len(found)


def test_signs_and_vowels_that_are_marks_make_another_row(build_rows):
    pairs = [
        ("Vrai ou faux : 5 > 3 ?", "Vrai ou faux : 5 >= 3 ?"),
        ("Que fait `a += 1` en C++ ?", "Que fait `a -= 1` en C# ?"),
        ("का काम", "कि किम"),
        ("😀 ?", "🌧 ?"),
    ]
    asked = [{"q": question, "a": "Vrai."} for pair in pairs for question in pair]
    again = [{"q": "vrai ou faux: 5 > 3", "a": "Vrai"}]
    folder = build_rows({"one": asked, "two": again}, {"deduplicate": {}})
    assert {row["messages"][0]["content"] for row in rows(folder)} == {row["q"] for row in asked}

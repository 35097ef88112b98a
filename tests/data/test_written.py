"""What a build leaves: a dataset that the Hub's library and scripts/sft.py take as it is, its card, its funnel."""

import json

import datasets
import pytest

from luth.data.progress import Lines
from luth.reporting.funnel import after, sources

QUESTION = "Que fait le meunier du grain que les paysans lui apportent après la moisson ?"
ANSWERS = [
    f"Il le pèse d'abord, puis le moud entre ses {n} meules, et garde une part de la farine pour sa peine."
    for n in ("deux", "grandes", "vieilles", "lourdes", "petites", "trois")
]


@pytest.fixture
def parts():
    good = [{"q": f"{QUESTION} Dis-le en {n} mots.", "a": answer} for n, answer in enumerate(ANSWERS, 10)]
    english = {"q": QUESTION, "a": "He weighs it first, then he grinds it, and <b>keeps</b> a share of the flour."}
    refusal = {"q": QUESTION, "a": "Je suis désolé, mais je ne peux pas répondre à cette question aujourd'hui."}
    return {"good": good, "bad": [english, refusal]}


@pytest.fixture
def built(build_rows, parts, make_model, tmp_path):
    model = make_model(tmp_path / "model")
    write = {"tokenizer": str(model), "title": "Des moulins", "description": "Six rows about mills."}
    steps = {"language": {}, "quality": {"typography": "french"}, "mix": {"test_size": 2}, "write": write}
    return build_rows(parts, steps)


def test_the_library_and_sft_take_it_as_it_is(built, sft_recipe, run, tmp_path):
    found = datasets.load_dataset(str(built / "dataset"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in found.items()} == {"train": 4, "test": 2}
    assert found["train"].column_names == ["id", "source", "messages"]
    assert "\u202f?" in found["train"][0]["messages"][0]["content"]
    recipe = sft_recipe(tmp_path / "model", [], datasets=[{"path": str(built / "dataset")}], max_steps=1)
    code, _, err = run("sft", recipe)
    assert code == 0, err
    history = (tmp_path / "out/log_history.jsonl").read_text("utf-8").rstrip("\n").split("\n")
    assert any("loss" in json.loads(line) for line in history)


def test_the_card_and_the_funnel_say_what_became_of_every_row(built, tokenizer, parts):
    card = (built / "dataset/README.md").read_text("utf-8")
    funnel = (built / "funnel.md").read_text("utf-8")
    assert "Columns: `id`, `source`, `messages`. Made by" in card
    assert "Six rows about mills." in card and "4 rows in `train`, 2 rows in `test`" in card
    assert "| language | the assistant in another language | 1 |" in card and "| quality | refusal | 1 |" in card
    assert "| after | good | bad | all |" in funnel and "| quality | 6 | 0 | 6 |" in funnel
    texts = ["\n\n".join(row.values()) for rows in parts.values() for row in rows]
    tokens = sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    assert any(line.startswith("| read |") and f"| {tokens:,} |" in line for line in funnel.split("\n"))
    # A tag in what was rejected is shown, not obeyed.
    assert "&lt;b&gt;keeps&lt;/b&gt;" in funnel and (built / "funnel.png").stat().st_size > 5000
    took = [line for line in funnel.split("## Time")[1].split("##")[0].split("\n") if line.startswith("| ")][2:]
    assert [line.split(" | ")[0] for line in took] == ["| good.read", "| bad.read", "| language", "| quality", "| mix"]


def test_a_part_s_own_step_changes_its_rows_alone():
    steps = {
        "a.read": {"rows": [{"part": "a", "rows": 9}], "rejected": []},
        "b.read": {"rows": [{"part": "b", "rows": 5}], "rejected": [{"part": "b", "rows": 2}]},
        "b.judge": {"rows": [{"part": "b", "rows": 2}], "rejected": []},
        "quality": {"rows": [{"part": "a", "rows": 8}], "rejected": []},
    }
    assert sources(steps, ["a", "b"]) == {"a": 9, "b": 7}
    assert after(steps, ["a", "b"], "rows") == [
        ("read", {"a": 9, "b": 5}),
        ("judge", {"a": 9, "b": 2}),
        ("quality", {"a": 8, "b": 0}),
    ]


def test_lines_are_counted_as_they_come_and_anew_where_a_file_is_begun_again(tmp_path):
    lines, file = Lines([tmp_path]), tmp_path / "0.jsonl"
    assert lines() == 0
    for text, count in (("a\n", 1), ("a\nb\nhal", 2), ("a\nb\nhalf\n", 3), ("z\n", 1)):
        file.write_text(text)
        assert lines() == count

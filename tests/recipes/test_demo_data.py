"""The demo's data: enough of it, French in its typography, and nothing of the evaluation in the training set."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from luth.training.conversations import conversation_problem

DATA = Path(__file__).parents[2] / "recipes" / "demo" / "data"
NUMBERS = (
    r"\d+|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingt|trente|cent"
)


def rows(*names):
    return [json.loads(line) for name in names for line in (DATA / name).read_text("utf-8").splitlines()]


def generated():
    return rows(*sorted(path.relative_to(DATA).as_posix() for path in (DATA / "train/generated").glob("*.jsonl")))


def train():
    return rows("train/written.jsonl") + generated()


def texts(row):
    if "messages" in row:
        return [message["content"] for message in row["messages"]]
    return [row["question"], *row.get("choices", row.get("answers"))]


def words(text):
    return re.findall(r"\w+", text.lower())


def runs(text, length=8):
    found = words(text)
    return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}


def test_there_is_as_much_as_the_card_says():
    written = rows("train/written.jsonl")
    assert len(written) == 186 and len(generated()) == 1317
    assert len({row["source"] for row in generated()}) == 42
    assert {row["topic"] for row in written} >= {"general_knowledge", "mathematics", "grammar", "rewriting", "summary"}
    for language in ("fr", "en"):
        assert len(rows(f"choice/{language}-test.jsonl", f"short/{language}-test.jsonl")) >= 300
        assert len(rows(f"conversations/{language}-test.jsonl")) == 120


def test_generated_files_are_what_the_generators_write():
    code = "import json, generate; print(json.dumps(generate.rows()))"
    made = subprocess.run([sys.executable, "-c", code], cwd=DATA, capture_output=True, text=True, check=True)
    for topic, conversations in json.loads(made.stdout).items():
        assert conversations == rows(f"train/generated/{topic}.jsonl")


def test_every_conversation_can_be_trained_on():
    assert [conversation_problem(row["messages"]) for row in train()] == [None] * len(train())


def test_no_two_prompts_differ_only_in_a_number():
    prompts = Counter(
        re.sub(rf"\b({NUMBERS})\b", "0", next(m["content"] for m in row["messages"] if m["role"] == "user").lower())
        for row in train()
    )
    assert [prompt for prompt, count in prompts.items() if count > 1] == []


@pytest.mark.parametrize("split", ["dev", "test"])
def test_no_eight_word_run_of_the_evaluation_is_in_the_training_set(split):
    seen = set().union(*(runs(text) for row in train() for text in texts(row)))
    for kind in ("choice", "short", "conversations"):
        for row in rows(f"{kind}/fr-{split}.jsonl", f"{kind}/en-{split}.jsonl"):
            shared = seen & set().union(*(runs(text) for text in texts(row)))
            assert not shared, (row["id"], shared)


def test_no_question_of_the_evaluation_is_a_training_prompt():
    prompts = {" ".join(words(text)) for row in train() for text in texts(row)}
    for split in ("dev", "test"):
        for kind in ("choice", "short", "conversations"):
            for row in rows(f"{kind}/fr-{split}.jsonl"):
                question = row["messages"][0]["content"] if "messages" in row else row["question"]
                assert " ".join(words(question)) not in prompts, row["id"]


def test_development_and_test_share_nothing():
    for kind in ("choice", "short", "conversations"):
        dev, test = rows(f"{kind}/fr-dev.jsonl"), rows(f"{kind}/fr-test.jsonl")
        assert not {row["id"] for row in dev} & {row["id"] for row in test}
        assert not {texts(row)[0] for row in dev} & {texts(row)[0] for row in test}


def test_french_and_english_hold_the_same_content():
    for split in ("dev", "test"):
        for kind in ("choice", "short", "conversations"):
            french, english = rows(f"{kind}/fr-{split}.jsonl"), rows(f"{kind}/en-{split}.jsonl")
            assert [(row["id"], row["topic"]) for row in french] == [(row["id"], row["topic"]) for row in english]
        french, english = rows(f"choice/fr-{split}.jsonl"), rows(f"choice/en-{split}.jsonl")
        assert [row["gold"] for row in french] == [row["gold"] for row in english]


def test_choices_are_distinct_and_gold_positions_even():
    for language in ("fr", "en"):
        items = rows(f"choice/{language}-test.jsonl", f"choice/{language}-dev.jsonl")
        assert all(len(set(row["choices"])) == 4 and row["choices"][row["gold"]] for row in items)
        counts = Counter(row["gold"] for row in items)
        assert set(counts) == {0, 1, 2, 3} and max(counts.values()) <= 1.2 * min(counts.values())


def test_french_typography():
    french = train() + [
        row
        for kind in ("choice", "short", "conversations")
        for split in ("dev", "test")
        for row in rows(f"{kind}/fr-{split}.jsonl")
    ]
    for row in french:
        for text in texts(row):
            assert not re.search(r" [:;!?»%€]|« |\d \d{3}(?!\d)", text), text
            prose = "" if re.search(r"[{\[|]", text) else text
            assert not re.search(r"[^\W\d_][;!?]|[’“”]|\w«|»\w", prose), text

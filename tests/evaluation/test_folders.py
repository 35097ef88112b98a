"""Local folders as datasets: every layout that users have, what cannot be told, and csv cells that look empty."""

import json
import os
import unicodedata

import datasets
import pytest
from datasets.data_files import DataFilesDict
from datasets.packaged_modules.csv.csv import Csv, CsvConfig
from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.core.errors import UserError
from luth.evaluation.items.loading import CSV, read_items
from luth.evaluation.recipe import EvalRecipe
from luth.evaluation.tasks import TaskTable, task_table

SUBSET = "ARC-Challenge"


def prompt(row, name):
    return Doc(query=str(row["question"]), choices=["a", "b"], gold_index=int(row["gold"]))


def write(path, *questions):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = datasets.Dataset.from_list([{"question": question, "gold": 1} for question in questions])
    if ".parquet" in path.name:
        rows.to_parquet(str(path))
    elif ".csv" in path.name or ".tsv" in path.name:
        rows.to_csv(str(path), sep="\t" if ".tsv" in path.name else ",")
    else:
        rows.to_json(str(path), force_ascii=False)


def questions(folder, subset=SUBSET, splits=("test",)):
    task = LightevalTaskConfig(
        name="mine",
        prompt_function=prompt,
        hf_repo=str(folder),
        hf_subset=subset,
        hf_avail_splits=list(splits),
        evaluation_splits=list(splits),
        metrics=[LogLikelihoodAccMetric()],
    )
    recipe = EvalRecipe(models=["m"], tasks=["mine"], output_dir="")
    docs = read_items(recipe, TaskTable({"mine": task}, {}, {}), ["mine"], print)["mine"]
    return [doc.query for doc in sorted(docs, key=lambda doc: int(doc.id))]


@pytest.mark.parametrize(
    "names",
    [
        ["ARC-Challenge/test.parquet", "ARC-Easy/test.parquet"],
        ["ARC-Challenge/test-00000-of-00001.parquet", "ARC-Easy/test-00000-of-00001.parquet"],
        ["ARC-Challenge/test-00000-of-00001-6ef3991c06080e14.parquet", "ARC-Challenge/train.parquet"],
        ["ARC-Challenge/test.jsonl", "ARC-Challenge-2/test.jsonl", "My-ARC-Challenge/test.jsonl", "test.jsonl"],
        ["data/ARC-Challenge/test.json.gz", "data/ARC-Easy/test.json.gz"],
        ["data/ARC-Challenge-test.jsonl", "data/ARC-Easy-test.jsonl"],
        ["ARC-Challenge_test.csv", "ARC-Easy_test.csv", "ARC-Challenge_train.csv"],
        ["ARC-Challenge.test.tsv", "ARC-Easy.test.tsv"],
        ["ARC-Challenge/test/0000.parquet", "ARC-Easy/test/0000.parquet", "ARC-Challenge/train/0000.parquet"],
        ["test/ARC-Challenge.jsonl", "test/ARC-Easy.jsonl", "train/ARC-Challenge.jsonl"],
        ["ARC-Challenge/eval.jsonl", "ARC-Easy/test.jsonl"],
        ["ARC-Challenge.csv", "ARC-Easy.csv"],
        ["test.jsonl", "train.jsonl", "notes.json"],
        ["data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"],
        ["test/any.jsonl", "train/any.jsonl"],
        ["ARC-Challenge/test.parquet", "ARC-Easy/other.jsonl", "ARC-Challenge/._test.parquet"],
    ],
)
def test_a_subset_is_found_by_its_name(names, tmp_path):
    folder = tmp_path / "my data [2]"
    for name in names:
        write(folder / name, "right" if name == names[0] else "wrong")
    (folder / "dataset_infos.json").write_text("{}")
    assert questions(folder) == ["right"]


def test_a_split_in_several_files_is_read_in_their_order(tmp_path):
    for number in (1, 0):
        write(tmp_path / f"S/valid-0000{number}-of-00002.parquet", f"question {number}")
    assert questions(tmp_path, "S", ["validation"]) == ["question 0", "question 1"]
    (tmp_path / "S/valid-00000-of-00002.parquet").unlink()
    with pytest.raises(UserError, match="1 of 2 files are there") as error:
        questions(tmp_path, "S", ["validation"])
    assert error.value.code == "bad-dataset"


def test_names_with_accents_are_the_same_in_both_forms_of_unicode(tmp_path):
    write(tmp_path / unicodedata.normalize("NFD", "expressions_booléennes") / "test.jsonl", "right")
    assert questions(tmp_path, "expressions_booléennes") == ["right"]


def test_a_split_of_a_name_of_its_own_needs_no_subset(tmp_path):
    for split in ("murder_mysteries", "object_placements"):
        write(tmp_path / f"{split}.jsonl", split)
    assert questions(tmp_path, "default", ["object_placements"]) == ["object_placements"]
    both = ["murder_mysteries", "object_placements"]
    assert sorted(questions(tmp_path, "default", both)) == both
    with pytest.raises(UserError, match="has no split 'team_allocation', but train"):
        questions(tmp_path, "default", ["team_allocation"])


@pytest.mark.parametrize(
    ("names", "facts"),
    [
        (
            ["ARC-Challenge/test.jsonl", "ARC-Challenge/test.csv"],
            ["test.csv or ARC-Challenge/test.json"],
        ),
        (["ARC-Challenge/test.jsonl", "data/ARC-Challenge/test.jsonl"], ["data/ARC-Challenge/test.jsonl"]),
        (["test.jsonl", "ARC-Easy/test.jsonl"], ["may be", "ARC-Easy/test.jsonl"]),
        (["ARC-Easy/test.jsonl"], ["looked for", "ARC-Challenge/test.EXT", "ARC-Challenge_test.EXT", "test.EXT"]),
        (["ARC-Challenge/train.jsonl"], ["no such files"]),
        (["ARC-Challenge/rows.jsonl"], ["no such files"]),
        (["ARC-Challenge/latest.jsonl"], ["no such files"]),
    ],
)
def test_what_cannot_be_told_is_one_line(names, facts, tmp_path):
    for name in names:
        write(tmp_path / name, "wrong")
    with pytest.raises(UserError) as error:
        questions(tmp_path)
    line = str(error.value)
    assert error.value.code == "bad-dataset" and "\n" not in line and "'ARC-Challenge'" in line
    assert line.startswith("mine: ") and str(tmp_path) in line and all(fact in line for fact in facts), line


@pytest.mark.parametrize("subset", ["S", "default"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("test.parquet", b"no parquet file at all"),
        ("test.jsonl", b"{not json"),
        ("test.jsonl", b""),
        ("test.csv", b"question,gold\n1,2\n1,2,3\n"),
        ("test.csv", b""),
        ("test.csv", "question,gold\n\u00e9,1\n".encode("latin-1")),
        ("test.jsonl.gz", b"no gzip"),
        ("README.md", b"---\nconfigs: [\n---\n"),
    ],
)
def test_a_damaged_file_is_one_line(subset, name, content, tmp_path):
    write(tmp_path / "S/train.jsonl", "other")
    path = tmp_path / name if name == "README.md" or subset == "default" else tmp_path / "S" / name
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        questions(tmp_path, subset)
    line = str(error.value)
    assert error.value.code == "bad-dataset" and line.startswith("mine: the dataset ") and "\n" not in line, line


def test_a_file_of_the_subset_s_name_alone_is_no_two_splits(tmp_path):
    write(tmp_path / "S.jsonl", "right")
    assert questions(tmp_path, "S") == ["right"]
    with pytest.raises(UserError, match="split 'train': no such files"):
        questions(tmp_path, "S", ["train", "test"])


def test_a_readme_with_configs_is_followed(tmp_path):
    write(tmp_path / "ARC-Challenge/test.jsonl", "wrong")
    write(tmp_path / "v2/rows.jsonl", "right")
    card = "---\nconfigs:\n- config_name: {}\n  data_files:\n  - split: test\n    path: v2/rows.jsonl\n---\n"
    (tmp_path / "README.md").write_text(card.format(SUBSET))
    assert questions(tmp_path) == ["right"]
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# Rows\n")
    assert questions(tmp_path) == ["wrong"]


def test_the_second_name_of_a_dataset_may_be_a_folder(tmp_path, monkeypatch):
    row = {"question": "1 + 1?", "choices": ["1", "2", "3", "4"], "answer": 1}
    (tmp_path / "cais/mmlu/all").mkdir(parents=True)
    (tmp_path / "cais/mmlu/all/test.jsonl").write_text(json.dumps(row) + "\n")
    monkeypatch.chdir(tmp_path)
    recipe = EvalRecipe(models=["m"], tasks=["mmlu_en"], output_dir="")
    assert len(read_items(recipe, task_table(), ["mmlu_en"], print)["mmlu_en"]) == 1


@pytest.mark.parametrize("laid_out", ["README.md", "files"])
def test_a_csv_cell_is_the_text_that_it_holds(laid_out, tmp_path, monkeypatch):
    lines = [
        ",Question,A,B,C,D,Answer,Subject",
        "0,Quel est le symbole du sodium ?,K,NA,N,null,B,chimie",
        "1,Que renvoie une fonction Python sans return ?,None,nan,0,n/a,A,informatique",
        "2,null,NaN,NULL,N/A,1,D,informatique",
    ]
    folder = tmp_path / "openai/MMMLU"
    (folder / "FR_FR").mkdir(parents=True)
    (folder / "FR_FR/test.csv").write_text("\n".join(lines) + "\n", "utf-8")
    if laid_out == "README.md":
        config = "config_name: FR_FR\n  data_files:\n  - split: test\n    path: FR_FR/test.csv\n"
        (folder / "README.md").write_text(f"---\nconfigs:\n- {config}---\n")
    monkeypatch.chdir(tmp_path)
    recipe = EvalRecipe(models=["m"], tasks=["mmlu_fr"], output_dir="", max_samples=None)
    docs = sorted(read_items(recipe, task_table(), ["mmlu_fr"], print)["mmlu_fr"], key=lambda doc: doc.id)
    assert [doc.query.split("\n", 1)[1].replace("\n", " ") for doc in docs] == [
        "A. K B. NA C. N D. null Réponse\u00a0:",
        "A. None B. nan C. 0 D. n/a Réponse\u00a0:",
        "A. NaN B. NULL C. N/A D. 1 Réponse\u00a0:",
    ]


def test_a_csv_file_of_the_hub_is_found_again_without_a_network(tmp_path, monkeypatch):
    (tmp_path / "test.csv").write_text("Question,A,B,C,D,Answer\nSodium\u00a0?,K,NA,N,null,B\n", "utf-8")
    files = DataFilesDict.from_patterns({"test": [str(tmp_path / "test.csv")]})

    # As `datasets` leaves it: the files are part of a configuration of the dataset's own.
    class Mmmlu(Csv):
        BUILDER_CONFIGS = (CsvConfig(name="FR_FR", data_files=files),)

    cache = tmp_path / "cache"
    Mmmlu(cache_dir=str(cache), dataset_name="mmmlu", config_name="FR_FR", hash="038c", **CSV).download_and_prepare()
    (cache / "mmmlu").rename(cache / "openai___mmmlu")
    assert [path.name.split("-")[0] for path in cache.glob("openai___mmmlu/*")] == ["FR_FR"]
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    recipe = EvalRecipe(models=["m"], tasks=["mmlu_fr"], output_dir="")
    (doc,) = read_items(recipe, task_table(), ["mmlu_fr"], print)["mmlu_fr"]
    assert "\nB. NA\n" in doc.query and doc.gold_index == 1


def test_a_csv_column_of_numbers_may_have_a_word_in_any_row(tmp_path):
    write(tmp_path / "S_test.csv", *[str(number) for number in range(10_001)], "x + 1")
    assert questions(tmp_path, "S")[-2:] == ["10000", "x + 1"]


def test_edited_rows_are_read_anew(tmp_path):
    for question in ("one", "two"):
        write(tmp_path / "S/test.jsonl", question)
        os.utime(tmp_path / "S/test.jsonl", (0, 0 if question == "one" else 9))
        assert questions(tmp_path, "S") == [question]

"""The tasks ifeval_en, ifeval_fr and mifeval_fr: prompts, scores, local files, and the published verdicts."""

import json
import runpy
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from datasets import Dataset, load_dataset
from lighteval.models.model_output import ModelResponse

from luth.evaluation.scoring.instructions import english, french
from luth.evaluation.scoring.instructions.accuracy import follows, variants
from luth.evaluation.tasks import ifeval, mifeval

TASKS = {task.name: task for task in (*ifeval.TASKS, *mifeval.TASKS)}
LEVELS = ["prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc"]
PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "m-ifeval"

ROW = {
    "key": 1,
    "prompt": "Décris la pluie en moins de dix mots, sans virgule.",
    "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
    "kwargs": [{"num_words": 10, "relation": "less than"}, {}],
}
FRENCH_ROW = {
    **ROW,
    "instruction_id_list": [f"fr:{name}" for name in ROW["instruction_id_list"]],
    "kwargs": [{"num_words": 10, "relation": "moins de"}, {}],
}


def score(task, doc, answer):
    response = ModelResponse(text=[answer])
    return {
        name: value
        for metric in TASKS[task].metrics
        for name, value in metric.compute_sample(model_response=response, doc=doc).items()
    }


def test_the_tasks_are_the_published_ones():
    assert [(task.hf_repo, task.evaluation_splits) for task in ifeval.TASKS] == [
        ("jzhang86/fr_ifeval", ("train",)),
        ("google/IFEval", ("train",)),
    ]
    for task in TASKS.values():
        assert task.generation_size == 1024 and not task.stop_sequence and task.metrics[0].metric_name == LEVELS
    for name, suffix in (("ifeval_fr", "_fr"), ("mifeval_fr", "_corrected")):
        assert TASKS[name].metrics[1].metric_name == [level + suffix for level in LEVELS]


@pytest.mark.parametrize(("task", "row"), [("ifeval_en", ROW), ("ifeval_fr", ROW), ("mifeval_fr", FRENCH_ROW)])
@pytest.mark.parametrize("form", ["plain", "nulls", "json"])
def test_the_prompt_is_the_rows_own_and_scores_follow(task, row, form):
    if form == "nulls":
        nulls = {"num_words": None, "relation": None, "keywords": None}
        row = {**row, "kwargs": [{**nulls, **row["kwargs"][0], "num_words": 10.0}, nulls]}
    if form == "json":
        row = {**row, "kwargs": json.dumps(row["kwargs"])}
    doc = TASKS[task].prompt_function(row, task)
    assert (doc.query, doc.choices, doc.gold_index) == (ROW["prompt"], [""], 0)
    assert doc.specific["instruction_id_list"] == row["instruction_id_list"]
    assert json.loads(doc.specific["kwargs"][0])["num_words"] == 10
    scores = score(task, doc, "Voici, comme demandé :\nLa pluie tombe.")
    assert [scores[name] for name in LEVELS] == [0, [True, False], 1, [True, True]]
    assert [score(task, doc, "")[name] for name in LEVELS] == [0, [False, False], 0, [False, False]]


def test_instruction_level_is_over_all_instructions():
    aggregate = TASKS["ifeval_fr"].metrics[0].get_corpus_aggregations()
    assert aggregate["inst_level_strict_acc"]([[True], [False, False, True]]) == 0.5
    assert aggregate["prompt_level_strict_acc"]([1, 0, 0, 1]) == 0.5


def test_ifeval_fr_fails_french_in_small_letters_as_published_and_passes_it_in_the_second_metric():
    row = {"prompt": "Chuchote.", "instruction_id_list": ["change_case:english_lowercase"], "kwargs": [{}]}
    doc = TASKS["ifeval_fr"].prompt_function(row, "ifeval_fr")
    scores = score("ifeval_fr", doc, "le vent souffle fort sur la petite maison au bord de la rivière")
    assert (scores["prompt_level_strict_acc"], scores["prompt_level_strict_acc_fr"]) == (0, 1)


def test_an_unknown_instruction_is_an_error_before_anything_is_generated():
    with pytest.raises(ValueError, match="fr:keywords:rhyme"):
        TASKS["mifeval_fr"].prompt_function(
            {"prompt": "?", "instruction_id_list": ["fr:keywords:rhyme"], "kwargs": [{}]}, "mifeval_fr"
        )


def test_a_local_file_is_read_and_its_documents_can_be_written(tmp_path):
    """LightEval writes documents and scores into parquet, which cannot hold a dict that is empty in every row."""
    rows = [{**FRENCH_ROW, "instruction_id_list": ["fr:punctuation:no_comma"], "kwargs": [{}]}] * 2
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    loaded = load_dataset(str(tmp_path), "default", split="train", cache_dir=str(tmp_path / "cache"))
    docs = [TASKS["mifeval_fr"].prompt_function(row, "mifeval_fr") for row in loaded]
    written = [{"specific": doc.specific, "metric": score("mifeval_fr", doc, "Il pleut.")} for doc in docs]
    Dataset.from_list(written).to_parquet(tmp_path / "details.parquet")
    (row, _) = parquet.read_table(tmp_path / "details.parquet").to_pylist()
    assert row["metric"]["inst_level_strict_acc"] == [True] and next(iter(row["metric"])) == LEVELS[0]


def test_the_environment_names_the_data(monkeypatch):
    monkeypatch.setenv("LUTH_MIFEVAL_DATA", "/some/folder")
    assert runpy.run_path(mifeval.__file__)["TASKS"][0].hf_repo == "/some/folder"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published verdicts of M-IFEval are not at hand")
@pytest.mark.parametrize(("language", "models", "wanted"), [("fr", 8, 1.0), ("en", 2, 0.998)])
def test_published_verdicts(language, models, wanted):
    checks = french.CHECKS if language == "fr" else {f"en:{name}": check for name, check in english.CHECKS.items()}
    prompts = {row["prompt"]: row for row in _rows(PUBLISHED / "data" / f"{language}_input_data.jsonl")}
    folders = sorted((PUBLISHED / "evaluations").glob(f"{language}_*"))
    agree = total = 0
    for folder in folders:
        for kind in ("strict", "loose"):
            for row in _rows(folder / f"eval_results_{kind}.jsonl"):
                texts = variants(row["response"]) if kind == "loose" else [row["response"]]
                given = zip(row["instruction_id_list"], prompts[row["prompt"]]["kwargs"], strict=True)
                ours = [any(follows(text, name, kwargs, checks) for text in texts) for name, kwargs in given]
                agree += sum(map(bool.__eq__, ours, row["follow_instruction_list"]))
                total += len(ours)
    assert len(folders) == models and total > 3000
    assert agree / total >= wanted


def _rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

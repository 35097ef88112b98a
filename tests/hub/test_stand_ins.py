"""The stand-ins have their contracts' columns and types, and the tasks and recipes read them."""

from pathlib import Path

import pytest
import yaml

from luth.core.recipes import is_local
from luth.evaluation.items.loading import read_items
from luth.evaluation.recipe import EvalRecipe
from luth.evaluation.tasks import task_table
from luth.training.arguments import Source
from luth.training.sources import open_sources
from luth.validation.contracts import NONE, UNKNOWN, compare
from luth.validation.hub_facts import dataset_facts, model_facts
from tests.hub.stand_ins import DATASETS, MODELS, ROWS, model_files, rows, write_dataset

TABLE = task_table()
TASKS = {name: task for name, task in TABLE.tasks.items() if not is_local(task.hf_repo)}
# One task of each dataset; the rows of all others are made by the same function.
FIRST = {task.hf_repo: name for name, task in reversed(TASKS.items())}


def test_a_stand_in_has_its_contract_s_configurations_splits_columns_and_types(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, contract in DATASETS.items():
        write_dataset(tmp_path, name)
        configuration, part = next(iter(contract.configurations.items()))
        facts = dataset_facts(name, "main", configuration, list(part.splits), str(tmp_path / "cache"), {})
        assert list(facts.splits) == list(part.splits) and all(len(each) == 3 for each in facts.rows.values())
        if part.columns != UNKNOWN:
            assert list(facts.columns) == list(part.columns)
            assert [path for path, old, _ in compare(part.columns, facts.columns) if old != UNKNOWN] == [], name


@pytest.mark.parametrize("task", TASKS)
def test_every_task_makes_items_of_the_rows(task):
    config = TASKS[task]
    for row in rows(config.hf_repo, config.hf_subset):
        doc = config.prompt_function(row, task)
        assert doc.query and doc.choices


@pytest.mark.parametrize("task", FIRST.values())
def test_a_task_reads_its_dataset_s_folder(task, tmp_path, monkeypatch):
    write_dataset(tmp_path, TASKS[task].hf_repo)
    monkeypatch.chdir(tmp_path)
    items = read_items(EvalRecipe(["m"], [task], "out"), TABLE, [task], print)
    assert len(items[task]) == ROWS


def test_luth_sft_is_read_as_a_mixture(tmp_path, monkeypatch):
    write_dataset(tmp_path, "kurakurai/luth-sft")
    monkeypatch.chdir(tmp_path)
    sources = [Source("kurakurai/luth-sft", split=split) for split in ("luth_scholar", "luth_openhermes")]
    assert [opened.column_names for opened in open_sources(sources, ["messages"])] == [["messages"]] * 2


@pytest.mark.parametrize("recipe", ["luth-qwen3.5-0.8b", "luth-lfm2.5-350m"])
def test_the_recipes_of_models_of_today_are_previewed(recipe, tmp_path, monkeypatch, run):
    """Their own templates train them, as TRL has them; LFM2's packing is not what this is about."""
    content = yaml.safe_load(Path(f"recipes/{recipe}.yaml").read_text("utf-8"))
    for source in content["datasets"]:
        del source["rows"]
    path, name = tmp_path / "recipe.yaml", content["model_name_or_path"]
    changes = {"packing": False, "attn_implementation": "sdpa", "use_cpu": True, "bf16": False}
    path.write_text(yaml.safe_dump({**content, **changes}), "utf-8")
    write_dataset(tmp_path, "kurakurai/luth-sft")
    (tmp_path / name).mkdir(parents=True)
    for file, data in model_files(name).items():
        (tmp_path / name / file).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    code, out, err = run("sft", path, "--preview", 2)
    assert code == 0, err
    assert "Cela fait" in out


def test_a_model_has_what_its_contract_says(tmp_path, monkeypatch):
    """`hf_hub_download` alone is another one: it finds the files in a folder."""
    monkeypatch.setattr(
        "luth.validation.hub_facts.hf_hub_download", lambda name, file, revision: str(tmp_path / name / file)
    )
    for name, contract in MODELS.items():
        files = model_files(name)
        (tmp_path / name).mkdir(parents=True)
        for path, data in files.items():
            (tmp_path / name / path).write_bytes(data)
        known = model_facts(name, "main", list(files)).known
        for key in ("tied", "generation_config", "tokenizer_adds_bos", "max_length"):
            assert getattr(contract, key) in (UNKNOWN, known[key]), (name, key)
        for part in ("special_tokens", "template"):
            for key, value in vars(getattr(contract, part)).items():
                assert value in (UNKNOWN, NONE, known[part][key]), (name, key)

"""scripts/evaluate.py on a tiny model: nothing stale, nothing left behind, one line for a mistake."""

import json

import pyarrow.parquet as parquet
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file


@pytest.fixture
def recipe(tmp_path):
    def write(**changes):
        content = {
            "models": [str(tmp_path / "model")],
            "tasks": ["demo_choice_fr", "demo_short_en", "demo_conversations_fr"],
            "output_dir": str(tmp_path / "eval"),
            "dtype": "float32",
            "batch_size": 8,
            "max_samples": 6,
            **changes,
        }
        path = tmp_path / f"eval-{len(list(tmp_path.glob('eval-*.yaml')))}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def results(folder):
    files = sorted((folder / "results").rglob("results_*.json"), key=lambda path: path.name)
    return [json.loads(path.read_text())["results"] for path in files]


def test_new_weights_at_the_same_path_are_evaluated_anew(make_model, recipe, run, tmp_path):
    model = make_model(tmp_path / "model")
    before = sorted(path.name for path in model.rglob("*"))
    assert run("evaluate", recipe())[0] == 0
    (first,) = results(tmp_path / "eval")
    assert {task: next(iter(scores)) for task, scores in first.items() if task != "all"} == {
        "demo_choice_fr|0": "acc_norm",
        "demo_short_en|0": "answer_found",
        "demo_conversations_fr|0": "log_likelihood",
    }

    code, out, _ = run("evaluate", recipe())
    assert code == 0 and "already evaluated" in out and len(results(tmp_path / "eval")) == 1

    weights = load_file(model / "model.safetensors")
    torch.manual_seed(5)
    changed = {name: tensor + 0.2 * torch.randn_like(tensor) for name, tensor in weights.items()}
    save_file(changed, model / "model.safetensors", metadata={"format": "pt"})
    assert run("evaluate", recipe())[0] == 0
    older, newer = results(tmp_path / "eval")
    assert older == first
    assert newer["demo_conversations_fr|0"]["log_likelihood"] != first["demo_conversations_fr|0"]["log_likelihood"]
    assert sorted(path.name for path in model.rglob("*")) == before
    record = json.loads(next((tmp_path / "eval" / "results").rglob("run.json")).read_text())
    assert record["status"] == "finished" and record["recipe"]["max_samples"] == 6


def test_items_edited_since_are_evaluated_anew(make_model, recipe, run, tmp_path, monkeypatch):
    import shutil

    from luth.evaluation.run import TASKS

    make_model(tmp_path / "model")
    data = tmp_path / "data"
    shutil.copytree(TASKS["demo_choice_fr"].hf_repo, data)
    monkeypatch.setattr(TASKS["demo_choice_fr"], "hf_repo", str(data))
    for count in (5, 3):
        path = data / "choice" / "fr-test.jsonl"
        path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:count]), "utf-8")
        path_of_recipe = recipe(tasks=["demo_choice_fr"], max_samples=None, output_dir=str(tmp_path / "eval"))
        assert run("evaluate", path_of_recipe)[0] == 0
    details = sorted((tmp_path / "eval" / "details").rglob("*.parquet"), key=lambda path: path.name)
    assert [parquet.read_table(path).num_rows for path in details] == [5, 3]


def test_mistakes_are_one_line(make_model, recipe, run, tmp_path):
    make_model(tmp_path / "model")
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        ([recipe(tasks=["demo_choise_fr"])], "there is no task 'demo_choise_fr' (did you mean 'demo_choice_fr'?)"),
        ([recipe(), "--model", tmp_path / "none"], "no such model folder"),
        ([recipe(), "--model", tmp_path / "empty"], "is not a model folder"),
        ([recipe(max_sample=3)], "unknown key 'max_sample' (did you mean 'max_samples'?)"),
        ([recipe(dtype=None)], "dtype: None is not of type"),
    ):
        code, _, err = run("evaluate", *arguments)
        assert code == 2 and words in err and err.count("\n") == 1, err
    (tmp_path / "model" / "chat_template.jinja").unlink()
    code, _, err = run("evaluate", recipe())
    assert code == 2 and "has no chat template" in err


def test_a_model_on_the_hub_out_of_reach_is_one_line(recipe, run):
    code, _, err = run("evaluate", recipe(), "--model", "nobody/nothing")
    assert code == 2 and "nobody/nothing" in err and err.count("\n") == 1, err

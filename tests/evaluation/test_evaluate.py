"""scripts/evaluate.py on tiny models: nothing stale, nothing asked twice, nothing silent, one line for a mistake."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from luth.tasks import GROUPS, TASKS_TABLE
from tests.evaluation.hub_folders import DATASETS, make_hub

ROOT = Path(__file__).parents[2]
HYBRID = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)


@pytest.fixture
def recipe(tmp_path):
    def write(**changes):
        content = {
            "step": "evaluate",
            "models": [str(tmp_path / "model")],
            "custom_tasks": [str(ROOT / "recipes/demo/tasks.py")],
            "tasks": ["demo_choice_fr", "demo_short_en", "demo_conversations_fr"],
            "output_dir": str(tmp_path / "eval"),
            "dtype": "float32",
            "batch_size": 8,
            "batch_tokens": 1024,
            "max_samples": 6,
            **changes,
        }
        path = tmp_path / f"eval-{len(list(tmp_path.glob('eval-*.yaml')))}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


@pytest.fixture
def hybrid(make_model, tmp_path):
    """A tiny model whose template has the switch."""
    folder = make_model(tmp_path / "model")
    (folder / "chat_template.jinja").write_text(HYBRID, "utf-8")
    return folder


def results(folder):
    files = sorted((folder / "results").rglob("results_*.json"), key=lambda path: path.name)
    return [json.loads(path.read_text())["results"] for path in files]


def rows(folder):
    return json.loads((folder / "scores.json").read_text("utf-8"))


def test_new_weights_at_the_same_path_are_evaluated_anew(make_model, recipe, run, tmp_path):
    model = make_model(tmp_path / "model")
    before = sorted(path.name for path in model.rglob("*"))
    assert run("evaluate", recipe())[0] == 0
    # Tables show the path as given; the files have a name that leads to no place outside their folder.
    assert {row["model"] for row in rows(tmp_path / "eval")} == {str(model)}
    assert (tmp_path / f"eval/results/{model}/run.json").is_file()
    (first,) = results(tmp_path / "eval")
    assert {task: next(iter(scores)) for task, scores in first.items() if task != "all"} == {
        "demo_choice_fr|0": "acc_norm",
        "demo_short_en|0": "answer_found",
        "demo_conversations_fr|0": "log_likelihood",
    }

    code, out, _ = run("evaluate", recipe(batch_size=3))
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


def test_items_and_task_files_edited_since_are_evaluated_anew(make_model, recipe, run, tmp_path):
    make_model(tmp_path / "model")
    own = tmp_path / "tasks.py"
    own.write_text((ROOT / "recipes/demo/tasks.py").read_text("utf-8"), "utf-8")
    shutil.copytree(ROOT / "recipes/demo/data", tmp_path / "data")

    def evaluated_again():
        one = recipe(tasks=["demo_choice_fr"], custom_tasks=[str(own)], max_samples=None)
        code, out, err = run("evaluate", one)
        assert code == 0, err
        return "already evaluated" not in out

    for count in (5, 3):
        path = tmp_path / "data" / "choice" / "fr-test.jsonl"
        path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:count]), "utf-8")
        assert evaluated_again() and not evaluated_again()
    details = sorted((tmp_path / "eval" / "details").rglob("*.parquet"), key=lambda path: path.name)
    assert [parquet.read_table(path).num_rows for path in details] == [5, 3]
    own.write_text(own.read_text("utf-8").replace("version=1", "version=2"), "utf-8")
    assert evaluated_again()


def test_both_published_tables_in_one_command(make_model, run, tmp_path, monkeypatch):
    make_model(tmp_path / "model", "qwen3")
    monkeypatch.chdir(make_hub(tmp_path))
    output = tmp_path / "eval"
    options = ["--model", "model", "--limit", "2", "--output_dir", output]
    code, out, err = run("evaluate", ROOT / "recipes/eval/luth-all.yaml", *options)
    assert code == 0, err
    found = [row for row in rows(output) if row["main"]]
    assert [row["task"] for row in found] == GROUPS["luth_fr"] + GROUPS["luth_en"]
    assert all(row["estimate"]["items"] == 2 for row in found)
    generated = {row["task"]: row["truncated"] for row in found if row["truncated"] is not None}
    assert set(generated) == {task for task in GROUPS["luth_all"] if not task.startswith(("mmlu", "arc"))}
    assert out.count("| ./model |") == 12 and "unclosed" in out
    assert {repo for repo, _, _ in DATASETS} == {
        task.hf_repo for task in TASKS_TABLE if task.name in GROUPS["luth_all"]
    }
    assert "| ./model | ifeval_fr |" in (output / "scores.md").read_text("utf-8")
    # Another task is added: what was answered is not asked again.
    more = run("evaluate", ROOT / "recipes/eval/luth-fr.yaml", *options)
    assert more[0] == 0 and "Answers:" not in more[2] and "Log-likelihoods:" not in more[2]


def test_both_modes_are_two_rows_and_log_likelihoods_never_think(hybrid, recipe, run, tmp_path):
    thinking = {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 12}
    code, _, err = run("evaluate", recipe(thinking="both", thinking_generation_parameters=thinking, num_runs=2))
    assert code == 0, err
    found = {(row["model"].split("/")[-1], row["task"]): row for row in rows(tmp_path / "eval") if row["main"]}
    assert set(found) == {
        ("model@no-thinking", "demo_choice_fr"),
        ("model@no-thinking", "demo_short_en"),
        ("model@no-thinking", "demo_conversations_fr"),
        ("model@thinking", "demo_short_en"),
    }
    thought = found["model@thinking", "demo_short_en"]
    assert thought["runs"] == 2 and thought["run_spread"] is not None
    # A random model closes no thought: an answer that fills its room without a tag is one without end.
    assert thought["unclosed_thought"] == thought["truncated"] > 0
    assert found["model@no-thinking", "demo_short_en"]["unclosed_thought"] == 0
    texts = []
    for mode in ("no-thinking", "thinking@run-1", "thinking@run-2"):
        (path,) = (tmp_path / "eval" / "details").rglob(f"*@{mode}/*/details_demo_short_en*.parquet")
        table = parquet.read_table(path).to_pylist()
        texts.append([row["model_response"]["output_tokens"] for row in table])
        assert all(row["model_response"]["text"] == [""] for row in table if row["metric"]["unclosed_thought"])
    assert texts[0] != texts[1] != texts[2]

    # True alone: the log-likelihood tasks get a row of their own, marked as not thinking.
    code, _, _ = run("evaluate", recipe(thinking=True, output_dir=str(tmp_path / "true")))
    names = {row["model"].split("@")[1] for row in rows(tmp_path / "true") if row["task"] != "demo_short_en"}
    assert code == 0 and names == {"no-thinking"}


def prompts_of(tokenizer, folder):
    """Return the prompts in an evaluation's details."""
    tables = [parquet.read_table(path).to_pylist() for path in sorted((folder / "details").rglob("*.parquet"))]
    return [tokenizer.decode(row["model_response"]["input_tokens"]) for rows in tables for row in rows]


def test_the_switch_reaches_the_prompt(hybrid, recipe, run, tokenizer, tmp_path):
    for thinking in (True, False, None):
        folder = tmp_path / str(thinking)
        assert run("evaluate", recipe(thinking=thinking, tasks=["demo_short_en"], output_dir=str(folder)))[0] == 0
        ends = [text.endswith("</think>\n\n") for text in prompts_of(tokenizer, folder)]
        assert ends == [thinking is False] * 6


def test_the_published_luth_models_are_evaluated_as_not_thinking(make_model, run, tokenizer, tmp_path, monkeypatch):
    """Their template, by its size, is Qwen3's without the switch, ending in a closed thought."""
    model = make_model(tmp_path / "kurakurai/Luth-0.6B-Instruct", "qwen3")
    switch = "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    template = HYBRID.replace(switch, "<think>\n\n</think>\n\n")
    (model / "chat_template.jinja").write_text(template, "utf-8")
    monkeypatch.chdir(make_hub(tmp_path))
    output = tmp_path / "eval"
    options = ["--model", "kurakurai/Luth-0.6B-Instruct", "--limit", "1", "--output_dir", output]
    code, out, err = run("evaluate", ROOT / "recipes/eval/luth-all.yaml", *options)
    assert code == 0, err
    assert {row["model"] for row in rows(output)} == {"./kurakurai/Luth-0.6B-Instruct@no-thinking"}
    assert all(text.rstrip().endswith("</think>") for text in prompts_of(tokenizer, output))
    # Once when the model is asked, once under the table.
    assert out.count("enable_thinking") == 2


DATED = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{{ strftime_now('%d %B %Y') }}\n{% for message in messages %}{{ message.content }}\n{% endfor %}"
)


def test_midnight_and_a_missing_system_role_change_nothing(make_model, recipe, run, tokenizer, tmp_path, monkeypatch):
    from transformers.utils import chat_template_utils

    (make_model(tmp_path / "model") / "chat_template.jinja").write_text(DATED, "utf-8")
    shutil.copytree(tmp_path / "model", tmp_path / "broken")
    (tmp_path / "broken" / "chat_template.jinja").write_text("{{ raise_exception('nothing at all') }}", "utf-8")
    models = [str(tmp_path / "broken"), str(tmp_path / "model")]

    def evaluate(**more):
        return run("evaluate", recipe(models=models, system_prompt="Sois bref.", tasks=["demo_short_en"], **more))

    code, out, err = evaluate()
    assert code == 2 and err.count("error: ") == 1 and "broken" in err and "nothing at all" in err, err
    assert out.count("no system role") == 2 and [row["model"] for row in rows(tmp_path / "eval")] == [models[1]]
    record = json.loads((tmp_path / f"eval/results/{models[1]}/run.json").read_text())
    assert record["recipe"]["date"] == "2025-01-01" and "system role" in record["notes"][0]
    before = prompts_of(tokenizer, tmp_path / "eval")
    assert all(text.startswith("01 January 2025\nSois bref.\n\n") for text in before)

    class Tomorrow:
        """The clock that transformers gives to templates."""

        @staticmethod
        def now():
            return datetime.datetime(2031, 1, 2)

    monkeypatch.setattr(chat_template_utils, "datetime", Tomorrow)
    _, _, err = evaluate(max_samples=5)
    assert "Answers:" not in err, err
    _, _, err = evaluate(date="2025-01-02")
    assert "Answers:" in err, err


def test_greedy_answers_are_one_run_and_that_is_said(make_model, recipe, run, tmp_path):
    make_model(tmp_path / "model")
    code, out, _ = run("evaluate", recipe(num_runs=3, tasks=["demo_short_en"]))
    assert code == 0 and "num_runs is 3, but greedy answers are always the same" in out
    assert [row["runs"] for row in rows(tmp_path / "eval")] == [1]


def test_bad_rows_stop_the_evaluation_or_are_counted_and_left_out(make_model, recipe, run, tmp_path, monkeypatch):
    make_model(tmp_path / "model")
    good = DATASETS["openai/MMMLU", "FR_FR", "test"]
    bad = [{**good[0], "Answer": "E"}, {**good[0], "B": " "}]
    monkeypatch.chdir(make_hub(tmp_path, MMMLU=[*good, *bad]))
    code, _, err = run("evaluate", recipe(tasks=["mmlu_fr"], models=["model"]))
    assert code == 2 and "mmlu_fr: 2 of 7 rows of openai/MMMLU make no item; row 5: " in err, err
    assert not (tmp_path / "eval" / "results").exists()
    code, out, err = run("evaluate", recipe(tasks=["mmlu_fr"], models=["model"], bad_rows="skip", max_samples=None))
    assert code == 0 and "Left out: rows 5, 6." in out, err
    assert rows(tmp_path / "eval")[0]["estimate"]["items"] == 5


def test_a_missing_column_or_split_is_one_line(make_model, recipe, run, tmp_path, monkeypatch):
    make_model(tmp_path / "model")
    without = [
        {key: value for key, value in row.items() if key != "Answer"}
        for row in DATASETS["openai/MMMLU", "FR_FR", "test"]
    ]
    monkeypatch.chdir(make_hub(tmp_path, MMMLU=without))
    code, _, err = run("evaluate", recipe(tasks=["mmlu_fr"], models=["model"], bad_rows="skip"))
    assert code == 2 and "5 of 5 rows" in err and "no column 'Answer'" in err and err.count("error: ") == 1
    card = tmp_path / "openai/MMMLU/README.md"
    card.write_text(card.read_text().replace("split: test", "split: validation"))
    code, _, err = run("evaluate", recipe(tasks=["mmlu_fr"], models=["model"]))
    assert code == 2 and "has no split 'test', but validation" in err and err.count("error: ") == 1


def test_any_key_may_follow_the_recipe(hybrid, recipe, run, tmp_path):
    one = recipe(max_samples=4, generation_parameters={"temperature": 0, "max_new_tokens": 9})
    code, _, err = run(
        "evaluate", one, "--tasks", "demo_short_en", "demo_short_fr", "--thinking", "false", "--limit", "2",
        "--system_prompt", "Sois bref: oui.", "--generation_parameters.max_new_tokens", "3", "--output_dir",
        tmp_path / "other", "--model", hybrid,
    )  # fmt: skip
    assert code == 0, err
    found = {row["task"]: row["estimate"]["items"] for row in rows(tmp_path / "other") if row["main"]}
    assert found == {"demo_short_en": 2, "demo_short_fr": 2} and not (tmp_path / "eval").exists()
    (record,) = (json.loads(path.read_text()) for path in (tmp_path / "other/results").rglob("run.json"))
    settings = record["recipe"]
    assert settings["thinking"] is False and settings["max_samples"] == 2
    assert settings["system_prompt"] == "Sois bref: oui."
    assert settings["generation_parameters"] == {"temperature": 0.0, "max_new_tokens": 3}


def test_mistakes_are_one_line(make_model, recipe, run, tmp_path):
    make_model(tmp_path / "model")
    (tmp_path / "empty").mkdir()
    one, value = "unknown-task", "bad-recipe-value"
    for arguments, kind, *facts in (
        ([recipe(tasks=["demo_choise_fr"])], one, "'demo_choise_fr'", "(did you mean 'demo_choice_fr'?)"),
        ([recipe(tasks=["luth_fre"])], one, "'luth_fre'", "(did you mean 'luth_fr'?)"),
        ([recipe(max_samples={"boolq_fr": 3})], one, "max_samples", "'boolq_fr'"),
        ([recipe(), "--model", tmp_path / "none"], "bad-model", str(tmp_path / "none")),
        ([recipe(), "--model", tmp_path / "empty"], "bad-model", str(tmp_path / "empty")),
        ([recipe(), "--limit", "0"], value, "max_samples: 0: "),
        (
            [recipe(), "--limit", "2", "--max_samples", "3"],
            "bad-argument",
            "--max_samples is given twice, once as --limit",
        ),
        ([recipe(), "--output_dir", ""], value, "output_dir: '': "),
        ([recipe(), "--max_sample", "3"], "bad-argument", "--max_sample (did you mean '--max_samples'?)"),
        ([recipe(), "--write_item", "3"], "bad-argument", "--write_item (did you mean '--write_items'?)"),
        (
            [recipe(), "--generation_parameters.temprature", "1"],
            "bad-argument",
            "'--generation_parameters.temperature'",
        ),
        ([recipe(), "--batch_size", "many"], value, "the command line: batch_size: 'many'"),
        ([recipe(), "--tasks", "mmlu_fe"], one, "(did you mean 'mmlu_fr'?)"),
        (["--tasks", "mmlu_fr", recipe()], "bad-argument", "lacks recipe"),
        ([recipe(max_samples={"demo_choice_fr": 0})], value, "max_samples", "demo_choice_fr", "0"),
        ([recipe(batch_size=0, num_runs=0)], value, "batch_size: 0: ", "num_runs: 0: "),
        ([recipe(max_sample=3)], "bad-recipe-key", "'max_sample' (did you mean 'max_samples'?)"),
        ([recipe(dtype=None)], value, "dtype: None"),
        ([recipe(thinking=True, tasks=["demo_short_en"])], value, "enable_thinking", "null"),
        ([recipe(date="hier")], value, "date: 'hier'"),
        ([recipe(tokenisation="none")], value, "tokenisation: 'none'"),
        ([recipe(generation_parameters={"top_p": 0.9})], value, "generation_parameters", "top_p", "temperature 0"),
        ([recipe(generation_parameters={"temprature": 1})], "bad-recipe-key", "temprature"),
        ([recipe(generation_parameters={"temperature": 1, "top_p": 1.5})], value, "top_p: 1.5: "),
        ([recipe(generation_parameters={"presence_penalty": 1})], value, "presence_penalty", "endpoint"),
        ([recipe(models=[str(tmp_path / "model")] * 2)], value, "models", str(tmp_path / "model")),
        ([recipe(tasks=[])], value, "tasks: "),
        ([recipe(), "--base_url", "localhost:8000"], value, "base_url", "'localhost:8000'"),
        ([recipe(), "--base_url", "http://me:secret@localhost:8000/v1"], value, "api_key_env"),
        ([recipe(reasoning_tags=[["", ""]])], value, "reasoning_tags"),
        ([recipe(custom_tasks="recipes/demo/tasks.py")], value, "custom_tasks"),
        ([recipe(custom_tasks=["none.py"])], "bad-task-file", "none.py"),
        ([recipe(tasks=["demo_choice_fr"]), "--base_url", "http://localhost:9/v1"], "server-failed", "localhost:9"),
        ([recipe(tasks=["boolq_fr"])], None, "boolq_fr: the dataset manu/french_boolq"),
    ):
        code, _, err = run("evaluate", *arguments)
        assert code == 2 and all(fact in err for fact in facts) and err.count("\n") == 1, err
        assert kind is None or f"[{kind}]" in err, err
    (tmp_path / "model" / "chat_template.jinja").unlink()
    code, _, err = run("evaluate", recipe())
    assert code == 2 and "[bad-model]" in err and "chat template" in err, err


def test_a_model_that_fails_leaves_the_others_results(make_model, recipe, run, tmp_path):
    make_model(tmp_path / "model")
    shutil.copytree(tmp_path / "model", tmp_path / "hybrid")
    (tmp_path / "hybrid" / "chat_template.jinja").write_text(HYBRID, "utf-8")
    models = [str(tmp_path / "model"), str(tmp_path / "hybrid")]
    code, _, err = run("evaluate", recipe(models=models, thinking=True, tasks=["demo_short_en"]))
    assert code == 2 and "enable_thinking" in err and err.count("error: ") == 1
    assert {row["model"].split("/")[-1] for row in rows(tmp_path / "eval")} == {"hybrid@thinking"}


def test_a_model_on_the_hub_out_of_reach_is_one_line(recipe, run):
    code, _, err = run("evaluate", recipe(), "--model", "nobody/nothing")
    assert code == 2 and "nobody/nothing" in err and err.count("\n") == 1, err


@pytest.mark.slow
def test_killed_and_run_again_it_asks_for_nothing_twice(make_model, recipe, tmp_path):
    make_model(tmp_path / "model")
    long = {"max_new_tokens": 300}
    one = recipe(tasks=["demo_short_fr"], max_samples=120, batch_size=2, generation_parameters=long)
    command = [sys.executable, "scripts/evaluate.py", str(one)]

    def kept():
        files = (tmp_path / "eval" / "answers").rglob("*.jsonl")
        return [json.loads(line)["key"] for path in files for line in path.read_text("utf-8").splitlines()[:-1]]

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        while first.poll() is None and len(kept()) < 20:
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
    before = set(kept())
    assert 20 <= len(before) < 115 and not results(tmp_path / "eval")
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    everything = []
    for path in (tmp_path / "eval" / "answers").rglob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            everything.append(json.loads(line)["key"])
    assert len(everything) == len(set(everything)) == 120 and before <= set(everything)
    resumed = results(tmp_path / "eval")
    subprocess.run([*command, "--output_dir", str(tmp_path / "whole")], cwd=ROOT, check=True, capture_output=True)
    assert resumed == results(tmp_path / "whole")


def test_processes_that_do_not_know_one_another_are_refused(make_model, recipe, run, tmp_path, monkeypatch):
    make_model(tmp_path / "model")
    monkeypatch.setenv("WORLD_SIZE", "3")
    code, _, err = run("evaluate", recipe())
    assert code == 2 and "3 processes were launched, but each runs alone" in err


@pytest.mark.slow
def test_two_processes_give_what_one_gives(make_model, recipe, tmp_path):
    make_model(tmp_path / "model")
    one = recipe()
    subprocess.run([sys.executable, "scripts/evaluate.py", str(one)], cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--config_file", "accelerate_configs/ddp_cpu.yaml",
         "--main_process_port", "29655", "scripts/evaluate.py", str(one), "--output_dir", str(tmp_path / "two")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "two") == results(tmp_path / "eval")
    files = list((tmp_path / "two" / "answers").rglob("*.jsonl"))
    counts = [len(path.read_text("utf-8").splitlines()) for path in files]
    assert len(files) == 2 and sum(counts) == 18 and min(counts) >= 8


def test_a_dataset_of_two_names_is_taken_where_it_is(make_model, recipe, run, tmp_path, monkeypatch):
    make_model(tmp_path / "model")
    monkeypatch.chdir(make_hub(tmp_path))
    shutil.move(tmp_path / "lighteval" / "mmlu", tmp_path / "cais" / "mmlu")
    code, _, err = run("evaluate", recipe(tasks=["mmlu_en"], models=["model"]))
    assert code == 0, err
    shutil.rmtree(tmp_path / "cais")
    code, _, err = run("evaluate", recipe(tasks=["mmlu_en"], models=["model"]))
    assert code == 2 and "mmlu_en: " in err and "lighteval/mmlu" in err and "Traceback" not in err

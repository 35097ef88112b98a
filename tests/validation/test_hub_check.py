"""scripts/validate.py --hub against a Hub on this machine that has the contracts' content, and its faults."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import datasets
import pyarrow.parquet as parquet
import pytest
import yaml
from huggingface_hub import constants

from tests.fake_hub import TOKEN, FakeHub
from tests.hub.stand_ins import fill

ROOT = Path(__file__).parents[2]
BOOLQ = "manu/french_boolq"


@pytest.fixture
def filled(hub, monkeypatch, tmp_path):
    """The Hub with all that the contracts name, and datasets set to it as well."""
    fill(hub)
    template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub.url)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    return hub


@pytest.fixture
def recipe(tmp_path):
    """Write a recipe that names one dataset, through a task, and one model."""

    def write(model="Qwen/Qwen3-0.6B", **changes):
        content = {"step": "evaluate", "models": [model], "tasks": ["boolq_fr"], "output_dir": "out/x", **changes}
        path = tmp_path / "eval.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def faults(out):
    return [line for line in out.splitlines() if line.startswith(("differs", "unreachable"))]


def test_all_contracts_at_once(filled, run):
    start = time.monotonic()
    code, out, err = run("validate", "recipes", "--hub")
    assert time.monotonic() - start < 60
    found = faults(out)
    assert code == 0 and not found and "Traceback" not in err and TOKEN not in out + err
    assert sum(line.startswith("fine") for line in out.splitlines()) >= 38
    # The Hub's word takes the place of unknown; what is known is not written over.
    assert "tests/hub/models/Qwen--Qwen3-0.6B.yaml: max_length: 32768\n" in out
    assert "tests/hub/datasets/google--IFEval.yaml: configurations: default: columns: prompt: string\n" in out
    assert "french_boolq.yaml: configurations: default: splits" not in out
    paths = {path for _, path in filled.requests}
    assert not any(path.endswith(".safetensors") for path in paths)
    assert any(path.endswith("default/luth_scholar.parquet") for path in paths)


def test_a_task_s_dataset_and_a_model_are_one_line_each(filled, run, recipe):
    code, out, _ = run("validate", recipe(), "--hub")
    assert code == 0
    dataset, model = [line for line in out.splitlines() if line.startswith("fine")]
    assert dataset.split()[:3] == ["fine", "dataset", BOOLQ] and "open" in dataset and "no licence" in dataset
    assert model.split()[:4] == ["fine", "model", "Qwen/Qwen3-0.6B", "c1899de2"] and "a thinking switch" in model


def _closed(hub, monkeypatch):
    hub.details[BOOLQ]["gated"] = "manual"
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 33)


def _renamed_column(hub, monkeypatch):
    files = hub.repositories[BOOLQ]["main"] = dict(hub.repositories[BOOLQ]["main"])
    for path in [path for path in files if path.endswith(".parquet")]:
        table = parquet.read_table(io.BytesIO(files[path])).replace_schema_metadata(None)
        file = io.BytesIO()
        parquet.write_table(table.rename_columns({"question": "query"}), file)
        files[path] = file.getvalue()
    files["README.md"] = files["README.md"].replace(b"name: question", b"name: query")


def _fault(status, **headers):
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda hub, monkeypatch: hub.faults.update({BOOLQ: (status, headers)})


@pytest.mark.parametrize(
    ("break_it", "state", "words"),
    [
        (
            _fault(401, X_Error_Message="Invalid credentials in Authorization header"),
            "unreachable",
            ["401", "HF_TOKEN"],
        ),
        (_closed, "unreachable", ["gate is closed", f"huggingface.co/datasets/{BOOLQ}"]),
        (lambda hub, _: hub.repositories.pop(BOOLQ), "differs", ["not there", "boolq.py: hf_repo"]),
        (_fault(429, Retry_After="0"), "unreachable", ["429"]),
        (_fault(429, Retry_After="3600"), "unreachable", ["429", "in 3600 seconds"]),
        (_fault(503), "unreachable", ["503"]),
        (
            lambda hub, _: (hub.moved.update({BOOLQ: "luc/boolq"}), _move(hub, "luc/boolq")),
            "differs",
            ["moved to luc/boolq", "boolq.py: hf_repo: luc/boolq", "french_boolq.yaml: id: luc/boolq"],
        ),
        (
            _renamed_column,
            "differs",
            [
                "no column 'question', but query, passage, label",
                "boolq.py: ",
                "french_boolq.yaml: ",
                "columns: question",
            ],
        ),
    ],
    ids=["401", "gate", "404", "429", "429-long", "503", "moved", "column"],
)
def test_a_fault_is_one_line(break_it, state, words, filled, run, recipe, monkeypatch):
    break_it(filled, monkeypatch)
    code, out, err = run("validate", recipe(), "--hub")
    assert code == 2 and "Traceback" not in out + err and TOKEN not in out + err
    (line,) = faults(out)
    assert line.split()[:3] == [state, "dataset", BOOLQ]
    assert all(word in line for word in words), line
    assert "\nfine" in out


def _move(hub, name):
    hub.repositories[name] = hub.repositories.pop(BOOLQ)
    hub.details[name] = hub.details.pop(BOOLQ)


def test_a_revision_that_is_gone(filled, run, recipe):
    gone = {"model_name": "Qwen/Qwen3-0.6B", "revision": "f" * 40}
    code, out, _ = run("validate", recipe(gone), "--hub")
    (line,) = faults(out)
    assert code == 2 and f"the revision {'f' * 40} is gone" in line
    # The line to change has the commit that main is at.
    assert f"eval.yaml: models: 1: revision: {filled.details['Qwen/Qwen3-0.6B']['sha']}" in line


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_busy_for_a_moment_is_asked_again(status, filled, run, recipe):
    filled.faults[BOOLQ] = (status, {"Retry-After": "0"}, 2)
    code, out, _ = run("validate", recipe(), "--hub")
    assert code == 0 and faults(out) == []


def test_a_split_that_is_gone_and_other_rows(filled, run, recipe, monkeypatch):
    files = filled.repositories[BOOLQ]["main"] = dict(filled.repositories[BOOLQ]["main"])
    card = files["README.md"]
    files["README.md"] = card.replace(b"num_examples: 178", b"num_examples: 358")
    code, out, _ = run("validate", recipe(), "--hub")
    (line,) = faults(out)
    assert code == 2 and "test has 358 rows" in line and "configurations: default: splits: test: 358" in line
    monkeypatch.setattr(constants, "HF_HUB_CACHE", f"{constants.HF_HUB_CACHE}-2")
    files["README.md"] = card.replace(b"split: valid", b"split: dev").replace(b"name: valid", b"name: dev")
    code, out, _ = run("validate", recipe(), "--hub")
    assert code == 2 and any("has no split valid, but test, dev" in line for line in faults(out))


def test_what_a_recipe_needs_of_a_model(filled, run, recipe):
    code, out, _ = run("validate", recipe("LiquidAI/LFM2-350M", thinking=True), "--hub")
    (line,) = faults(out)
    assert code == 2 and "no enable_thinking switch" in line and "eval.yaml: models: 1: thinking: null" in line
    assert run("validate", recipe("Qwen/Qwen3-0.6B", thinking="both"), "--hub")[0] == 0
    # A prompt that already ends in a closed thought does not think.
    assert run("validate", recipe("kurakurai/Luth-0.6B-Instruct", thinking=False), "--hub")[0] == 0
    code, out, _ = run("validate", recipe(generation_parameters={"max_new_tokens": 40000}), "--hub")
    (line,) = faults(out)
    assert code == 2 and "takes 32768 tokens" in line and "generation_parameters: max_new_tokens: 32768" in line


def test_a_model_that_changed_since_its_contract(filled, run, recipe):
    files = filled.repositories["Qwen/Qwen3-0.6B"]["main"] = dict(filled.repositories["Qwen/Qwen3-0.6B"]["main"])
    files["generation_config.json"] = files["generation_config.json"].replace(b'"top_k": 20', b'"top_k": 50')
    files["chat_template.jinja"] += b"{# new #}"
    code, out, _ = run("validate", recipe(), "--hub")
    assert code == 2 and len(faults(out)) == 2
    assert '"top_k": 50' in out and "template: fingerprint: " in out
    del files["config.json"]
    (line,) = faults(run("validate", recipe(), "--hub")[1])
    assert "it has no config.json" in line


def test_a_served_name_need_not_be_on_the_hub(filled, run, recipe):
    endpoint = {"base_url": "http://127.0.0.1:9/v1"}
    code, out, _ = run("validate", recipe("team/served", endpoint=endpoint), "--hub")
    assert code == 0 and "a server's own name" in out
    code, out, _ = run("validate", recipe("team/served"), "--hub")
    assert code == 2 and "team/served" in faults(out)[0]


def test_the_second_of_a_dataset_s_two_names(filled, run, recipe):
    gone = filled.repositories.pop("cais/mmlu")
    code, out, _ = run("validate", recipe(tasks=["mmlu_en"]), "--hub")
    assert code == 0 and "not needed: lighteval/mmlu is there" in out
    filled.repositories["cais/mmlu"] = gone
    del filled.repositories["lighteval/mmlu"]
    code, out, _ = run("validate", recipe(tasks=["mmlu_en"]), "--hub")
    (line,) = faults(out)
    assert code == 2 and "mmlu.py: hf_repo: cais/mmlu" in line


def test_a_source_of_some_files_of_a_dataset(filled, run, sft_recipe):
    source = {
        "path": "kurakurai/luth-sft",
        "data_files": "default/luth_scholar.parquet",
        "columns": ["messages", "topic"],
    }
    code, out, _ = run("validate", sft_recipe("Qwen/Qwen3-0.6B", [], datasets=[source]), "--hub")
    (line,) = faults(out)
    assert code == 2 and "no column 'topic', but messages" in line and "datasets: 1: columns: topic" in line
    source["data_files"] = "default/nothing.parquet"
    code, out, _ = run("validate", sft_recipe("Qwen/Qwen3-0.6B", [], datasets=[source]), "--hub")
    (line,) = faults(out)
    assert code == 2 and "cannot be read" in line


def test_without_contracts_and_without_a_hub(filled, run, recipe, monkeypatch, tmp_path):
    path = recipe()
    code, _, err = run("validate", path, "--hub", "--contracts", tmp_path / "nowhere")
    assert code == 2 and err.count("\n") == 1 and "no such folder" in err
    code, _, err = run("validate", path, "--contracts", "tests/hub")
    assert code == 2 and "add --hub" in err
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("validate", path, "--hub")
    assert code == 0 and out.count("There are no contracts in tests/hub") == 1 and "no contract" in out
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    code, out, err = run("validate", path, "--hub")
    assert code == 2 and "[hub-unreachable]" in err and err.count("\n") == 1 and faults(out) == []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    code, _, err = run("validate", path, "--hub")
    assert code == 2 and "[hub-offline]" in err


@pytest.mark.slow
def test_hf_endpoint_sets_the_hub(tmp_path):
    with FakeHub() as hub:
        fill(hub)
        own = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
        environment = {**os.environ, **own, "HF_HOME": str(tmp_path)}
        command = [sys.executable, "scripts/validate.py", "recipes", "--hub"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert not faults(done.stdout), done.stderr
    assert " looked up: " in done.stdout and "Traceback" not in done.stderr

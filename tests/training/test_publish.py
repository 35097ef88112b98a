"""Pushing, with the real huggingface_hub, to a Hub on this machine."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

from luth.core.errors import UserError
from luth.training.publish import PushCheckpoints, open_repository, push_finished
from tests.fake_hub import TOKEN

RECORD = {"status": "running", "recipe": {"model_name_or_path": "org/base"}, "packages": {}}


@pytest.fixture
def arguments(tmp_path):
    def make(**keys):
        keys = {"output_dir": str(tmp_path / "luth-tiny"), "use_cpu": True, "report_to": "none", **keys}
        return TrainingArguments(**keys)

    return make


@pytest.fixture
def finished(make_model, tmp_path):
    """A finished model's folder, with all that must stay in it."""
    folder = make_model(tmp_path / "luth-tiny")
    (folder / "README.md").write_text("---\nlibrary_name: transformers\n---\n# Modèle\n", "utf-8")
    (folder / "run.json").write_text(json.dumps({**RECORD, "status": "finished", "steps": 50}), "utf-8")
    (folder / "loss.png").write_bytes(b"\x89PNG")
    (folder / "log_history.jsonl").write_text('{"loss": 1.0, "step": 1}\n', "utf-8")
    kept_back = (
        "training_args.bin",
        "optimizer.pt",
        "rng.pth",
        "trainer_state.json",
        "complete.json",
        ".env.json",
        ".hidden",
    )
    for name in (*kept_back, "checkpoint-2/config.json", "checkpoint-2/optimizer.pt", ".finished/model.safetensors"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"must stay here")
    return folder


PUBLIC = {
    "README.md",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "log_history.jsonl",
    "loss.png",
    "model.safetensors",
    "run.json",
    "tokenizer.json",
    "tokenizer_config.json",
}


def check_arrived(hub, folder, branch="main", also=()):
    files = hub.repositories["anna/luth-tiny"][branch]
    assert set(files) == PUBLIC | {".gitattributes", *also}
    assert all(files[name] == (folder / name).read_bytes() for name in PUBLIC)
    assert not any(b"must stay here" in body or TOKEN.encode() in body for body in hub.bodies)


def test_the_finished_model_arrives_and_nothing_else(hub, arguments, finished):
    repo_id = open_repository(arguments(hub_private_repo=True), RECORD)
    assert repo_id == "anna/luth-tiny" and hub.private == {repo_id: True}
    stale = ("adapter_config.json", "adapter_model.safetensors", "model-00001-of-00002.safetensors")
    theirs = ("onnx/model.onnx", "figure.svg")
    hub.repositories[repo_id]["main"].update(dict.fromkeys((*stale, "model.safetensors.index.json", *theirs), b"old"))
    url = push_finished(finished, repo_id)
    check_arrived(hub, finished, also=theirs)
    assert hub.commits == [(repo_id, "main", "Finished model, step 50")]
    assert url.startswith(f"{hub.url}/{repo_id}/commit/")


def test_a_revision_is_a_branch_of_its_own(hub, arguments, finished):
    keys = {"hub_model_id": "anna/luth-tiny", "hub_revision": "essai/1"}
    for _ in range(2):
        repo_id = open_repository(arguments(**keys), RECORD)
    push_finished(finished, repo_id, "essai/1")
    check_arrived(hub, finished, "essai/1")
    assert set(hub.repositories[repo_id]["main"]) == {".gitattributes"}


def test_mistakes_are_one_line_before_training(hub, arguments, monkeypatch):
    hub.repositories["other/public"] = {"main": {}}
    for keys, words in (
        ({"hub_model_id": "other/new"}, "refuses (403: You don't have the rights"),
        ({"hub_model_id": "other/public"}, "refuses (403: You have no write access): set HF_TOKEN"),
        ({"hub_model_id": "anna/a/b"}, "hub_model_id anna/a/b: Repo id must be"),
        ({"hub_model_id": "anna/été !"}, "hub_model_id anna/été !: Repo id must use"),
        ({"hub_revision": "refs/pr/1"}, "answers 400: Invalid reference"),
        ({"hub_strategy": "checkpoint"}, "which is a pickle: choose end or every_save"),
        ({"hub_strategy": "all_checkpoints"}, "which is a pickle: choose end or every_save"),
    ):
        with pytest.raises(UserError) as error:
            open_repository(arguments(**keys), RECORD)
        assert words in str(error.value) and "\n" not in str(error.value)
    before = len(hub.requests)
    with pytest.raises(UserError, match="HF_TOKEN") as error:
        open_repository(arguments(), {"recipe": {"run_name": TOKEN}})
    assert error.value.code == "hub-refused"
    assert len(hub.requests) == before

    monkeypatch.setenv("HF_TOKEN", "hf_wrongwrongwrong")
    for _ in range(2):
        with pytest.raises(UserError, match=r"^hub_model_id luth-tiny: .*401.*HF_TOKEN") as error:
            open_repository(arguments(), RECORD)
        assert error.value.code == "hub-refused"
        monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE") as error:
        open_repository(arguments(), RECORD)
    assert error.value.code == "hub-offline"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"^hub_model_id luth-tiny: ") as error:
        open_repository(arguments(), RECORD)
    assert error.value.code == "hub-unreachable"


def test_a_push_that_fails_says_the_command_that_does_it(hub, arguments, finished):
    repo_id = open_repository(arguments(hub_revision="essai"), RECORD)
    hub.answers["commit"] = 500
    with pytest.raises(UserError) as error:
        push_finished(finished, repo_id, "essai")
    message = str(error.value)
    assert "was not pushed: the Hub answers 500" in message and f"The model is safe in {finished}" in message
    assert "\n" not in message and set(hub.repositories[repo_id]["essai"]) == {".gitattributes"}

    hub.answers.clear()
    hub.repositories[repo_id]["essai"]["adapter_config.json"] = b"{}"
    command = shlex.split(message.split("to push it: ")[1])
    assert command[0] == "hf"
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    command[0] = str(Path(sys.executable).with_name("hf"))
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    check_arrived(hub, finished, "essai")


class EachSave(TrainerCallback):
    """Call a function after every save, with the step."""

    def __init__(self, function):
        self.function = function

    def on_save(self, args, state, control, **kwargs):
        self.function(state.global_step)


def train(make_model, arguments, tmp_path, each_save, lora=False, **keys):
    """Train a tiny model with the Trainer, saving at each of four steps and keeping the last checkpoint only."""
    model = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "base"))
    if lora:
        model = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"]))
    args = arguments(
        max_steps=4,
        save_steps=1,
        save_total_limit=1,
        logging_steps=1,
        per_device_train_batch_size=1,
        disable_tqdm=True,
        hub_strategy="every_save",
        **keys,
    )
    record = {**RECORD, "recipe": {**RECORD["recipe"], "use_peft": lora}}
    output = Path(args.output_dir)
    output.mkdir(exist_ok=True)
    (output / "run.json").write_text(json.dumps(record), "utf-8")
    callback = PushCheckpoints(record, open_repository(args, record))
    rows = [{"input_ids": torch.tensor([5, 6, 7]), "labels": torch.tensor([5, 6, 7])} for _ in range(4)]
    seen = EachSave(lambda step: each_save(step, callback, output))
    trainer = Trainer(model, args, train_dataset=rows, callbacks=[callback, seen])
    trainer.train()
    return output, trainer.state.global_step


def wait(step, callback, output):
    callback.push.exception(timeout=60)


def test_a_checkpoint_still_on_its_way_is_neither_overtaken_nor_torn(hub, make_model, arguments, tmp_path):
    hub.open.clear()
    weights = []

    def at_each_save(step, callback, output):
        if step == 1:
            weights.append((output / "checkpoint-1" / "model.safetensors").read_bytes())
        if step == 4:
            assert [path.name for path in output.glob("checkpoint-*")] == ["checkpoint-4"]
            hub.open.set()

    output, _ = train(make_model, arguments, tmp_path, at_each_save, hub_revision="essai")
    assert hub.commits == [("anna/luth-tiny", "essai", "Checkpoint, step 1")]
    files = hub.repositories["anna/luth-tiny"]["essai"]
    expected = {"README.md", "config.json", "generation_config.json", "loss.png", "model.safetensors", "run.json"}
    assert set(files) == {".gitattributes", *expected}
    assert files["model.safetensors"] == weights[0]
    assert "A checkpoint at step 1" in files["README.md"].decode()
    assert not (output / ".pushed").exists()


def test_every_save_pushes_and_the_merged_model_replaces_the_adapter(hub, make_model, arguments, tmp_path):
    output, _ = train(make_model, arguments, tmp_path, wait, lora=True)
    assert [summary for _, _, summary in hub.commits] == [f"Checkpoint, step {step}" for step in (1, 2, 3, 4)]
    files = hub.repositories["anna/luth-tiny"]["main"]
    expected = {"README.md", "adapter_config.json", "adapter_model.safetensors", "loss.png", "run.json"}
    assert set(files) == {".gitattributes", *expected}
    assert files["adapter_model.safetensors"] == (output / "checkpoint-4" / "adapter_model.safetensors").read_bytes()
    assert "A checkpoint at step 4" in files["README.md"].decode() and "adapter alone" in files["README.md"].decode()
    assert "A checkpoint at step" not in (output / "checkpoint-4" / "README.md").read_text("utf-8")

    make_model(output)
    push_finished(output, "anna/luth-tiny")
    assert "model.safetensors" in files and not any("adapter" in name for name in files)
    assert not any(b"optimizer" in body or b'.pt"' in body or b'.bin"' in body for body in hub.bodies)


def test_a_failed_push_does_not_stop_training(hub, make_model, arguments, tmp_path, capfd):
    hub.answers["commit"] = 403
    _, step = train(make_model, arguments, tmp_path, wait)
    lines = [line for line in capfd.readouterr().out.splitlines() if "not pushed" in line]
    assert step == 4 and len(lines) == 4 and not hub.commits
    assert lines[0].startswith("The checkpoint at step 1 was not pushed, training goes on: the Hub refuses (403: ")

"""Checkpoints are whole or not used, and the only whole one is never deleted."""

import json
import os

import pytest
import torch
from safetensors.torch import save_file
from transformers import TrainerControl, TrainerState, TrainingArguments

from luth.core.errors import UserError
from luth.training.resuming import COMPLETE, SealCheckpoints, last_checkpoint, move_in, seal

MADE_BY = {"recipe": "abc", "strategy": "DDP", "processes": 2}


def checkpoint(folder, step, weight=1.0, sealed=True):
    path = folder / f"checkpoint-{step}"
    (path / "global_step").mkdir(parents=True)
    save_file({"w": torch.tensor([weight])}, path / "model.safetensors")
    (path / "global_step" / "optimizer.pt").write_bytes(b"0123456789")
    if sealed:
        seal(path, MADE_BY)
    return path


def numbers(folder):
    return sorted(int(path.name.split("-")[1]) for path in folder.glob("checkpoint-*"))


def test_the_newest_whole_one_is_found(tmp_path):
    assert last_checkpoint(tmp_path / "none", MADE_BY) is None
    for step in (2, 10, 9):
        checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-best").mkdir()
    assert last_checkpoint(tmp_path, MADE_BY) == tmp_path / "checkpoint-10"


@pytest.mark.parametrize(
    "tear",
    [
        lambda path: (path / COMPLETE).unlink(),
        lambda path: (path / COMPLETE).write_text('{"files": {'),
        lambda path: (path / COMPLETE).write_text("{}"),
        lambda path: (path / COMPLETE).write_bytes(b"\0\xff" * 40),
        lambda path: (path / "model.safetensors").unlink(),
        lambda path: (path / "global_step" / "optimizer.pt").write_bytes(b"01234"),
        lambda path: (path / "global_step" / "optimizer.pt").write_bytes(b""),
    ],
)
def test_a_torn_one_is_said_and_the_one_before_it_used(tear, tmp_path, capsys):
    tear(checkpoint(tmp_path, 8))
    assert last_checkpoint(tmp_path, MADE_BY) is None
    assert "checkpoint-8 is not whole" in capsys.readouterr().out
    checkpoint(tmp_path, 4)
    assert last_checkpoint(tmp_path, MADE_BY) == tmp_path / "checkpoint-4"
    tear(checkpoint(tmp_path, 12))
    assert last_checkpoint(tmp_path, MADE_BY) == tmp_path / "checkpoint-4"
    assert capsys.readouterr().out.count("is not whole") == 3


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"recipe": "xyz"}, "recipe abc; now recipe xyz"),
        ({"processes": 4}, "processes 2; now processes 4"),
        ({"strategy": "ZeRO-2"}, "strategy DDP; now strategy ZeRO-2"),
    ],
)
def test_one_of_another_run_or_launch_is_refused(now, said, tmp_path):
    checkpoint(tmp_path, 4)
    with pytest.raises(UserError, match=said) as error:
        last_checkpoint(tmp_path, {**MADE_BY, **now})
    assert error.value.code == "bad-checkpoint"
    assert "checkpoint-4" in str(error.value) and "\n" not in str(error.value)


def save(folder, step, limit, best=None, first=True):
    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none")
    state = TrainerState(global_step=step, is_world_process_zero=first, best_model_checkpoint=best)
    SealCheckpoints(limit, MADE_BY).on_save(arguments, state, TrainerControl())


def test_older_ones_go_only_when_the_new_one_is_sealed(tmp_path):
    for step in (2, 4, 6):
        checkpoint(tmp_path, step)
    checkpoint(tmp_path, 7, sealed=False)
    checkpoint(tmp_path, 8, sealed=False)
    save(tmp_path, 8, limit=2, best=str(tmp_path / "checkpoint-2"))
    assert numbers(tmp_path) == [2, 6, 8]
    sizes = json.loads((tmp_path / "checkpoint-8" / COMPLETE).read_text())["files"]
    assert sizes["global_step/optimizer.pt"] == 10 and "model.safetensors" in sizes
    save(tmp_path, 8, limit=None)
    assert numbers(tmp_path) == [2, 6, 8]


def test_the_limit_counts_whole_ones_only(tmp_path):
    for step, sealed in ((2, True), (4, True), (6, False), (8, False), (10, False)):
        checkpoint(tmp_path, step, sealed=sealed)
    save(tmp_path, 10, limit=2)
    assert numbers(tmp_path) == [4, 10]
    checkpoint(tmp_path, 12, sealed=False)
    save(tmp_path, 12, limit=1, best=str(tmp_path / "checkpoint-12"))
    assert numbers(tmp_path) == [12]


def test_a_kill_while_the_old_ones_are_deleted_leaves_the_new_one_whole(tmp_path, monkeypatch):
    checkpoint(tmp_path, 4)
    checkpoint(tmp_path, 8, sealed=False)

    def killed(path, **_):
        raise KeyboardInterrupt(path.name)

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt, match="checkpoint-4"):
        save(tmp_path, 8, limit=1)
    assert last_checkpoint(tmp_path, MADE_BY) == tmp_path / "checkpoint-8"


def test_only_the_first_process_seals_and_deletes(tmp_path):
    checkpoint(tmp_path, 4)
    checkpoint(tmp_path, 8, sealed=False)
    save(tmp_path, 8, limit=1, first=False)
    assert numbers(tmp_path) == [4, 8] and not (tmp_path / "checkpoint-8" / COMPLETE).exists()


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["model", "model-00002-of-00002", "adapter_model"])
def test_a_diverged_one_never_replaces_the_only_good_one(name, weight, tmp_path):
    checkpoint(tmp_path, 4)
    newest = checkpoint(tmp_path, 8, sealed=False)
    tensors = {"good": torch.ones(2), "w": torch.tensor([1.0, weight]).bfloat16(), "steps": torch.tensor([3])}
    save_file(tensors, newest / f"{name}.safetensors")
    with pytest.raises(UserError, match=r"^w in .*checkpoint-8 ") as error:
        save(tmp_path, 8, limit=1)
    assert error.value.code == "diverged"
    assert numbers(tmp_path) == [4, 8] and last_checkpoint(tmp_path, MADE_BY).name == "checkpoint-4"


def test_the_weights_of_a_finished_model_are_put_in_place_last(tmp_path, monkeypatch):
    beside = tmp_path / ".finished"
    beside.mkdir()
    names = ["config.json", "model.safetensors", "tokenizer.json", "a.safetensors", "zz.json"]
    for name in names:
        (beside / name).write_text(name)
    (tmp_path / "config.json").write_text("old")
    moved = []
    replace = os.replace
    monkeypatch.setattr("os.replace", lambda old, new: moved.append(new.name) or replace(old, new))
    move_in(beside, tmp_path)
    assert {*moved[-2:]} == {"a.safetensors", "model.safetensors"} and sorted(moved) == sorted(names)
    assert all((tmp_path / name).read_text() == name for name in names) and not beside.exists()

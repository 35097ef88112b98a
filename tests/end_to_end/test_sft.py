"""Fine-tuning through its command line: killed and resumed, launched, and stopped by mistakes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
ACCELERATE = str(Path(sys.executable).with_name("accelerate"))


def conversation(n):
    return {
        "messages": [
            {"role": "user", "content": f"Question {n} : que dit la ligne ? " + "mot " * (n % 7)},
            {"role": "assistant", "content": f"Elle dit {n * n}. " + "oui " * (n % 5)},
        ]
    }


@pytest.fixture
def rows(write_rows):
    return write_rows([conversation(n) for n in range(40)])


def start(recipe, *arguments, launcher=(sys.executable,)):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    command = [*launcher, "scripts/sft.py", str(recipe), *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def weights(folder):
    return load_file(Path(folder) / "model.safetensors")


def test_a_killed_run_goes_on_and_ends_with_the_same_weights(make_model, rows, sft_recipe, tmp_path):
    model = make_model(tmp_path / "model")
    settings = {"max_steps": 60, "save_strategy": "steps", "save_steps": 4, "save_total_limit": 2}
    recipe = sft_recipe(model, [rows], **settings)
    code, out, err = finish(start(recipe, "--output_dir", tmp_path / "whole"))
    assert code == 0, err

    folder = tmp_path / "killed"
    process = start(recipe, "--output_dir", folder)
    while not (folder / "checkpoint-8" / "trainer_state.json").exists():
        assert process.poll() is None, finish(process)
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    finish(process)
    assert not (folder / "model.safetensors").exists()
    assert json.loads((folder / "run.json").read_text())["status"] == "running"

    code, out, err = finish(start(recipe, "--output_dir", folder))
    assert code == 0 and "checkpoint-" in out, (out, err)
    whole, resumed = weights(tmp_path / "whole"), weights(folder)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    history = [json.loads(line) for line in (folder / "log_history.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in history if "loss" in entry] == list(range(1, 61))
    assert (folder / "loss.png").stat().st_size > 5000
    assert (folder / "chat_template.jinja").read_text() == (model / "chat_template.jinja").read_text()
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "finished" and record["rows"]["rows"] == 40 and record["steps"] == 60


def test_two_processes_give_the_losses_of_one(make_model, rows, sft_recipe, tmp_path):
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows])
    assert finish(start(recipe, "--output_dir", tmp_path / "one"))[0] == 0
    launcher = (ACCELERATE, "launch", "--config_file", "accelerate_configs/ddp_cpu.yaml")
    code, out, err = finish(start(recipe, "--output_dir", tmp_path / "two", launcher=launcher))
    assert code == 0 and "on 2 process(es)" in out, err
    logs = [(tmp_path / name / "log_history.jsonl").read_text().splitlines() for name in ("one", "two")]
    losses = [[entry["loss"] for entry in map(json.loads, log) if "loss" in entry] for log in logs]
    assert len(losses[0]) == 3
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-3, atol=1e-4)


def test_under_accelerate_launch_our_line_comes_first():
    launcher = (ACCELERATE, "launch", "--config_file", "accelerate_configs/cpu.yaml")
    code, _, err = finish(start("none.yaml", launcher=launcher))
    assert code == 1 and 0 <= err.find("error: none.yaml: no such recipe") < err.find("Traceback")


def test_mistakes_stop_before_anything_is_written(make_model, rows, sft_recipe, run, tmp_path):
    model = make_model(tmp_path / "model")
    before = (model / "model.safetensors").read_bytes()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine")
    for arguments, words in (
        ([sft_recipe(model, [tmp_path / "none.jsonl"])], "none.jsonl: no such dataset file"),
        ([sft_recipe(tmp_path / "nowhere", [rows])], "no such model folder"),
        ([sft_recipe(tmp_path / "theirs", [rows])], "is not a model folder"),
        ([sft_recipe(model, [rows], chat_template_path="nowhere.jinja")], "nowhere.jinja: no such file"),
        ([sft_recipe(model, [rows], max_length=4)], "longer than max_length 4"),
        ([sft_recipe(model, [rows], output_dir=str(tmp_path / "theirs"))], "choose another output_dir"),
        ([sft_recipe(model, [rows], global_batch_size=64, per_device_train_batch_size=64)], "fewer than one batch"),
        ([sft_recipe("Qwen/Qwen3-0.6B", [rows])], "Qwen/Qwen3-0.6B"),
        ([sft_recipe(model, [rows], datasets=[{"path": "no/data", "split": "train"}])], "no/data"),
    ):
        code, _, err = run("sft", *arguments)
        lines = [line for line in err.splitlines() if line.startswith("error: ")]
        assert code == 2 and len(lines) == 1 and words in lines[0] and "Traceback" not in err, err
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "theirs" / "notes.txt").read_text() == "mine"
    assert (model / "model.safetensors").read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_one_line(make_model, rows, sft_recipe, run, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this machine does not let a test mount a disk")
    try:
        code, _, err = run("sft", sft_recipe(make_model(tmp_path / "model"), [rows], output_dir=str(disk / "out")))
        assert code == 2 and "error: the disk is full" in err and "Traceback" not in err, err
        assert not (disk / "out" / "model.safetensors").exists()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_real_recipe_trains_a_tiny_qwen3_packed_and_in_bf16(make_model, run, tmp_path):
    recipe = yaml.safe_load((ROOT / "recipes/luth-0.6b.yaml").read_text("utf-8"))
    hub = tmp_path / "luth-sft"
    for number, source in enumerate(recipe["datasets"]):
        path = hub / "data" / f"{source['split']}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(conversation(10 * number + n)) + "\n" for n in range(8)), "utf-8")
        source["path"] = str(hub)
    splits = [{"split": source["split"], "path": f"data/{source['split']}.jsonl"} for source in recipe["datasets"]]
    card = yaml.safe_dump({"configs": [{"config_name": "default", "data_files": splits}]})
    (hub / "README.md").write_text(f"---\n{card}---\n", "utf-8")
    recipe["model_name_or_path"] = str(make_model(tmp_path / "model", "qwen3"))
    path = tmp_path / "luth.yaml"
    path.write_text(yaml.safe_dump(recipe), "utf-8")
    small = ["--use_cpu", "true", "--max_length", "256", "--global_batch_size", "4", "--max_steps", "2"]
    code, out, err = run("sft", path, "--output_dir", tmp_path / "out", *small, "--dataset_num_proc", "1")
    assert code == 0 and "56 conversations" in out, err
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["precision"] == "bf16" and record["recipe"]["packing"] is True and record["steps"] == 2
    assert len([source for source in record["inputs"] if "split luth_" in source]) == 7

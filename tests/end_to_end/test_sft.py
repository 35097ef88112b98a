"""Fine-tuning through its command line: killed and resumed, launched, and stopped by mistakes."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from luth.core.locks import alone_in
from luth.training.chat_templates import TRL_TEMPLATES
from tests.fake_hub import TOKEN, FakeHub
from tests.hub.stand_ins import write_dataset

ROOT = Path(__file__).parents[2]
ACCELERATE = str(Path(sys.executable).with_name("accelerate"))
pytestmark = pytest.mark.usefixtures("python")


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


def start(recipe, *arguments, launcher=(), **variables):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **variables}
    command = [environment["PYTHON_EXEC"], *launcher, "scripts/sft.py", str(recipe), *map(str, arguments)]
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
    # Without a terminal: a line now and then, and none of a log.
    assert "of 60: loss" in out and "tokens/s" not in err and "{'loss'" not in out + err
    assert record["tokens_per_second"] > 100 and 0.1 < record["peak_memory_gib"] < 8
    assert f"{record['tokens_per_second']:,.0f} tokens a second" in (folder / "README.md").read_text("utf-8")


def test_memory_that_runs_out_in_training_is_one_line_that_says_what_to_lower(
    make_model, rows, sft_recipe, run, tmp_path, monkeypatch
):
    from luth.training.trainer import MaskedSFTTrainer

    monkeypatch.setattr(MaskedSFTTrainer, "compute_loss", lambda *_, **__: torch.empty(2**50))
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows], gradient_checkpointing=False)
    code, _, err = run("sft", recipe)
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert code == 2 and line.startswith("error: the machine's memory is full (") and line.endswith("[out-of-memory]")
    assert all(word in line for word in ("max_length", "gradient_checkpointing: true", "zero3"))


def test_stopped_by_ctrl_c_a_run_goes_on_with_other_settings_and_for_longer(
    make_model, rows, sft_recipe, run, tmp_path
):
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows], max_steps=150, output_dir=str(tmp_path / "whole"))
    code, _, err = run("sft", recipe)
    assert code == 0, err
    folder = tmp_path / "stopped"
    process = start(recipe, "--output_dir", folder)
    while not (folder / "log_history.jsonl").exists() or not (folder / "log_history.jsonl").read_text():
        assert process.poll() is None, finish(process)
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    [checkpoint] = folder.glob("checkpoint-*")
    assert code == 130 and f"stopped: {checkpoint} is whole, and the same command goes on" in err, (out, err)
    assert "Ctrl-C once more" in out and "Traceback" not in err and not (folder / "model.safetensors").exists()

    words = ("--per_device_train_batch_size", "1", "--logging-steps", "10", "--save_strategy", "steps")
    code, out, err = run("sft", recipe, "--output_dir", folder, *words)
    assert code == 0 and "goes on with logging_steps: 10" in out, (out, err)
    whole, resumed = weights(tmp_path / "whole"), weights(folder)
    assert all(torch.allclose(whole[name], resumed[name], atol=1e-5) for name in whole)
    record = json.loads((folder / "run.json").read_text())
    assert record["changes"][0]["before"]["per_device_train_batch_size"] == 2 and record["status"] == "finished"
    assert record["recipe"]["per_device_train_batch_size"] == 1
    steps = [entry["step"] for entry in map(json.loads, (folder / "log_history.jsonl").open()) if "loss" in entry]
    assert steps[-3:] == [130, 140, 150]

    code, out, err = run("sft", recipe, "--output_dir", folder, "--report_to", "none", "--logging_steps", "3")
    assert code == 0 and "nothing to do" in out, err
    code, out, err = run("sft", recipe, "--output_dir", folder, "--max_steps", "140", *words)
    assert code == 2 and "is at step 150" in err and "[bad-checkpoint]" in err, err
    assert json.loads((folder / "run.json").read_text())["status"] == "finished"
    code, out, err = run("sft", recipe, "--output_dir", folder, "--max_steps", "156", *words)
    assert code == 0 and "schedule ends at step 156 now (before: 150)" in out, (out, err)
    record = json.loads((folder / "run.json").read_text())
    assert (record["status"], record["steps"], record["changes"][-1]["before"]["max_steps"]) == ("finished", 156, 150)
    code, _, err = run("sft", recipe, "--output_dir", folder, "--learning_rate", "0.1", "--max_steps", "160")
    assert code == 2 and "different: learning_rate" in err, err
    code, _, err = run("sft", recipe, "--output_dir", tmp_path / "whole", "--max_steps", "160")
    assert code == 2 and "no checkpoint" in err and "[output-unusable]" in err, err


def test_a_run_stopped_while_it_saved_its_model_trains_no_step_more(make_model, rows, sft_recipe, run, tmp_path):
    # The last step is inside an epoch.
    changes = {"max_steps": 2, "save_strategy": "steps", "save_steps": 1}
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows], **changes)
    assert run("sft", recipe)[0] == 0
    out = tmp_path / "out"
    weights, record = load_file(out / "model.safetensors"), json.loads((out / "run.json").read_text("utf-8"))
    (out / "model.safetensors").unlink()
    (out / "run.json").write_text(json.dumps({**record, "status": "running"}), "utf-8")
    code, said, err = run("sft", recipe)
    assert code == 0 and "from " in said and "Step 3" not in said, err
    again = load_file(out / "model.safetensors")
    assert all((again[name] == tensor).all() for name, tensor in weights.items())
    assert json.loads((out / "run.json").read_text("utf-8"))["steps"] == 2


def test_a_folder_in_which_another_run_works_is_left_alone(make_model, rows, sft_recipe, run, tmp_path, monkeypatch):
    monkeypatch.setattr("luth.core.locks.PATIENCE", 0.3)
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows], max_steps=2)
    with alone_in(tmp_path / "out"):
        code, _, err = run("sft", recipe)
        assert not list((tmp_path / "out").iterdir())
    assert code == 2 and "another run works in it" in err and "[folder-busy]" in err, err
    code, _, err = run("sft", recipe)
    assert code == 0, err


def test_under_accelerate_launch_our_line_comes_first():
    launcher = (ACCELERATE, "launch", "--config_file", "accelerate_configs/cpu.yaml")
    code, _, err = finish(start("none.yaml", launcher=launcher))
    assert code == 1 and 0 <= err.find("error: none.yaml: no such recipe") < err.find("Traceback")


def test_mistakes_stop_before_anything_is_written(make_model, rows, write_rows, sft_recipe, run, tmp_path):
    model = make_model(tmp_path / "model")
    damaged = make_model(tmp_path / "damaged")
    os.truncate(damaged / "model.safetensors", 4000)
    long = {"role": "assistant", "content": "Un mot de plus. " * 200}
    long = write_rows([{"messages": [{"role": "user", "content": "Parle."}, long]}] * 8, "long.jsonl")
    before = (model / "model.safetensors").read_bytes()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine")
    for arguments, words in (
        ([sft_recipe(model, [tmp_path / "none.jsonl"])], "none.jsonl: no such file"),
        ([sft_recipe(tmp_path / "nowhere", [rows])], "no such model folder"),
        ([sft_recipe(tmp_path / "theirs", [rows])], "is not a model folder"),
        ([sft_recipe(damaged, [rows])], f"{damaged}: a safetensors file is damaged"),
        ([sft_recipe(model, [rows], chat_template_path="nowhere.jinja")], "nowhere.jinja: no such file"),
        ([sft_recipe(model, [rows], max_length=4)], "longer than max_length 4"),
        ([sft_recipe(model, [long], max_length=4096)], "takes 1024 tokens, and a row has"),
        ([sft_recipe(model, [rows], output_dir=str(tmp_path / "theirs"))], "choose another output_dir"),
        (
            [sft_recipe(model, [rows], global_batch_size=64, per_device_train_batch_size=64)],
            "do not fill one global batch of 64",
        ),
        ([sft_recipe("Qwen/Qwen3-0.6B", [rows])], "Qwen/Qwen3-0.6B"),
        ([sft_recipe(model, [rows], datasets=[{"path": "no/data", "split": "train"}])], "no/data"),
        (
            [sft_recipe(model, [rows], datasets=[{"path": "csv", "data_files": str(rows)}])],
            "is a json file: write path: json",
        ),
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


@pytest.fixture
def stand_in(tmp_path):
    """Write Luth-SFT's seven splits, laid out as on the Hub, with a few rows each; point a recipe at them."""

    def write(recipe):
        write_dataset(tmp_path, "kurakurai/luth-sft", [conversation(number) for number in range(8)])
        for source in recipe["datasets"]:
            source.update(path=str(tmp_path / "kurakurai/luth-sft"), rows=8)

    return write


REAL = sorted(path.name for path in (ROOT / "recipes").glob("luth-*.yaml"))


@pytest.mark.parametrize("name", REAL)
def test_a_real_recipe_previews_and_trains_a_tiny_model_of_its_family(name, make_model, stand_in, run, tmp_path):
    recipe = yaml.safe_load((ROOT / "recipes" / name).read_text("utf-8"))
    stand_in(recipe)
    family = "lfm2" if "lfm2" in name else "qwen3"
    model = make_model(tmp_path / "model", family)
    (model / "chat_template.jinja").write_text((TRL_TEMPLATES / f"{family}.jinja").read_text("utf-8"), "utf-8")
    recipe["model_name_or_path"] = str(model)
    path = tmp_path / name
    path.write_text(yaml.safe_dump(recipe), "utf-8")
    code, out, err = run("sft", path, "--preview", "3")
    assert code == 0, err
    assert len(re.findall(r"⟦Elle dit \d+\. (?:oui )*<\|im_end\|>⟧", out)) == out.count("--- ") == 3
    assert not (tmp_path / "out").exists()

    small = ["--use_cpu", "true", "--max_length", "256", "--global_batch_size", "4", "--max_steps", "2"]
    small += ["--per_device_train_batch_size", "2", "--dataset_num_proc", "1", "--output_dir", tmp_path / "out"]
    code, out, err = run("sft", path, *small)
    assert code == 0, err
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["precision"] == "bf16" and record["steps"] == 2
    assert [source["rows"] for source in record["rows"]["sources"]] == [8] * 7
    assert record["rows"].get("held_out") == (3 if "lfm2" in name else None)
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert saved.config.model_type == ("lfm2" if "lfm2" in name else "qwen3")
    text = (tmp_path / "out" / "chat_template.jinja").read_text()
    assert text == (tmp_path / "model" / "chat_template.jinja").read_text() and "generation %}" not in text
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert record["recipe_hash"] in card and "loss.png" in card


def test_an_adapter_is_merged_into_a_checkpoint_that_mergekit_takes(make_model, rows, sft_recipe, run, tmp_path):
    model = make_model(tmp_path / "model", "qwen3")
    lora = {"use_peft": True, "lora_r": 4, "lora_alpha": 64, "lora_target_modules": ["all-linear"], "max_steps": 6}
    settings = {"save_strategy": "steps", "save_steps": 4, "learning_rate": 0.01, **lora}
    code, out, err = run("sft", sft_recipe(model, [rows], **settings))
    assert code == 0 and "Merging the adapter" in out, err
    folder = tmp_path / "out"
    ids = torch.arange(5, 40)[None]
    with torch.no_grad():
        merged = AutoModelForCausalLM.from_pretrained(folder)(input_ids=ids).logits
        base = AutoModelForCausalLM.from_pretrained(model)
        plain = base(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(base, folder / "adapter")(input_ids=ids).logits
    torch.testing.assert_close(merged, adapted, rtol=1e-3, atol=1e-3)
    assert (merged - plain).abs().max() > 0.1
    assert not list(folder.glob("adapter_*")) and json.loads((folder / "run.json").read_text())["status"] == "finished"
    recipe = tmp_path / "merge.yaml"
    models = [{"model": str(folder)}]
    recipe.write_text(
        yaml.safe_dump(
            {
                "merge_method": "slerp",
                "base_model": str(model),
                "models": models,
                "parameters": {"t": 0.5},
                "dtype": "float32",
            }
        )
    )
    code, out, err = run("merge", recipe, tmp_path / "merged")
    assert code == 0, err


@pytest.mark.skipif(
    importlib.util.find_spec("bitsandbytes") is None, reason="needs bitsandbytes: pip install luth[qlora]"
)
def test_a_qlora_adapter_is_merged_into_the_unquantised_base(make_model, rows, sft_recipe, run, tmp_path):
    model = make_model(tmp_path / "model", "llama")
    lora = {"use_peft": True, "load_in_4bit": True, "lora_target_modules": ["all-linear"]}
    code, _, err = run("sft", sft_recipe(model, [rows], **lora, bf16=True))
    assert code == 0, err
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["adapter_logit_difference"] < 1e-3
    assert load_file(tmp_path / "out" / "model.safetensors").keys() == load_file(model / "model.safetensors").keys()


def test_a_loss_that_is_no_number_stops_with_step_rows_and_checkpoint(make_model, rows, sft_recipe, run, tmp_path):
    model = make_model(tmp_path / "model")
    settings = {"max_steps": 8, "save_strategy": "steps", "save_steps": 1, "save_total_limit": 1, "max_grad_norm": 0}
    settings |= {"learning_rate": 1e37, "optim": "sgd", "lr_scheduler_type": "linear", "warmup_steps": 2}
    code, _, err = run("sft", sft_recipe(model, [rows], **settings))
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert code == 2, err
    assert "Traceback" not in err
    if "the loss is" in line:
        assert re.search(r"the loss is \S+ at step [23], in the batch of .*rows.jsonl, row \d+", line), line
    else:
        assert "is not finite: training has diverged" in line
    [kept] = [path for path in (tmp_path / "out").glob("checkpoint-*") if (path / "complete.json").exists()]
    assert all(tensor.isfinite().all() for tensor in load_file(kept / "model.safetensors").values())
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_a_row_that_makes_the_loss_no_number_is_named(make_model, rows, sft_recipe, run, tmp_path):
    folder = make_model(tmp_path / "model")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    # The last token of the vocabulary stands in one row only, and is poisoned on its way in, not on its way out.
    poison = len(tokenizer) - 1
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    with torch.no_grad():
        model.model.embed_tokens.weight[poison] = float("nan")
    model.save_pretrained(folder)
    bad = tmp_path / "bad.jsonl"
    turns = [{"role": "user", "content": tokenizer.decode([poison])}, {"role": "assistant", "content": "Oui."}]
    lines = [*(conversation(n) for n in range(7)), {"messages": turns}, conversation(9)]
    bad.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    settings = {"train_sampling_strategy": "sequential", "global_batch_size": 3, "per_device_train_batch_size": 1}
    code, _, err = run("sft", sft_recipe(folder, [bad], **settings))
    assert code == 2 and "the loss is nan at step 3, in the batch of" in err and "bad.jsonl, row 8: stopped" in err, (
        err
    )


def test_the_end_of_a_run_is_pushed_to_the_hub_without_a_pickle(make_model, rows, sft_recipe, tmp_path):
    settings = {"push_to_hub": True, "hub_model_id": "anna/luth-essai", "hub_strategy": "every_save", "save_steps": 2}
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows], save_strategy="steps", **settings)
    with FakeHub() as hub:
        variables = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN}
        code, _, err = finish(start(recipe, **variables))
        assert code == 0, err
        files = hub.repositories["anna/luth-essai"]["main"]
    assert {"model.safetensors", "config.json", "README.md", "run.json", "loss.png"} <= set(files)
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pth"))]
    assert TOKEN not in (tmp_path / "out" / "run.json").read_text() + files["README.md"].decode()


@pytest.mark.parametrize(
    ("tracker", "pattern"), [("tensorboard", "out/**/events.out.tfevents.*"), ("trackio", "trackio/*.db")]
)
def test_losses_reach_a_local_tracker(tracker, pattern, make_model, rows, sft_recipe, tmp_path):
    pytest.importorskip(tracker)
    recipe = sft_recipe(make_model(tmp_path / "model"), [rows], report_to=tracker)
    code, _, err = finish(start(recipe, TRACKIO_DIR=str(tmp_path / "trackio")))
    assert code == 0, err
    assert [path for path in tmp_path.glob(pattern) if path.stat().st_size > 100]


def test_a_base_model_without_a_template_is_saved_with_chatml(make_model, rows, sft_recipe, run, tmp_path):
    model = make_model(tmp_path / "model")
    (model / "chat_template.jinja").unlink()
    recipe = sft_recipe(model, [rows], chat_template_path="src/luth/templates/chatml.jinja", eos_token="<|im_end|>")
    code, _, err = run("sft", recipe)
    assert code == 0, err
    text = AutoTokenizer.from_pretrained(tmp_path / "out").apply_chat_template(
        [{"role": "user", "content": "Un."}], tokenize=False, add_generation_prompt=True
    )
    assert text == "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n"
    (model / "generation_config.json").unlink()
    code, _, err = run("sft", sft_recipe(model, [rows], output_dir=str(tmp_path / "two"), eos_token="<think>"))
    assert code == 2 and "ends an assistant's turn with '<|im_end|>', at which" in err, err
    code, _, err = run("sft", sft_recipe(model, [rows], output_dir=str(tmp_path / "two"), eos_token="<fin>"))
    assert code == 2 and "has a token '<fin>'" in err

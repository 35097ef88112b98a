"""Real launches of two processes: each strategy's losses are one process's, and a killed run goes on exactly."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from luth.training.masking import inference_template, read_training_template

ROOT = Path(__file__).parents[2]
ACCELERATE = str(Path(sys.executable).with_name("accelerate"))
STEPS = 9
pytestmark = pytest.mark.usefixtures("python")
# scripts/sft.py reads what the launch asked for from its parents' command lines, which forks of a server do not have.
COLD = {"PYTHON_EXEC": sys.executable}


@pytest.fixture(scope="module")
def work(tmp_path_factory, make_model, python):
    """A tiny Qwen3, 40 conversations and a recipe of nine steps: four and a half epochs of two global batches."""
    folder = tmp_path_factory.mktemp("distribution")
    model = make_model(folder / "model", "qwen3")
    template = inference_template(read_training_template("qwen3.jinja"))
    (model / "chat_template.jinja").write_text(template, "utf-8")
    rows = folder / "rows.jsonl"
    with open(rows, "w", encoding="utf-8") as file:
        for n in range(20):
            messages = [
                {"role": "user", "content": f"Question {n} : que dit la ligne ? " + "mot " * (n % 7)},
                {"role": "assistant", "content": f"Elle dit {n * n}. " + "oui " * (5 * n % 23)},
            ]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    recipe = {
        "model_name_or_path": str(model),
        "dtype": "float32",
        "attn_implementation": "varlen",
        "chat_template_path": "src/luth/templates/qwen3.jinja",
        "output_dir": str(folder / "out"),
        "datasets": [{"path": "json", "data_files": [str(rows)]}],
        "test_split_size": 3,
        "eval_strategy": "steps",
        "eval_steps": 9,
        "max_length": 256,
        "assistant_only_loss": True,
        "padding_free": True,
        "train_sampling_strategy": "group_by_length",
        "global_batch_size": 8,
        "per_device_train_batch_size": 2,
        "max_steps": STEPS,
        "learning_rate": 0.002,
        "max_grad_norm": 1.0,
        "bf16": False,
        "gradient_checkpointing": False,
        "use_cpu": True,
        "seed": 7,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": 3,
        "save_total_limit": 1,
        "report_to": "none",
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), "utf-8")
    return path


def start(*words, **variables):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **variables}
    return subprocess.Popen(
        [environment["PYTHON_EXEC"], *map(str, words)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process):
    out, _ = process.communicate(timeout=300)
    return process.returncode, out


def launch(config, recipe, *arguments, **variables):
    return start(
        ACCELERATE,
        "launch",
        "--config_file",
        f"accelerate_configs/{config}.yaml",
        "scripts/sft.py",
        recipe,
        *arguments,
        **variables,
    )


def history(folder):
    path = Path(folder) / "log_history.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {entry["step"]: entry["loss"] for entry in map(json.loads, lines) if "loss" in entry}


def held_out(folder):
    lines = (Path(folder) / "log_history.jsonl").read_text("utf-8").splitlines()
    return [entry["eval_loss"] for entry in map(json.loads, lines) if "eval_loss" in entry]


@pytest.fixture(scope="module")
def alone(work):
    """The folder of one process's run."""
    folder = work.parent / "one"
    code, out = finish(start("scripts/sft.py", work, "--output_dir", folder))
    assert code == 0, out
    assert sorted(history(folder)) == list(range(1, STEPS + 1)) and len(held_out(folder)) == 1
    return folder


def test_micro_batches_of_8_and_of_1_are_the_same(work, alone):
    losses = []
    for size in (8, 1):
        folder = work.parent / f"micro-{size}"
        words = ["--per_device_train_batch_size", size, "--output_dir", folder, "--save_strategy", "no"]
        code, out = finish(start("scripts/sft.py", work, *words))
        assert code == 0, out
        losses.append(list(history(folder).values()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0] == pytest.approx(list(history(alone).values()), rel=1e-3)


@pytest.mark.parametrize(
    "strategy", ["zero1", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ddp", "zero2", "zero3"))]
)
def test_two_processes_give_one_s_losses_and_a_killed_run_goes_on_exactly(strategy, work, alone):
    folder = work.parent / strategy
    words = ["--output_dir", folder]
    process = launch(f"{strategy}_cpu", work, *words)
    while 5 not in history(folder):
        assert process.poll() is None, finish(process)
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    kill_children(folder)
    finish(process)
    before = history(folder)
    assert not (folder / "model.safetensors").exists()

    code, out = finish(launch(f"{strategy}_cpu", work, *words, **COLD))
    name = "DDP" if strategy == "ddp" else f"ZeRO-{strategy[-1]}"
    assert code == 0 and f"{name} over 2 processes" in out and "from " in out, out
    said = re.findall(r"^Step (\d+) of \d+: loss .*GiB", out, flags=re.M)
    assert said and len(said) == len(set(said)), out
    after = history(folder)
    assert sorted(after) == list(range(1, STEPS + 1))
    # Steps 4 and 5 lie on both sides of an epoch's border (two steps an epoch), and checkpoint-3 in the middle of one.
    assert "checkpoint-3" in out, out
    assert [after[step] for step in before] == [before[step] for step in before]
    assert list(after.values()) == pytest.approx(list(history(alone).values()), rel=1e-3)
    assert held_out(folder) == pytest.approx(held_out(alone), rel=1e-3)
    one, two = load_file(alone / "model.safetensors"), load_file(folder / "model.safetensors")
    for tensor in one:
        torch.testing.assert_close(one[tensor], two[tensor].float(), rtol=1e-2, atol=1e-3)
    assert [path.name for path in folder.glob("checkpoint-*")] == ["checkpoint-9"]
    assert json.loads((folder / "run.json").read_text())["strategy"] == f"{name} over 2 processes"


@pytest.mark.slow
def test_ctrl_c_stops_all_processes_at_one_step_and_each_line_is_said_once(work):
    code, out = finish(launch("ddp_cpu", "none.yaml"))
    assert code == 1 and out.count("error: none.yaml") == 1, out
    folder = work.parent / "ctrl-c"
    words = ["--output_dir", folder, "--max_steps", "400", "--save_strategy", "no"]
    process = launch("ddp_cpu", work, *words)
    while 3 not in history(folder):
        assert process.poll() is None, finish(process)
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    code, out = finish(process)
    [checkpoint] = folder.glob("checkpoint-*")
    assert code != 0 and out.count(f"stopped: {checkpoint} is whole") == 1, out
    code, out = finish(launch("ddp_cpu", work, "--output_dir", folder, "--max_steps", str(max(history(folder)) + 2)))
    assert code == 0 and f"from {checkpoint}" in out and "schedule ends at step" in out, out


def kill_children(folder):
    """End the workers too: torchrun starts each in a session of its own."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        if str(folder) in (process.info["cmdline"] or []):
            process.kill()


def test_a_checkpoint_of_another_launch_is_refused_in_one_line(work, alone):
    folder = work.parent / "other"
    shutil.copytree(alone, folder)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "status": "running"}))
    code, out = finish(launch("ddp_cpu", work, "--output_dir", folder))
    assert code == 1
    assert (
        "was made by another run or launch (strategy one process, processes 1; now strategy DDP, processes 2)" in out
    )


def test_two_nodes_give_one_s_losses(work, alone):
    folder = work.parent / "nodes"
    common = ["--config_file", "accelerate_configs/zero1_cpu.yaml", "--num_machines", 2, "--num_processes", 2]
    common += ["--main_process_ip", "127.0.0.1", "--main_process_port", 29777]
    nodes = [
        start(ACCELERATE, "launch", *common, "--machine_rank", rank, "scripts/sft.py", work, "--output_dir", folder)
        for rank in (0, 1)
    ]
    done = [finish(node) for node in nodes]
    assert [code for code, _ in done] == [0, 0], done
    assert list(history(folder).values()) == pytest.approx(list(history(alone).values()), rel=1e-3)


def test_an_adapter_trained_under_zero3_is_merged_and_stops_where_it_was_trained_to(work):
    folder = work.parent / "lora"
    words = ["--use_peft", "true", "--lora_target_modules", "all-linear", "--max_steps", 2, "--output_dir", folder]
    code, out = finish(launch("zero3_cpu", work, *words, "--eos_token", "<|im_end|>", "--pad_token", "<|endoftext|>"))
    assert code == 0 and "Merging the adapter" in out, out
    assert json.loads((folder / "run.json").read_text())["adapter_logit_difference"] < 1e-3
    assert json.loads((folder / "config.json").read_text())["pad_token_id"] == 0
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == 2


def test_packed_training_evaluates_held_out_rows_one_by_one_whatever_the_processes(work):
    packed = ["--packing", "true", "--padding_free", "false", "--max_steps", 1, "--max_length", 512]
    packed += ["--global_batch_size", 2, "--per_device_train_batch_size", 1, "--test_split_size", 7]
    found = []
    for name, start_one, size in (
        ("one", lambda *words: start("scripts/sft.py", work, *words), 1),
        ("eight", lambda *words: start("scripts/sft.py", work, *words), 8),
        ("two", lambda *words: launch("ddp_cpu", work, *words), 2),
    ):
        folder = work.parent / f"packed-{name}"
        code, out = finish(start_one(*packed, "--per_device_eval_batch_size", size, "--output_dir", folder))
        assert code == 0, out
        found.append(held_out(folder)[0])
    assert found == pytest.approx([found[0]] * 3, rel=1e-4)


@pytest.mark.slow
def test_a_flag_of_the_launch_takes_the_place_of_its_file(work):
    words = ["--config_file", "accelerate_configs/zero1_cpu.yaml", "--multi_gpu", "scripts/sft.py", work]
    code, out = finish(
        start(ACCELERATE, "launch", *words, "--max_steps", 1, "--output_dir", work.parent / "flag", **COLD)
    )
    assert code == 0 and "DDP over 2 processes" in out, out


def test_a_launch_that_would_change_the_precision_is_refused(work):
    words = ["--config_file", "accelerate_configs/cpu.yaml", "--mixed_precision", "bf16", "scripts/sft.py", work]
    code, out = finish(start(ACCELERATE, "launch", *words, "--output_dir", work.parent / "precision", **COLD))
    assert code == 1 and "the recipe says bf16: false and the launch says mixed_precision: bf16" in out, out


def test_losses_and_gradients_are_summed_in_float32_under_fsdp2(work):
    words = ["-m", "torch.distributed.run", "--nproc_per_node", 2, "tests/training/fsdp_on_cpu.py"]
    code, out = finish(start(*words, work.parent / "model"))
    assert code == 0 and out.count("equal") == 2, out


@pytest.mark.parametrize(
    "config", ["zero2_cpu", *(pytest.param(f"zero{stage}_cpu", marks=pytest.mark.slow) for stage in (1, 3))]
)
def test_gradients_are_summed_in_float32_under_deepspeed(config):
    words = ["--mixed_precision", "bf16", "tests/training/deepspeed_on_cpu.py"]
    code, out = finish(start(ACCELERATE, "launch", "--config_file", f"accelerate_configs/{config}.yaml", *words))
    assert code == 0 and out.count("equal") == 2, out
    assert "Virtual Memory" not in out, out


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="FSDP2 under accelerate needs two GPUs: not shown here")
def test_fsdp2_on_two_gpus_gives_one_s_losses(work, alone):
    folder = work.parent / "fsdp2"
    words = ["--num_processes", 2, "--mixed_precision", "no", "scripts/sft.py", work]
    words += ["--output_dir", folder, "--use_cpu", "false", "--attn_implementation", "varlen"]
    code, out = finish(start(ACCELERATE, "launch", "--config_file", "accelerate_configs/fsdp2.yaml", *words, **COLD))
    assert code == 0 and "FSDP2 over 2 processes" in out, out
    assert list(history(folder).values()) == pytest.approx(list(history(alone).values()), rel=1e-2)


def without(config, *keys, **changes):
    content = yaml.safe_load((ROOT / f"accelerate_configs/{config}.yaml").read_text())
    return {**{key: value for key, value in content.items() if key not in keys}, **changes}


@pytest.mark.parametrize(
    ("config", "flags", "variables", "said"),
    [
        (
            without("ddp_cpu", distributed_type="MULTI_CPU"),
            [],
            {},
            "asked for DDP over 2 processes and gave one process",
        ),
        pytest.param(
            without("zero1_cpu"),
            ["--cpu"],
            {},
            "asked for ZeRO-1 over 2 processes and gave one process",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            without("fsdp2", num_processes=2, use_cpu=True),
            [],
            {},
            "asked for FSDP2 over 2 processes and gave DDP",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            without("zero2", num_processes=2),
            [],
            {"ACCELERATE_USE_CPU": "true"},
            "asked for ZeRO-2 over 2 processes and gave",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_silent_fall_back_is_said_and_stops_the_run(config, flags, variables, said, work, tmp_path):
    path = tmp_path / "launch.yaml"
    path.write_text(yaml.safe_dump(config))
    words = ["--config_file", path, *flags, "scripts/sft.py", work, "--output_dir", tmp_path / "out"]
    code, out = finish(start(ACCELERATE, "launch", *words, **variables, **COLD))
    assert code == 1 and said in " ".join(out.split()), out
    assert not list((tmp_path / "out").glob("*"))

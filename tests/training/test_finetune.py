"""What training scripts share, by way of the how-tos: each is followed to the letter on a tiny model."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoConfig, AutoModelForCausalLM
from trl import ModelConfig

from luth import steps, training
from luth.checkpoints import families
from luth.core.errors import UserError, run_script
from luth.core.recipes import read_recipe
from luth.training import trackers
from luth.training.adapter import adapter_config
from luth.training.arguments import parse
from luth.training.masking import IGNORED, mask, read_training_template
from luth.training.packing_check import require_exact_packing
from luth.training.sft_keys import SFT
from luth.training.trackers import TRACKERS, require_trackers
from luth.validation.recipe_checks import validate

HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def blocks(page, language):
    """Return the fenced blocks of a how-to in one language."""
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text("utf-8"), flags=re.S)


@pytest.fixture
def dpo(tmp_path, make_model, monkeypatch):
    """Follow the how-to: add the step, write the script; return a function that runs it, and its recipe."""
    step, script = blocks("add-a-training-script.md", "python")
    monkeypatch.setattr(steps, "STEPS", dict(steps.STEPS))
    monkeypatch.setattr("luth.validation.recipe_checks.STEPS", steps.STEPS)
    exec(step, vars(steps))
    path = tmp_path / "dpo.py"
    path.write_text(script, "utf-8")
    pairs = tmp_path / "preferences.jsonl"
    turns = [("prompt", "user", "Dis {} ?"), ("chosen", "assistant", "Oui, {}."), ("rejected", "assistant", "Non.")]
    lines = [{key: [{"role": role, "content": text.format(n)}] for key, role, text in turns} for n in range(8)]
    pairs.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    recipe = yaml.safe_load(blocks("add-a-training-script.md", "yaml")[0])
    recipe |= {"model_name_or_path": str(make_model(tmp_path / "model")), "output_dir": str(tmp_path / "out")}
    recipe |= {"datasets": [{"path": "json", "data_files": str(pairs)}], "bf16": False}

    def call(*words, **changes):
        (tmp_path / "my-dpo.yaml").write_text(yaml.safe_dump(recipe | changes), "utf-8")
        spec = importlib.util.spec_from_file_location("script_dpo", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", ["dpo.py", str(tmp_path / "my-dpo.yaml"), "--use_cpu", "true", *words])
        run_script(module.main)

    return call, recipe


def test_the_training_script_of_the_how_to_trains(dpo, tmp_path, capfd):
    call, _ = dpo
    call()
    folder = tmp_path / "out"
    record = json.loads((folder / "run.json").read_text())
    assert (record["step"], record["status"], record["steps"], record["rows"]["rows"]) == ("dpo", "finished", 2, 8)
    assert any("preferences.jsonl" in name for name in record["inputs"])
    logs = [json.loads(line) for line in (folder / "log_history.jsonl").read_text().splitlines()]
    assert [log["step"] for log in logs if "loss" in log] == [1, 2] and any("rewards/margins" in log for log in logs)
    card = (folder / "README.md").read_text("utf-8")
    assert "scripts/dpo.py" in card and "sft" not in card and "nats" not in card
    assert (folder / "loss.png").is_file()
    saved, base = (AutoModelForCausalLM.from_pretrained(path) for path in (folder, tmp_path / "model"))
    assert any(not torch.equal(one, other) for one, other in zip(saved.parameters(), base.parameters(), strict=True))
    capfd.readouterr()
    call()
    assert "already holds this very run" in capfd.readouterr().out


def test_the_script_of_the_how_to_has_help_and_ruff_s_form(dpo, tmp_path, capfd):
    call, _ = dpo
    with pytest.raises(SystemExit) as stop:
        call("--help")
    out, err = capfd.readouterr()
    assert stop.value.code == 0 and err == "" and "usage: dpo.py RECIPE" in out and "--verbose" in out
    for command in (["check"], ["format", "--check"]):
        words = [sys.executable, "-m", "ruff", *command, "--stdin-filename", "scripts/dpo.py", "-"]
        done = subprocess.run(words, input=(tmp_path / "dpo.py").read_text("utf-8"), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["q_proj"], {"q_proj"}),
        (["self_attn.q_proj"], {"self_attn.q_proj"}),
        (["q_proj", "v_proj"], {"q_proj", "v_proj"}),
        (["all-linear"], "all-linear"),
        ([r".*\.q_proj"], r".*\.q_proj"),
        (None, None),
    ],
)
def test_one_name_of_a_module_is_a_name_as_in_a_longer_list(given, taken):
    model = ModelConfig(use_peft=True, lora_target_modules=given)
    assert adapter_config(model).target_modules == taken
    assert adapter_config(ModelConfig(lora_target_modules=given)) is None


def test_a_mistake_in_the_recipe_of_the_how_to_s_script_is_one_line(dpo, tmp_path, capfd):
    call, recipe = dpo
    path = tmp_path / "my-dpo.yaml"
    for changes, code, fact in (
        ({"bta": 0.1}, "bad-recipe-key", "'beta'"),
        ({"use_peft": True, "lora_task_type": "SEQ_CLS"}, "bad-recipe-value", "CAUSAL_LM"),
        ({"hub_token": "hf_x"}, "bad-recipe-value", "HF_TOKEN"),
        ({"global_batch_size": 3}, "bad-recipe-value", "global_batch_size 3"),
        ({"eval_strategy": "steps"}, "bad-recipe-value", "test_split_size"),
        ({"step": "sft"}, "wrong-step", "sft.py"),
    ):
        with pytest.raises(SystemExit) as stop:
            call(**changes)
        [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error: ")]
        assert stop.value.code == 2 and line.endswith(f"[{code}]") and fact in line, line
        assert not (tmp_path / "out").exists()
    path.write_text(yaml.safe_dump(recipe), "utf-8")
    assert validate([path]) == []


def test_the_tracker_of_the_how_to_gets_the_losses(make_model, write_rows, sft_recipe, run, tmp_path, monkeypatch):
    tracker, *lines = blocks("add-a-tracker.md", "python")
    (tmp_path / "csv_tracker.py").write_text(tracker, "utf-8")
    monkeypatch.setattr(training, "__path__", [*training.__path__, str(tmp_path)])
    monkeypatch.setitem(TRACKERS, "csv", None)
    # As at the end of trackers.py: with its names, and no others.
    exec("".join(lines), dict(vars(trackers)))
    monkeypatch.delitem(sys.modules, "luth.training.csv_tracker")
    monkeypatch.delattr(training, "csv_tracker")
    turns = [{"role": "user", "content": "Un."}, {"role": "assistant", "content": "Deux."}]
    recipe = sft_recipe(make_model(tmp_path / "model"), [write_rows([{"messages": turns}] * 8)], report_to="csv")
    code, _, err = run("sft", recipe)
    assert code == 0, err
    lines = (tmp_path / "out" / "losses.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["1", "2", "3"] and all(
        float(line.split(",")[1]) for line in lines
    )


def test_a_tracker_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("luth.training.trackers.get_available_reporting_integrations", lambda: ["wandb"])
    require_trackers(["wandb"])
    with pytest.raises(UserError, match="mlflow") as error:
        require_trackers(["wandb", "mlflow"])
    assert error.value.code == "package-missing"


def test_the_family_of_the_how_to_is_packed_and_masked(tokenizer, sft_recipe, tmp_path, monkeypatch):
    entry, _ = blocks("add-a-model-family.md", "python")
    tiny = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = AutoConfig.for_model("smollm3", vocab_size=128, num_key_value_heads=2, pad_token_id=2, **tiny)
    assert not families.all_full_attention(config)
    monkeypatch.setattr(families, "FAMILIES", (*families.FAMILIES, eval(entry, vars(families))))
    require_exact_packing(config, torch.device("cpu"), "varlen")
    assert families.all_full_attention(config)

    path = tmp_path / "smollm3.jinja"
    path.write_text(blocks("add-a-model-family.md", "jinja")[0], "utf-8")
    messages = [{"role": "user", "content": "Un."}, {"role": "assistant", "content": "Deux."}]
    encoded = mask(messages, tokenizer, read_training_template(str(path)))
    trained = [token for token in encoded["labels"] if token != IGNORED]
    assert tokenizer.decode(trained) == "Deux.<|im_end|>"
    assert tokenizer.decode(encoded["input_ids"]).startswith(
        "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n"
    )
    recipe = sft_recipe("model", [tmp_path / "rows.jsonl"], chat_template_path=str(path))
    assert parse(str(recipe), read_recipe(recipe), [], SFT).training.chat_template_path == str(path)


def test_the_tiny_model_of_the_how_to_shows_what_is_trained(
    make_model, write_rows, sft_recipe, run, tmp_path, monkeypatch
):
    make_model(tmp_path / "out/demo/base")
    entry, tiny = blocks("add-a-model-family.md", "python")
    path = tmp_path / "smollm3.jinja"
    path.write_text(blocks("add-a-model-family.md", "jinja")[0], "utf-8")
    with monkeypatch.context() as there:
        there.chdir(tmp_path)
        exec(tiny, {})
    monkeypatch.setattr(families, "FAMILIES", (*families.FAMILIES, eval(entry, vars(families))))
    turns = [{"role": "user", "content": "Un."}, {"role": "assistant", "content": "Deux."}]
    rows = write_rows([{"messages": turns}] * 8)
    recipe = sft_recipe(tmp_path / "out/tiny", [rows], chat_template_path=str(path), padding_free=True)
    code, out, err = run("sft", recipe, "--preview", "1", "--attn_implementation", "varlen")
    assert code == 0, err
    assert "⟦Deux.<|im_end|>⟧" in out
    *_, shown, _ = blocks("add-a-model-family.md", "text")
    recipe = sft_recipe(tmp_path / "out/demo/base", [rows], chat_template_path="qwen3.jinja")
    code, _, err = run("sft", recipe, "--preview", "0")
    assert code == 2 and err.replace(f"{tmp_path}/", "") == shown

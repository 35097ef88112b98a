from pathlib import Path

import pytest
import yaml

from luth.core.command_line import recipe_parser, split
from luth.core.errors import UserError
from luth.core.recipes import read_recipe
from luth.training import arguments
from luth.training.arguments import accumulation_steps
from luth.training.sft_keys import SFT

REFUSED = arguments.REFUSED | SFT.refused


def parse(words):
    path, overrides = split(words, recipe_parser(None))
    return arguments.parse(path, read_recipe(path), overrides, SFT)


@pytest.fixture
def recipe(sft_recipe, tmp_path):
    def write(**changes):
        return str(sft_recipe(tmp_path / "model", [tmp_path / "rows.jsonl"], **changes))

    return write


def test_the_command_line_wins_and_is_recorded(recipe):
    args = parse([recipe(), "--learning_rate", "5e-4", "--max_steps=9"])
    assert args.training.learning_rate == 5e-4 and args.training.max_steps == 9
    assert args.recipe["max_steps"] == 9 and args.recipe["seed"] == 7
    assert parse(["--config", recipe()]).training.max_steps == 3
    # Which transformers would switch on.
    assert parse([recipe(), "--torch_compile", "true"]).training.tf32 is False


def test_a_key_given_twice_and_a_short_name_are_refused(recipe):
    for words, fact in (
        (["--max_steps", "3", "--max-steps=4"], "--max_steps is given twice"),
        (["--lr", "1e-5"], "--lr (did you mean 'learning_rate'?)"),
        (["--batch-size", "4"], "(did you mean 'per_device_train_batch_size'?)"),
    ):
        with pytest.raises(UserError) as error:
            parse([recipe(), *words])
        check(error, "bad-argument", [fact])


def test_accumulation_follows_from_the_global_batch(recipe, monkeypatch):
    assert parse([recipe()]).training.gradient_accumulation_steps == 2
    assert parse([recipe(), "--per_device_train_batch_size", "1"]).training.gradient_accumulation_steps == 4
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert accumulation_steps(4, 2) == 1
    with pytest.raises(UserError) as error:
        accumulation_steps(12, 4)
    check(error, VALUE, ["global_batch_size 12", "per_device_train_batch_size 4", "2 process"])


KEY, VALUE = "bad-recipe-key", "bad-recipe-value"


def check(error, code, facts):
    """Check an error's code, its facts, and that it is one line."""
    text = str(error.value)
    assert error.value.code == code and "\n" not in text, text
    assert all(fact in text for fact in facts), text


@pytest.mark.parametrize(
    ("changes", "code", "facts"),
    [
        ({"learning_rat": 1}, KEY, ["'learning_rat'", "'learning_rate'"]),
        ({"learning_rate": "fast"}, VALUE, ["learning_rate: 'fast'", "float"]),
        ({"max_steps": "ten"}, VALUE, ["max_steps: 'ten'", "int"]),
        ({"bf16": "maybe"}, VALUE, ["bf16: 'maybe'"]),
        ({"gradient_accumulation_steps": 2}, VALUE, ["gradient_accumulation_steps", "global_batch_size"]),
        ({"hub_token": "hf_x"}, VALUE, ["hub_token", "HF_TOKEN"]),
        ({"global_batch_size": None}, KEY, ["'global_batch_size'"]),
        ({"datasets": None}, KEY, ["'datasets'"]),
        ({"datasets": [{"path": "json", "splits": "train"}]}, KEY, ["'splits'", "'split'"]),
        ({"loss_type": "dft"}, VALUE, ["loss_type"]),
        ({"model_init_kwargs": {"token": "hf_x"}}, VALUE, ["model_init_kwargs", "HF_TOKEN"]),
        ({"datasets": [{"path": "json", "row": 3}]}, KEY, ["'row'", "'rows'"]),
        ({"datasets": [{"path": "a", "fraction": 0.5}, {"path": "b"}]}, VALUE, ["fraction", "all or none"]),
        ({"datasets": [{"path": "a", "fraction": 0.0}, {"path": "b", "fraction": 0.0}]}, VALUE, ["positive"]),
        ({"datasets": [{"path": "a", "fraction": -1.0}]}, VALUE, ["positive"]),
        ({"datasets": [{"path": "a", "fraction": 1.0}, {"path": "b", "fraction": -1.0}]}, VALUE, ["positive"]),
        ({"datasets": [{"name": "a"}]}, KEY, ["datasets: entry 1", "'path'"]),
        ({"datasets": [{"path": "a"}, {"path": "b", "rename": ["x"]}]}, VALUE, ["entry 2: rename", "dict"]),
        ({"datasets": [{"path": "a", "revisoin": "x"}]}, KEY, ["'revisoin'", "'revision'"]),
        ({"datasets": ["a"]}, VALUE, ["entry 1: 'a'", "Source"]),
        ({"datasets": "a"}, VALUE, ["datasets: 'a'", "list"]),
        ({"datasets": 5}, VALUE, ["datasets: 5", "list"]),
        ({"datasets": [{"path": "a", "fraction": float("nan")}]}, VALUE, ["positive"]),
        ({"preview": "x"}, VALUE, ["preview: 'x'", "int"]),
        ({"preview": True}, VALUE, ["preview: True", "int"]),
        ({"max_dropped_fraction": "few"}, VALUE, ["max_dropped_fraction: 'few'", "float"]),
        ({"report_to": "trakio"}, VALUE, ["report_to", "'trakio'", "'trackio'"]),
        ({"dtype": "float33"}, VALUE, ["dtype", "float32, bfloat16, auto"]),
        ({"use_cpu": False}, "no-gpu", ["--use_cpu true"]),
    ],
)
def test_mistakes_in_a_recipe(recipe, changes, code, facts, monkeypatch):
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    with pytest.raises(UserError) as error:
        parse([recipe(**changes)])
    check(error, code, facts)


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        (["--max_stepz", "3"], ["--max_stepz", "'max_steps'"]),
        (["--max_step", "3"], ["--max_step "]),
        (["--max_steps", "three"], ["--max_steps", "'three'", "int"]),
        (["--gradient_accumulation_steps", "3"], ["--gradient_accumulation_steps", "global_batch_size"]),
        (["--preview", "x"], ["--preview", "'x'", "int"]),
        (["--datasets", "a.jsonl"], ["--datasets", "recipe"]),
        (["--resume", "true"], ["resume_from_checkpoint"]),
        (["--rank", "8"], ["lora_r"]),
    ],
)
def test_mistakes_on_the_command_line(recipe, words, facts):
    with pytest.raises(UserError) as error:
        parse([recipe(), *words])
    check(error, "bad-argument", facts)


@pytest.mark.parametrize(
    ("clash", "facts"),
    [
        ({"assistant_only_loss": False}, ["assistant_only_loss: true"]),
        ({"packing": True, "packing_strategy": "wrapped"}, ["packing_strategy", "bfd"]),
        ({"model_init_kwargs": '{"token": "hf_x"}'}, ["model_init_kwargs", "HF_TOKEN"]),
        ({"max_dropped_fraction": -0.1}, ["max_dropped_fraction: -0.1", "0"]),
        ({"max_dropped_fraction": 10.0}, ["max_dropped_fraction: 10.0", "1"]),
        ({"per_device_train_batch_size": 0}, ["per_device_train_batch_size", "1"]),
        ({"packing_strategy": "bfd_split"}, ["packing_strategy", "bfd"]),
        ({"attn_implementation": "varlen"}, ["varlen", "packing: true", "padding_free: true"]),
        ({"packing": True, "max_length": None}, ["packing: true", "max_length"]),
        ({"train_sampling_strategy": "batch_rebalance"}, ["batch_rebalance"]),
        ({"eval_strategy": "steps", "eval_steps": 2}, ["set test_split_size"]),
        ({"eval_strategy": "epoch", "test_split_size": 0}, ["set test_split_size"]),
        ({"test_split_size": 0.1}, ["set eval_strategy"]),
        ({"test_split_size": 7, "eval_strategy": "no"}, ["set eval_strategy"]),
        ({"fp16": True}, ["fp16", "bf16: true"]),
        ({"max_length": 0}, ["max_length", "1"]),
        ({"num_train_epochs": 0, "max_steps": -1}, ["num_train_epochs", "max_steps"]),
        ({"hub_model_id": "anna/essai"}, ["hub_model_id", "push_to_hub: true"]),
        ({"global_batch_size": 0}, ["global_batch_size: 0"]),
        ({"lora_r": 4}, ["lora_", "use_peft: true"]),
        ({"use_peft": True, "lora_r": 0}, ["lora_r", "1"]),
        ({"load_in_4bit": True}, ["load_in_", "use_peft: true"]),
        ({"preview": -1}, ["preview: -1", "0"]),
        ({"hub_strategy": "checkpoint"}, ["hub_strategy", "pickled optimiser states"]),
        ({"hub_strategy": "all_checkpoints"}, ["hub_strategy", "pickled optimiser states"]),
    ],
)
def test_settings_that_clash(clash, facts, recipe):
    whole = Path(recipe())
    settings = yaml.safe_load(whole.read_text("utf-8")) | clash
    words = [word for key, value in clash.items() for word in (f"--{key}", str(value))]
    with pytest.raises(UserError) as error:
        parse([str(whole), *words])
    check(error, VALUE, ["the command line: ", *facts])
    # recipe() leaves out keys that are None.
    whole.write_text(yaml.safe_dump(settings), "utf-8")
    with pytest.raises(UserError) as error:
        parse([str(whole)])
    check(error, VALUE, [f"{whole}: ", *facts])


@pytest.mark.parametrize(
    "settings",
    [
        {"packing": True, "attn_implementation": "varlen", "packing_strategy": "bfd"},
        {"padding_free": True, "attn_implementation": "varlen"},
        {"test_split_size": 0.1, "eval_strategy": "epoch"},
        {"eval_strategy": "no", "hub_strategy": "end"},
        {"datasets": [{"path": "a", "fraction": 0.5}, {"path": "b", "fraction": 3}]},
        {"preview": 0},
    ],
)
def test_settings_that_go_together(settings, recipe):
    args = parse([recipe(**settings)])
    assert {key: args.recipe[key] for key in settings} == settings


def test_no_recipe():
    with pytest.raises(UserError) as error:
        parse(["--max_steps", "3"])
    check(error, "bad-argument", ["RECIPE"])


def test_a_token_never_reaches_the_record(recipe, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in str(parse([recipe()]).recipe)


@pytest.mark.parametrize("key", REFUSED)
def test_what_would_be_ignored_or_break_a_promise_is_refused_with_the_reason(key, recipe):
    for words in ([recipe(**{key: 1})], [recipe(), f"--{key}", "1"]):
        with pytest.raises(UserError, match=key) as error:
            parse(words)
        assert REFUSED[key] in str(error.value)


def test_a_preview_wants_no_gpu(recipe, monkeypatch):
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    for args in (
        parse([recipe(use_cpu=False, bf16=True), "--preview", "2"]),
        parse([recipe(use_cpu=False, bf16=True, preview=2)]),
    ):
        assert args.luth.preview == 2 and args.training.use_cpu
    assert parse([recipe()]).luth.preview is None


def test_no_evaluation_where_yaml_reads_no_as_false(recipe):
    with pytest.raises(UserError) as error:
        parse([recipe(eval_strategy=False)])
    check(error, VALUE, ["eval_strategy: False", "'no'"])
    with pytest.raises(UserError) as error:
        parse([recipe(eval_strategy=False, test_split_size=0.1)])
    check(error, VALUE, ["eval_strategy: False", "set eval_strategy"])
    assert parse([recipe(eval_strategy="no")]).training.eval_strategy == "no"


def test_our_own_keys(recipe):
    source = {"path": "a/b", "revision": "abc", "rows": 3, "rename": {"conversation": "messages"}}
    args = parse([recipe(datasets=[source], max_dropped_fraction=0.2)])
    assert args.luth.max_dropped_fraction == 0.2 and parse([recipe()]).luth.max_dropped_fraction == 0.01
    [found] = args.mixture.datasets
    assert (found.revision, found.rows, found.rename, found.split) == ("abc", 3, source["rename"], "train")
    assert args.recipe["datasets"][0]["rows"] == 3


def test_numbers_of_a_source_that_yaml_reads_as_text(recipe):
    [source] = parse([recipe(datasets=[{"path": "a", "fraction": "1e-1", "rows": "12"}])]).mixture.datasets
    assert (source.fraction, source.rows) == (0.1, 12)

import re
from pathlib import Path

import pytest
import yaml

from luth.core.errors import UserError
from luth.training.arguments import REFUSED, accumulation_steps, parse


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


def test_accumulation_follows_from_the_global_batch(recipe, monkeypatch):
    assert parse([recipe()]).training.gradient_accumulation_steps == 2
    assert parse([recipe(), "--per_device_train_batch_size", "1"]).training.gradient_accumulation_steps == 4
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert accumulation_steps(4, 2) == 1
    with pytest.raises(UserError, match="not a multiple of per_device_train_batch_size 4 x 2"):
        accumulation_steps(12, 4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"learning_rat": 1}, "unknown key 'learning_rat' .did you mean 'learning_rate'"),
        ({"learning_rate": "fast"}, "learning_rate: 'fast' is not of type float"),
        ({"max_steps": "ten"}, "max_steps: 'ten' is not of type int"),
        ({"bf16": "maybe"}, "bf16: 'maybe' is not of type"),
        ({"gradient_accumulation_steps": 2}, "it follows from global_batch_size"),
        ({"hub_token": "hf_x"}, "set HF_TOKEN"),
        ({"global_batch_size": None}, "'global_batch_size' is missing"),
        ({"datasets": None}, "'datasets' is missing"),
        ({"datasets": [{"path": "json", "splits": "train"}]}, "unknown key 'splits' .did you mean 'split'"),
        ({"loss_type": "dft"}, "loss_type is not set in a recipe"),
        ({"model_init_kwargs": {"token": "hf_x"}}, "set HF_TOKEN"),
        ({"datasets": [{"path": "json", "row": 3}]}, "unknown key 'row' .did you mean 'rows'"),
        ({"datasets": [{"path": "a", "fraction": 0.5}, {"path": "b"}]}, "fraction is set for some datasets"),
        ({"datasets": [{"path": "a", "fraction": 0.0}, {"path": "b", "fraction": 0.0}]}, "must be positive"),
        ({"datasets": [{"path": "a", "fraction": -1.0}]}, "must be positive"),
        ({"datasets": [{"path": "a", "fraction": 1.0}, {"path": "b", "fraction": -1.0}]}, "must be positive"),
        ({"datasets": [{"name": "a"}]}, "datasets: entry 1: the key 'path' is missing"),
        ({"datasets": [{"path": "a"}, {"path": "b", "rename": ["x"]}]}, "entry 2: rename: .* is not of type dict"),
        ({"datasets": [{"path": "a", "revisoin": "x"}]}, "unknown key 'revisoin' .did you mean 'revision'"),
        ({"datasets": ["a"]}, "entry 1: 'a' is not of type Source"),
        ({"datasets": "a"}, "datasets: 'a' is not of type list"),
        ({"datasets": 5}, "datasets: 5 is not of type list"),
        ({"datasets": [{"path": "a", "fraction": float("nan")}]}, "must be positive"),
        ({"preview": "x"}, "preview: 'x' is not of type int"),
        ({"max_dropped_fraction": "few"}, "max_dropped_fraction: 'few' is not of type float"),
        ({"report_to": "trakio"}, "no tracker is called 'trakio' .did you mean 'trackio'"),
        ({"dtype": "float33"}, "dtype is one of float32, bfloat16, auto"),
        ({"preview": True}, "preview is a number of rows"),
        ({"use_cpu": False}, "this machine has none"),
    ],
)
def test_mistakes_in_a_recipe(recipe, changes, said, monkeypatch):
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    with pytest.raises(UserError, match=said):
        parse([recipe(**changes)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max_stepz", "3"], "unknown key --max_stepz .did you mean 'max_steps'"),
        (["--max_step", "3"], "unknown key --max_step "),
        (["--max_steps", "three"], "invalid int value: 'three'"),
        (["--gradient_accumulation_steps", "3"], "not set by hand"),
        (["--preview", "x"], "invalid int value: 'x'"),
    ],
)
def test_mistakes_on_the_command_line(recipe, words, said):
    with pytest.raises(UserError, match=said):
        parse([recipe(), *words])


@pytest.mark.parametrize(
    ("clash", "said"),
    [
        ({"assistant_only_loss": False}, "only assistant turns are trained"),
        ({"packing": True, "packing_strategy": "wrapped"}, "only bfd packs whole rows"),
        ({"model_init_kwargs": '{"token": "hf_x"}'}, "model_init_kwargs holds a token: set HF_TOKEN"),
        ({"max_dropped_fraction": -0.1}, "max_dropped_fraction is a share of the rows, from 0 to 1"),
        ({"max_dropped_fraction": 10.0}, "a share of the rows"),
        ({"per_device_train_batch_size": 0}, "per_device_train_batch_size is at least 1"),
        ({"packing_strategy": "bfd_split"}, "only bfd packs whole rows"),
        ({"attn_implementation": "varlen"}, "varlen is for packing: true or padding_free: true"),
        ({"packing": True, "max_length": None}, "packing: true needs max_length"),
        ({"train_sampling_strategy": "batch_rebalance"}, "depend on the processes"),
        ({"eval_strategy": "steps", "eval_steps": 2}, "set test_split_size"),
        ({"eval_strategy": "epoch", "test_split_size": 0}, "set test_split_size"),
        ({"test_split_size": 0.1}, "set eval_strategy"),
        ({"test_split_size": 7, "eval_strategy": "no"}, "set eval_strategy"),
        ({"fp16": True}, "set bf16: true"),
        ({"max_length": 0}, "max_length is at least 1"),
        ({"num_train_epochs": 0, "max_steps": -1}, "num_train_epochs is above 0"),
        ({"hub_model_id": "anna/essai"}, "do nothing without push_to_hub"),
        ({"global_batch_size": 0}, "global_batch_size is at least 1"),
        ({"lora_r": 4}, "do nothing without use_peft"),
        ({"load_in_4bit": True}, "do nothing without use_peft"),
        ({"preview": -1}, "preview is a number of rows: 0 prints the data report alone"),
        ({"hub_strategy": "checkpoint"}, "hub_strategy: checkpoint uploads pickled optimiser states"),
        ({"hub_strategy": "all_checkpoints"}, "pickled optimiser states"),
    ],
)
def test_settings_that_clash(clash, said, recipe):
    whole = Path(recipe())
    settings = yaml.safe_load(whole.read_text("utf-8")) | clash
    words = [word for key, value in clash.items() for word in (f"--{key}", str(value))]
    with pytest.raises(UserError, match=f"^the command line: .*{said}") as error:
        parse([str(whole), *words])
    # recipe() leaves out keys that are None.
    whole.write_text(yaml.safe_dump(settings), "utf-8")
    with pytest.raises(UserError, match=f"^{re.escape(str(whole))}: .*{said}") as error:
        parse([str(whole)])
    assert "\n" not in str(error.value)


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
    with pytest.raises(UserError, match="no recipe given"):
        parse(["--max_steps", "3"])


def test_a_token_never_reaches_the_record(recipe, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in str(parse([recipe()]).recipe)


@pytest.mark.parametrize("key", REFUSED)
def test_what_would_be_ignored_or_break_a_promise_is_refused_with_the_reason(key, recipe):
    for arguments in ([recipe(**{key: 1})], [recipe(), f"--{key}", "1"]):
        with pytest.raises(UserError, match=key) as error:
            parse(arguments)
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
    with pytest.raises(UserError, match=r"eval_strategy: False is not of type .*input should be 'no'"):
        parse([recipe(eval_strategy=False)])
    with pytest.raises(UserError, match="set eval_strategy"):
        parse([recipe(eval_strategy=False, test_split_size=0.1)])
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

import pytest

from luth.errors import UserError
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
        ({"assistant_only_loss": False}, "assistant_only_loss: true"),
        ({"loss_type": "dft"}, "loss_type is not set in a recipe"),
        ({"model_init_kwargs": {"token": "hf_x"}}, "set HF_TOKEN"),
        ({"datasets": [{"path": "json", "row": 3}]}, "unknown key 'row' .did you mean 'rows'"),
        ({"datasets": [{"path": "a", "fraction": 0.5}, {"path": "b"}]}, "fraction is set for some datasets"),
        ({"datasets": [{"path": "a", "fraction": 0.0}, {"path": "b", "fraction": 0.0}]}, "must be positive"),
        ({"datasets": [{"path": "a", "fraction": -1.0}]}, "must be positive"),
        ({"packing": True, "packing_strategy": "wrapped"}, "only bfd packs whole rows"),
        ({"attn_implementation": "varlen"}, "varlen is for packing: true or padding_free: true"),
        ({"eval_strategy": "steps", "eval_steps": 2}, "set test_split_size"),
        ({"test_split_size": 0.1}, "set eval_strategy"),
        ({"test_split_size": 0.1, "eval_strategy": False}, "set eval_strategy"),
        ({"train_sampling_strategy": "batch_rebalance"}, "depend on the processes"),
        ({"hub_strategy": "checkpoint"}, "pickled optimiser states"),
        ({"preview": -1}, "preview is a number of rows"),
        ({"report_to": "trakio"}, "no tracker is called 'trakio' .did you mean 'trackio'"),
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
        (["--assistant_only_loss", "false"], "only assistant turns are trained"),
        (["--attn_implementation", "varlen"], "varlen is for packing"),
        (["--eval_strategy", "epoch"], "set test_split_size"),
        (["--preview", "x"], "invalid int value: 'x'"),
    ],
)
def test_mistakes_on_the_command_line(recipe, words, said):
    with pytest.raises(UserError, match=said):
        parse([recipe(), *words])


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
    args = parse([recipe(use_cpu=False, bf16=True), "--preview", "2"])
    assert args.luth.preview == 2 and args.training.use_cpu


def test_our_own_keys(recipe):
    source = {"path": "a/b", "revision": "abc", "rows": 3, "rename": {"conversation": "messages"}}
    args = parse([recipe(datasets=[source], max_dropped_fraction=0.2)])
    assert args.luth.max_dropped_fraction == 0.2 and parse([recipe()]).luth.max_dropped_fraction == 0.01
    [found] = args.mixture.datasets
    assert (found.revision, found.rows, found.rename, found.split) == ("abc", 3, source["rename"], "train")
    assert args.recipe["datasets"][0]["rows"] == 3

import pytest

from luth.errors import UserError
from luth.training.arguments import accumulation_steps, parse
from luth.training.checkpoints import last_checkpoint


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
        (["--assistant_only_loss", "false"], "assistant turns only"),
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


def test_a_torn_checkpoint_is_passed_over(tmp_path):
    for step, state in ((2, "{}"), (10, "{}"), (12, '{"torn": '), (14, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    assert last_checkpoint(tmp_path / "none") is None

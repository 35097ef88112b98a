import json
import re
from pathlib import Path

import numpy
import pytest
import yaml

from luth.checkpoints.models import load_config
from luth.core.devices import GIB, Card
from luth.core.errors import UserError
from luth.training.planning.batches import assumed, counted
from luth.training.planning.command import split_options, warn_if_too_small
from luth.training.planning.planner import changes, make_plan
from tests.training.planning.test_footprint import QWEN3, RECIPE

QWEN3_CONFIG = {
    "model_type": "qwen3",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
TOKENS = assumed(338e6, 592, 0.65)


@pytest.fixture
def qwen3(tmp_path):
    """A folder with Qwen3-0.6B's configuration, and weights that nothing may read."""
    folder = tmp_path / "qwen3"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(QWEN3_CONFIG))
    (folder / "model.safetensors").write_bytes(b"not to be read")
    return folder


def options(parser):
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--processes", type=int)
    for name in ("--gpu", "--launch", "--tokens"):
        parser.add_argument(name)


def conversation(n):
    turns = (("user", f"Question {n} ? " + "mot " * (n % 7)), ("assistant", "oui " * (1 + n % 5)))
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def test_a_plan_of_a_run_on_a_cpu_counts_its_rows(run, make_model, write_rows, sft_recipe, tmp_path):
    recipe = sft_recipe(make_model(tmp_path / "model"), [write_rows([conversation(n) for n in range(40)])])
    code, out, err = run("sft", recipe, "--plan")
    assert code == 0, err
    assert "40 rows" in out and "3 steps" in out and "CPU" in out and "Verdict: fits" in out
    assert not (tmp_path / "out").exists()


def test_a_recipe_for_a_card_is_planned_without_one_and_without_its_data(run, qwen3, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    keys = yaml.safe_load(Path("recipes/luth-0.6b.yaml").read_text("utf-8"))
    recipe.write_text(yaml.safe_dump(keys | {"model_name_or_path": str(qwen3)}))
    code, out, err = run("sft", recipe, "--plan", "--gpu", "h100")
    assert code == 0, err
    assert "H100" in out and "hours need it" in out and "ms" in out and "The run:" not in out
    code, out, err = run(
        "sft", recipe, "--plan", "--gpu", "4090", "--tokens", "338e6", "--processes", "4", "--launch", "zero2"
    )
    assert code == 0, err
    assert re.search(r"338\.0 M tokens.*: \d+\.\d hours", out) and "ZeRO-2 over 4 x RTX 4090" in out
    # The recipe compiles its layers, which the run would refuse.
    code, out, err = run("sft", recipe, "--plan", "--gpu", "4090", "--processes", "4", "--launch", "zero3")
    assert code == 2 and "torch_compile: true does not go with ZeRO-3" in err and "Verdict" not in out


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        (["--gpu", "h100"], ["--gpu", "--plan"]),
        (["--plan", "--processes", "0"], ["--processes"]),
        (["--plan", "--processes", "two"], ["--processes", "two"]),
    ],
)
def test_mistakes_in_the_options(words, facts):
    with pytest.raises(UserError) as error:
        split_options(words, options)
    assert error.value.code == "bad-argument" and all(fact in str(error.value) for fact in facts)


def test_other_words_are_left_to_the_recipe():
    asked, others = split_options(
        ["--max_steps", "3", "--plan", "--gpu", "a100", "--lora_target_modules", "a", "b"], options
    )
    assert asked.plan and asked.gpu == "a100"
    assert others == ["--max_steps", "3", "--lora_target_modules", "a", "b"]


@pytest.mark.parametrize("words", [["--tokens", "nan"], ["--tokens", "inf"], ["--processes", "0"], ["--preview", "2"]])
def test_options_without_a_sense_are_a_line(words):
    def numbers(parser):
        parser.add_argument("--plan", action="store_true")
        parser.add_argument("--tokens", type=float)
        parser.add_argument("--processes", type=int)
        for name in ("--gpu", "--launch"):
            parser.add_argument(name)

    with pytest.raises(UserError) as error:
        split_options(["--plan", *words], numbers)
    assert error.value.code == "bad-argument"


def test_an_adapter_on_no_matrix_is_not_planned(monkeypatch, qwen3):
    lora = RECIPE | {"use_peft": True, "lora_target_modules": ["queries"]}
    with pytest.raises(UserError, match="lora_target_modules") as error:
        make_plan(lora, QWEN3, Card("card", 80 * GIB, 1e14, 1e12), TOKENS)
    assert error.value.code == "bad-recipe-value"
    # A run may have names that only PEFT knows: it is not stopped.
    monkeypatch.setattr("luth.core.devices.this_card", lambda: Card("card", 80 * GIB, 1e14, 1e12))
    real = Run(qwen3)
    real.recipe = real.recipe | lora
    warn_if_too_small(real, "one process", 1, numpy.full(1000, 592))


@pytest.mark.parametrize("content", [QWEN3_CONFIG | {"model_type": "none"}, QWEN3_CONFIG | {"hidden_size": "1"}, "{"])
def test_a_configuration_that_transformers_cannot_read_is_a_line(qwen3, content):
    (qwen3 / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UserError) as error:
        load_config(str(qwen3))
    assert error.value.code == "bad-model" and "\n" not in str(error.value)


def test_what_a_tiny_model_needs_is_not_zero(run, make_model, write_rows, sft_recipe, tmp_path):
    recipe = sft_recipe(make_model(tmp_path / "model"), [write_rows([conversation(n) for n in range(40)])])
    code, out, err = run("sft", recipe, "--plan", "--tokens", "1000")
    assert code == 0, err
    assert 0 < float(re.search(r"^all +([\d.]+)$", out, re.MULTILINE)[1]) < 1


def test_a_card_too_small_is_told_what_fits_it():
    small = Card("small", 12 * GIB, 1e14, 1e12)
    recipe = RECIPE | {"gradient_checkpointing": False, "per_device_train_batch_size": 2}
    plan = make_plan(recipe, QWEN3, small, TOKENS)
    assert plan.free < 0
    found = changes(recipe, plan)
    assert found and all(needed <= small.memory_bytes for _, needed in found)
    # Alone, neither would do.
    assert found[0][0] != "gradient_checkpointing: true"
    larger = Card("larger", 22 * GIB, 1e14, 1e12)
    assert changes(recipe, make_plan(recipe, QWEN3, larger, TOKENS))[0][0] == "gradient_checkpointing: true"


class Run:
    """What `warning` reads of a run's arguments."""

    class training:
        use_cpu = False

    class model:
        model_revision = None

    def __init__(self, folder):
        self.model_name, self.recipe = (
            str(folder),
            RECIPE | {"model_name_or_path": str(folder), "global_batch_size": 24},
        )


@pytest.mark.parametrize(("gib", "warned"), [(40, False), (13, True)])
def test_a_real_run_is_warned_before_anything_is_loaded(gib, warned, qwen3, monkeypatch, capsys):
    monkeypatch.setattr("luth.core.devices.this_card", lambda: Card("card", gib * GIB, 1e14, 1e12))
    warn_if_too_small(Run(qwen3), "one process", 1, numpy.full(1000, 592))
    assert ("Warning" in capsys.readouterr().out) == warned


def test_a_card_that_cannot_hold_the_weights_stops_the_run(qwen3, monkeypatch):
    monkeypatch.setattr("luth.core.devices.this_card", lambda: Card("card", 8 * GIB, 1e14, 1e12))
    with pytest.raises(UserError) as error:
        warn_if_too_small(Run(qwen3), None, None, numpy.full(1000, 592))
    assert error.value.code == "out-of-memory"


def test_a_sample_stands_for_all_rows():
    chance = numpy.random.default_rng(1)
    lengths = chance.exponential(500, 20_000).astype(int) + 10
    sample = lengths[:1000]
    found = counted([(20_000, list(sample), list(sample // 2))], 1500)
    kept = lengths[lengths <= 1500]
    assert found.total == pytest.approx(kept.sum(), rel=3 * found.error)
    assert 0.001 < found.error < 0.05 and found.longest is None and found.trained == pytest.approx(0.5, abs=0.01)
    every = counted([(1000, list(sample), list(sample // 2)), (1, [0], [0])], None, held_out=0.1)
    assert every.error == 0 and every.longest == sample.max()
    assert every.total == pytest.approx(0.9 * sample.sum())


def test_rows_that_cannot_be_trained_on_are_a_line():
    with pytest.raises(UserError) as error:
        counted([(3, [0, 0, 0], [0, 0, 0])], 100)
    assert error.value.code == "no-rows-left"


def test_max_steps_ends_a_run():
    card = Card("card", 80 * GIB, 1e15, 3e12)
    long, short = (make_plan(RECIPE | {"max_steps": steps}, QWEN3, card, TOKENS) for steps in (-1, 10))
    assert short.steps == 10 and long.steps == pytest.approx(3 * 338e6 / (24 * 16384 * 0.985), rel=0.01)
    assert long.hours / short.hours == pytest.approx(long.steps / 10)

"""What is said of a training's speed is what happened: tokens without padding, seconds of training alone."""

import re
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoModelForCausalLM, TrainerControl, TrainerState

from luth.core.devices import card_named
from luth.training import throughput
from luth.training.batch_order import GlobalBatches
from luth.training.throughput import Progress, Speed, flops_per_token
from tests.conftest import tiny_config

LENGTHS = [(7 * n) % 100 + 1 for n in range(47)]


def model(tied=True):
    config = tiny_config("llama", 600)
    config.tie_word_embeddings = tied
    return AutoModelForCausalLM.from_config(config)


def trainer(device="cpu", world_size=1, bf16=True):
    args = SimpleNamespace(device=torch.device(device), bf16=bf16, world_size=world_size)
    return SimpleNamespace(model=model(), args=args, sampler=GlobalBatches(LENGTHS, 10, 3, "group_by_length"))


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(throughput.time, "monotonic", lambda: now[0])
    return now


def tokens_of(step):
    """As the rows come out of the sampler, four steps an epoch."""
    sampler = GlobalBatches(LENGTHS, 10, 3, "group_by_length")
    sampler.set_epoch((step - 1) // 4)
    return sum(LENGTHS[row] for row in list(sampler)[(step - 1) % 4 * 10 :][:10])


@pytest.mark.parametrize("strategy", ["random", "group_by_length", "sequential"])
def test_the_tokens_of_a_batch_are_those_of_its_rows(strategy):
    sampler = GlobalBatches(LENGTHS, 10, 3, strategy)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        order = list(sampler)
        found = sampler.tokens(epoch)
        assert found == [sum(LENGTHS[row] for row in order[at : at + 10]) for at in range(0, 40, 10)]


@pytest.mark.parametrize("begin", [0, 6])
def test_speed_leaves_out_the_first_step_evaluations_and_checkpoints(begin, clock):
    speed = Speed(trainer())
    assert speed.facts() == {}
    for step in range(begin + 1, begin + 8):
        clock[0] += 50 if step == begin + 1 else 2
        speed.count(step)
        clock[0] += 300
        speed.leave_out()
    seen = sum(tokens_of(step) for step in range(begin + 2, begin + 8))
    assert (speed.tokens, speed.seconds) == (seen, pytest.approx(12))
    facts = speed.facts()
    assert facts["tokens_per_second"] == pytest.approx(seen / 12, abs=0.1) and facts["peak_memory_gib"] > 0.1
    assert "share_of_peak" not in facts
    last = tokens_of(begin + 7)
    assert speed.facts(seen - last, 10)["tokens_per_second"] == pytest.approx(last / 2, abs=0.1)


@pytest.mark.parametrize(("bf16", "card"), [(True, "H100"), (False, "H100"), (True, "V100 32GB"), (True, None)])
def test_the_share_of_peak_is_of_all_cards_that_are_known(bf16, card, clock, monkeypatch):
    monkeypatch.setattr(throughput, "this_card", lambda: card and card_named(card))
    monkeypatch.setattr(throughput, "peak_memory", lambda device: 23 * 2**30)
    speed = Speed(trainer("cuda", world_size=2, bf16=bf16))
    for step in (1, 2):
        # As long as a model of this size takes at half of two H100s' peak.
        clock[0] += tokens_of(step) * flops_per_token(speed.trainer.model) / 989e12
        speed.count(step)
    facts = speed.facts()
    assert facts["peak_memory_gib"] == 23
    assert facts.get("share_of_peak") == (0.5 if bf16 and card == "H100" else None)


def test_flops_are_six_a_parameter_of_a_product():
    tied, untied, frozen = model(), model(tied=False), model()
    embedding = untied.get_input_embeddings().weight.numel()
    assert flops_per_token(tied) == 6 * tied.num_parameters() == 6 * (untied.num_parameters() - embedding)
    assert flops_per_token(untied) == flops_per_token(tied)
    for parameter in frozen.model.layers.parameters():
        parameter.requires_grad_(False)
    layers = sum(parameter.numel() for parameter in frozen.model.layers.parameters())
    assert flops_per_token(frozen) == flops_per_token(tied) - 2 * layers


def drive(shown, clock, steps, begin=0, seconds=10.0, first=True):
    """Train from step `begin` on, with a log every step."""
    state = TrainerState(max_steps=steps, global_step=begin, is_world_process_zero=first)
    control = TrainerControl()
    shown.on_train_begin(None, state, control)
    for step in range(begin + 1, steps + 1):
        clock[0] += seconds
        state.global_step = step
        shown.on_step_end(None, state, control)
        shown.on_log(None, state, control, logs={"loss": 1.5, "learning_rate": 1e-5})
        if step == begin + 3:
            shown.on_log(None, state, control, logs={"eval_loss": 1.75})
            shown.on_evaluate(None, state, control)
    shown.on_log(None, state, control, logs={"train_runtime": 12.0})
    shown.on_train_end(None, state, control)


def test_without_a_bar_there_is_a_line_now_and_then(clock, capfd):
    drive(Progress(trainer(), bar=False), clock, steps=2000, begin=1990)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert [re.match(r"Step ([\d,]+) of 2,000: loss 1\.500", line)[1] for line in lines] == [
        "1,991", "1,994", "1,997", "2,000"
    ]  # fmt: skip
    assert err == "" and "{" not in out and "left" not in lines[0]
    rate = sum(map(tokens_of, (1995, 1996, 1997))) / 30
    assert f"{rate:,.0f} tokens/s" in lines[2] and "held-out loss 1.750" in lines[2] and "30 s left" in lines[2]
    assert "GiB" in lines[2] and "peak" not in lines[2]


def test_the_last_step_is_shown_however_soon(clock, capfd):
    drive(Progress(trainer(), bar=False), clock, steps=12, seconds=1.0)
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Step 1 of 12", "Step 12 of 12"] and "left" not in lines[-1]


def test_the_bar_begins_at_the_checkpoint_and_shows_the_speed(clock, capfd):
    drive(Progress(trainer(), bar=True), clock, steps=20, begin=12)
    out, err = capfd.readouterr()
    last = err.split("\r")[-1]
    assert out == "" and "12/20" in err and "20/20" in last and "\r  5%" not in err
    assert f"loss 1.500, held-out loss 1.750, {tokens_of(20) / 10:,.0f} tokens/s" in last


@pytest.mark.parametrize("bar", [True, False])
def test_the_other_processes_say_nothing(bar, clock, capfd):
    drive(Progress(trainer(), bar=bar), clock, steps=9, first=False)
    assert capfd.readouterr() == ("", "")


def test_a_trainer_of_trl_s_own_shows_no_tokens(clock, capfd):
    others = trainer()
    del others.sampler
    drive(Progress(others, bar=False), clock, steps=5)
    out = capfd.readouterr().out
    assert "Step 4 of 5: loss 1.500, held-out loss 1.750, " in out and "tokens" not in out

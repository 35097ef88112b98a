"""The loss is TRL's own, only cheaper."""

import math

import pytest
import torch
import torch.nn.functional as F
import transformers
from datasets import Dataset
from transformers import AutoConfig, AutoModelForCausalLM, PhiConfig
from trl import SFTConfig, SFTTrainer

from luth.core.errors import UserError
from luth.training.attention import VARLEN
from luth.training.batch_order import GlobalBatches
from luth.training.logits import LogitChange
from luth.training.trainer import MaskedSFTTrainer, require_hooks


@pytest.fixture
def batch():
    ids = torch.tensor([[5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 2, 2]])
    labels = torch.tensor([[-100, -100, 7, 8, -100, 10], [-100, 12, -100, 14, 2, -100]])
    attention = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]])
    return {"input_ids": ids, "labels": labels, "attention_mask": attention}


def trainer(kind, folder, tokenizer, output):
    rows = Dataset.from_list([{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}])
    config = SFTConfig(output_dir=str(output), use_cpu=True, bf16=False, report_to="none")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return kind(model=model, args=config, train_dataset=rows, processing_class=tokenizer)


@pytest.mark.parametrize("family", ["llama", "qwen3"])
@pytest.mark.parametrize("items", [None, 11])
def test_loss_and_gradients_equal_trl(family, items, make_model, tokenizer, batch, tmp_path):
    folder = make_model(tmp_path / "model", family)
    found = {}
    for kind in (SFTTrainer, MaskedSFTTrainer):
        one = trainer(kind, folder, tokenizer, tmp_path / kind.__name__)
        count = None if items is None else torch.tensor(items)
        loss = one.compute_loss(one.model, dict(batch), num_items_in_batch=count)
        loss.backward()
        found[kind] = loss.item(), {name: p.grad for name, p in one.model.named_parameters()}
    (theirs, their_gradients), (ours, our_gradients) = found[SFTTrainer], found[MaskedSFTTrainer]
    assert ours == pytest.approx(theirs, rel=1e-5)
    for name, gradient in their_gradients.items():
        torch.testing.assert_close(our_gradients[name], gradient, rtol=1e-3, atol=1e-6)


def test_loss_is_the_mean_cross_entropy_of_trained_tokens(make_model, tokenizer, batch, tmp_path):
    folder = make_model(tmp_path / "model")
    one = trainer(MaskedSFTTrainer, folder, tokenizer, tmp_path / "out")
    loss = one.compute_loss(one.model, dict(batch))
    with torch.no_grad():
        logits = one.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    log_probabilities = logits.log_softmax(-1)
    wanted = [
        -log_probabilities[row, at - 1, token].item()
        for row in range(2)
        for at, token in enumerate(batch["labels"][row].tolist())
        if token != -100
    ]
    assert loss.item() == pytest.approx(sum(wanted) / len(wanted), rel=1e-5)


def test_global_batches_are_random_and_their_micro_batches_of_like_length():
    lengths = [(7 * n) % 100 + 1 for n in range(200)]
    sampler = GlobalBatches(lengths, batch_size=20, seed=3, strategy="group_by_length")
    first, again = list(sampler), list(sampler)
    assert sorted(first) == list(range(200)) and first == again
    batches = [[lengths[row] for row in first[at : at + 20]] for at in range(0, 200, 20)]
    assert all(batch == sorted(batch, reverse=True) for batch in batches)
    padded = sum(4 * max(batch[at : at + 4]) for batch in batches for at in range(0, 20, 4))
    assert padded < 1.25 * sum(lengths)
    means = [sum(batch) / 20 for batch in batches]
    assert max(means) - min(means) < 40
    sampler.set_epoch(1)
    assert list(sampler) != first


@pytest.mark.parametrize("strategy", ["random", "group_by_length", "sequential"])
def test_only_whole_global_batches_are_seen_and_the_rest_changes_with_the_epoch(strategy):
    sampler = GlobalBatches(list(range(1, 48)), batch_size=10, seed=3, strategy=strategy)
    left_out = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        seen = list(sampler)
        assert len(seen) == len(sampler) == 40 and len(set(seen)) == 40
        left_out.append(tuple(sorted({*range(47)} - {*seen})))
    assert len(set(left_out)) == (1 if strategy == "sequential" else 3)


SMALL = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SMALL |= {"num_key_value_heads": 1, "head_dim": 16, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1}
# Factors and caps far enough from 1 and infinity that a loss without them is another one.
CHANGED = {
    "gemma2": {"final_logit_softcapping": 0.5},
    "gemma3_text": {"final_logit_softcapping": 0.7},
    "cohere": {"logit_scale": 3.0},
    "granite": {"logits_scaling": 0.2},
    "hyperclovax": {"logits_scaling": 5.0},
    "minicpm3": {"dim_model_base": 128, "num_key_value_heads": 2},
    "recurrent_gemma": {"logits_soft_cap": 0.5, "block_types": ["attention"]},
}


def small(family, tokenizer, folder):
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **{"vocab_size": len(tokenizer), **SMALL, **CHANGED.get(family, {})})
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        # The output projection's results are of the size of the caps.
        model.get_output_embeddings().weight.mul_(20)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", CHANGED)
def test_factors_and_caps_of_the_logits_are_in_the_loss_and_its_gradients(family, tokenizer, batch, tmp_path):
    one = trainer(MaskedSFTTrainer, small(family, tokenizer, tmp_path / "model"), tokenizer, tmp_path / "out")
    found = {}
    for kind in ("ours", "transformers"):
        one.model.zero_grad()
        if kind == "ours":
            loss = one.compute_loss(one.model, dict(batch))
        else:
            logits = one.model(**{key: batch[key] for key in ("input_ids", "attention_mask")}).logits
            loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten())
        loss.backward()
        found[kind] = loss.item(), [parameter.grad for parameter in one.model.parameters()]
    assert found["ours"][0] == pytest.approx(found["transformers"][0], rel=1e-5)
    assert abs(found["ours"][0] - math.log(len(tokenizer))) > 1e-3
    for ours, theirs in zip(found["ours"][1], found["transformers"][1], strict=True):
        assert (ours - theirs).norm() <= 1e-4 * theirs.norm()


def test_a_model_that_changes_its_logits_in_an_unknown_way_is_refused(tokenizer, batch, tmp_path, monkeypatch):
    one = trainer(MaskedSFTTrainer, small("gemma2", tokenizer, tmp_path / "model"), tokenizer, tmp_path / "out")
    one.change = LogitChange()
    with pytest.raises(UserError, match="gemma2 change their logits") as error:
        one.compute_loss(one.model, dict(batch))
    assert error.value.code == "unsupported-model"


@pytest.mark.parametrize("family", ["llama", "qwen3", "lfm2", "gemma2"])
def test_padding_on_the_right_needs_no_mask(family, tokenizer, batch, tmp_path):
    one = trainer(MaskedSFTTrainer, small(family, tokenizer, tmp_path / "model"), tokenizer, tmp_path / "out")
    assert not one.needs_mask
    found = []
    for one.needs_mask in (False, True):
        one.model.zero_grad()
        loss = one.compute_loss(one.model, dict(batch))
        loss.backward()
        found.append((loss.item(), [parameter.grad for parameter in one.model.parameters()]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for without, masked in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(without, masked, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("padding_free", [False, True])
def test_held_out_loss_is_the_mean_over_all_trained_tokens(padding_free, make_model, tokenizer, tmp_path):
    folder = make_model(tmp_path / "model")
    rows = [{"input_ids": [5 + n] * (n + 3), "labels": [-100] * (n % 3) + [5 + n] * (n + 3 - n % 3)} for n in range(7)]
    config = SFTConfig(
        output_dir=str(tmp_path / "out"),
        use_cpu=True,
        bf16=False,
        report_to="none",
        per_device_eval_batch_size=3,
        padding_free=padding_free,
        max_length=None,
    )
    attention = VARLEN if padding_free else "sdpa"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention)
    dataset = Dataset.from_list(rows)
    one = MaskedSFTTrainer(
        model=model, args=config, train_dataset=dataset, eval_dataset=dataset, processing_class=tokenizer
    )
    found = one.evaluate()["eval_loss"]
    model.set_attn_implementation("sdpa")
    total, count = 0.0, 0
    for row in rows:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0]
        labels = torch.tensor(row["labels"])
        total += F.cross_entropy(logits[:-1], labels[1:], ignore_index=-100, reduction="sum").item()
        count += int((labels[1:] != -100).sum())
    assert found == pytest.approx(total / count, rel=1e-5)


def test_a_model_whose_head_has_a_bias_is_refused(tokenizer, tmp_path):
    config = PhiConfig(vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "model")
    with pytest.raises(UserError, match=r"phi .*bias") as error:
        trainer(MaskedSFTTrainer, tmp_path / "model", tokenizer, tmp_path / "out")
    assert error.value.code == "unsupported-model"


def test_liger_patches_layers_and_never_the_loss(make_model, tokenizer, tmp_path):
    config = SFTConfig(
        output_dir=str(tmp_path / "out"), use_cpu=True, bf16=False, report_to="none", use_liger_kernel=True
    )
    rows = Dataset.from_list([{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}])
    model = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "model"), dtype=torch.float32)
    one = MaskedSFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)
    assert one.args.liger_kernel_config == {"fused_linear_cross_entropy": False}


def test_a_transformers_without_a_hook_is_named(monkeypatch):
    monkeypatch.setattr("luth.training.trainer.HOOKS", ("_get_train_sampler", "_get_other_sampler"))
    with pytest.raises(UserError, match=f"transformers {transformers.__version__} .*_get_other_sampler") as error:
        require_hooks()
    assert error.value.code == "wrong-version"

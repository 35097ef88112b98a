"""The loss is TRL's own, only cheaper."""

import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from luth.training.sampling import LengthGroupedBatches
from luth.training.trainer import MaskedSFTTrainer


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
    sampler = LengthGroupedBatches(lengths, batch_size=20, seed=3)
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

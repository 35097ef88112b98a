"""Log-likelihoods with a shared context are LightEval's own, to 1e-4 in fp32."""

import pytest
import torch
from accelerate import Accelerator
from lighteval.models.transformers.transformers_model import TransformersModel, TransformersModelConfig
from lighteval.tasks.requests import Doc
from transformers import AutoModelForCausalLM

from luth.evaluation.model import PURE_ATTENTION, SharedContextModel

DOCS = [
    Doc(query="Quelle couleur a le ciel ?", choices=["bleu", "rouge vif", "un", "deux trois quatre"], gold_index=0),
    Doc(query="Dis bonjour.", choices=["Bonjour à tous, et bienvenue parmi nous !"], gold_index=0),
    Doc(query="Oui ou non ? " * 20, choices=["Oui", "Non"], gold_index=1),
]


def score(kind, folder, cache):
    config = TransformersModelConfig(model_name=str(folder), batch_size=2, dtype="float32", cache_dir=str(cache))
    weights = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = kind.from_model(weights, config, Accelerator(cpu=True))
    return model._loglikelihood_tokens(DOCS)


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_equal_to_lighteval(family, make_model, tmp_path):
    assert family in PURE_ATTENTION
    folder = make_model(tmp_path / "model", family)
    theirs = score(TransformersModel, folder, tmp_path / "cache")
    ours = score(SharedContextModel, folder, tmp_path / "cache")
    for one, other in zip(theirs, ours, strict=True):
        count = len(other.logprobs)
        assert other.logprobs == pytest.approx(one.logprobs[:count], abs=1e-4)
        assert other.argmax_logits_eq_gold == one.argmax_logits_eq_gold[:count]


def test_lighteval_custom_builds_its_model_from_our_definition_file(make_model, tmp_path):
    from lighteval.models.custom.custom_model import CustomModelConfig
    from lighteval.models.model_loader import load_custom_model

    folder = make_model(tmp_path / "model")
    before = sorted(folder.rglob("*"))
    config = CustomModelConfig(model_name=str(folder), model_definition_file_path="src/luth/evaluation/custom.py")
    model = load_custom_model(config)
    responses = model._loglikelihood_tokens(DOCS)
    assert [len(response.logprobs) for response in responses] == [4, 1, 2]
    assert sorted(folder.rglob("*")) == before


def test_lighteval_finds_our_tasks_in_the_tasks_file():
    from lighteval.tasks.registry import Registry

    module = Registry.create_custom_tasks_module("src/luth/tasks.py")
    assert {task.name for task in module.TASKS_TABLE} >= {
        "arc_challenge_fr",
        "mmlu_fr",
        "math_500_fr",
        "demo_choice_fr",
    }

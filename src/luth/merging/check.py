"""What a merge must be given, and what it must give back."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from luth.errors import UserError
from luth.models import require_model

QUESTIONS = ("Quelle est la capitale de l'Italie\u00a0?", "What is the capital of Italy?")


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return each tensor's shape, read from the headers of a folder's safetensors files."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():
                found[name] = tuple(file.get_slice(name).get_shape())
    return found


def check_parents(names: list[str]) -> None:
    """Raise `UserError` unless all local parents are models of one family, with the same tensors and vocabulary."""
    for name in names:
        require_model(name)
    first = names[0]
    family, reference = _family(first), shapes(Path(first))
    for name in names[1:]:
        if _family(name) != family:
            raise UserError(f"{first} is a {family} model and {name} a {_family(name)}: only one family can be merged")
        other = shapes(Path(name))
        for tensor in sorted({*reference, *other}):
            if reference.get(tensor) != other.get(tensor):
                raise UserError(
                    f"{tensor} is {_shape(reference, tensor)} in {first} and {_shape(other, tensor)} in {name}: "
                    f"merge a model with one that was fine-tuned from it"
                )


def _shape(found: dict[str, tuple[int, ...]], tensor: str) -> str:
    return "x".join(map(str, found[tensor])) if tensor in found else "absent"


def _family(name: str) -> str:
    return json.loads((Path(name) / "config.json").read_text(encoding="utf-8")).get("model_type", "unknown")


def check_result(folder: Path, base: str) -> dict[str, str]:
    """Check a merged model against its base.

    Returns:
        the model's greedy answers to one French and one English question, at most 24 tokens each.

    Raises:
        UserError: tensors missing or of other shapes, values not finite, special tokens or chat template not the
            base's, a generation_config that transformers refuses, or no answer.
    """
    expected, found = shapes(Path(base)), shapes(folder)
    if found != expected:
        wrong = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
        raise UserError(f"the merge's tensors are not the base's: {', '.join(wrong[:3])}")
    ours, theirs = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(base)
    if ours.get_vocab() != theirs.get_vocab() or ours.special_tokens_map != theirs.special_tokens_map:
        raise UserError(f"the merge's vocabulary or special tokens are not those of {base}")
    if ours.chat_template != theirs.chat_template:
        raise UserError(f"the merge's chat template is not that of {base}: set chat_template in the recipe")
    GenerationConfig.from_pretrained(folder).validate()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    for name, tensor in model.named_parameters():
        if not tensor.isfinite().all():
            raise UserError(f"the merge's tensor {name} holds values that are not finite")
    answers = {}
    for question in QUESTIONS:
        inputs = ours.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = model.generate(**inputs, max_new_tokens=24, do_sample=False)
        answers[question] = ours.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()
        if not answers[question]:
            raise UserError(f"the merged model answers nothing to {question!r}")
    return answers

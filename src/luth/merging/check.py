"""Checks of the models that go into a merge, and of the model that comes out."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from luth.checkpoints.models import load_tokenizer, model_folder
from luth.core.errors import UserError, about
from luth.core.recipes import nearest
from luth.languages import known

GENERATION = "generation_config.json"


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return each tensor's shape, read from the headers of a folder's safetensors files.

    A head that is tied to the embeddings is left out: some checkpoints store it a second time.

    Raises:
        UserError: a file is not a safetensors file.
    """
    tensors: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with about(str(path)), safe_open(path, framework="pt") as file:
            tensors |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    if _is_tied(folder):
        tensors.pop("lm_head.weight", None)
    return tensors


def check_parents(names: list[str]) -> None:
    """Raise `UserError` unless all parents have one model family, and the same tensors and vocabulary.

    Parents on the Hub are downloaded, which MergeKit would do anyway.
    """
    folders = {name: model_folder(name) for name in names}
    first = names[0]
    family, reference = _family(folders[first]), shapes(folders[first])
    for name in names[1:]:
        other_family = _family(folders[name])
        if other_family != family:
            raise UserError(
                "bad-merge", f"{first} is a {family} model and {name} a {other_family}: only one family can be merged"
            )
        other = shapes(folders[name])
        for tensor in sorted({*reference, *other}):
            if reference.get(tensor) != other.get(tensor):
                raise UserError(
                    "bad-merge",
                    f"{tensor} is {_shape(reference, tensor)} in {first} and {_shape(other, tensor)} in {name}: "
                    f"merge a model with one that was fine-tuned from it",
                )
        ours, theirs = load_tokenizer(first), load_tokenizer(name)
        if ours.get_vocab() != theirs.get_vocab():
            raise UserError(
                "bad-merge",
                f"{first} and {name} have different vocabularies: merge a model with one that was fine-tuned from it",
            )


def check_filters(filters: list[str], names: list[str]) -> None:
    """Raise `UserError` for a filter that is part of no tensor's name: MergeKit ignores it without a word.

    Args:
        filters: the recipe's filters.
        names: the parents.
    """
    tensors = list(shapes(model_folder(names[0])))
    for name in filters:
        if name != "*" and not any(name in tensor for tensor in tensors):
            kinds = sorted({part for tensor in tensors for part in tensor.split(".")[3:-1]})
            raise UserError(
                "bad-recipe-value",
                f"the filter {name!r} is in no tensor's name of {names[0]}{nearest(name, kinds)}: "
                f"the names have {', '.join(kinds)}",
            )


def _shape(shapes_of: dict[str, tuple[int, ...]], tensor: str) -> str:
    return "x".join(map(str, shapes_of[tensor])) if tensor in shapes_of else "absent"


def _is_tied(folder: Path) -> bool:
    # Families name the key differently (LFM2: tie_embedding) and have different defaults: let transformers read it.
    return bool(AutoConfig.from_pretrained(folder).tie_word_embeddings)


def _family(folder: Path) -> str:
    return json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type", "unknown")


def check_result(folder: Path, base: str) -> dict[str, str]:
    """Check a merged model against its base.

    Returns:
        the model's greedy answers to the probe questions, at most 24 tokens each, by question.

    Raises:
        UserError: a tensor is missing, has another shape or values that are not finite; special tokens or chat
            template are not the base's; transformers refuses the generation_config; or an answer is empty.
    """
    expected, merged = shapes(model_folder(base)), shapes(folder)
    if merged != expected:
        wrong = [name for name in sorted({*expected, *merged}) if expected.get(name) != merged.get(name)]
        raise UserError(
            "bad-merge", f"tensors of the merge differ from the base's in name or shape: {', '.join(wrong[:3])}"
        )
    ours, theirs = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(base)
    if ours.get_vocab() != theirs.get_vocab() or ours.special_tokens_map != theirs.special_tokens_map:
        raise UserError("bad-merge", f"the merge's vocabulary or special tokens are not those of {base}")
    if ours.chat_template != theirs.chat_template:
        raise UserError(
            "bad-merge", f"the merge's chat template is not that of {base}: set chat_template in the recipe"
        )
    _check_generation_config(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if _is_tied(folder) != _is_tied(model_folder(base)):
        raise UserError("bad-merge", f"the merge's head is not tied to its embeddings as that of {base} is")
    for name, tensor in model.named_parameters():
        if not tensor.isfinite().all():
            raise UserError("bad-merge", f"the merge's tensor {name} holds values that are not finite")
    answers = {}
    for question in (language.probe for language in known().values()):
        inputs = ours.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = model.generate(**inputs, max_new_tokens=24, do_sample=False)
        answers[question] = ours.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()
        if not answers[question]:
            raise UserError("bad-merge", f"the merged model answers nothing to {question!r}")
    return answers


def _check_generation_config(folder: Path) -> None:
    if not (folder / GENERATION).exists():
        return
    try:
        GenerationConfig.from_pretrained(folder).validate()
    except ValueError as error:
        raise UserError("bad-merge", f"the merge's {GENERATION}, which is the base's, is not valid: {error}") from None

"""Checks of the model that comes out of a merge."""

import re
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from luth.checkpoints.models import is_tied, tensor_shapes
from luth.core.errors import UserError, about
from luth.languages import known
from luth.merging.recipe import makes_tokenizer

OF_LAYER = re.compile(r"(.*\blayers\.)(\d+)(\..*)")
VOCABULARY = ("embed_tokens.weight", "lm_head.weight")


def check_result(folder: Path, base: Path, recipe: dict[str, Any]) -> dict[str, str]:
    """Check a merged model against its base, and against what the recipe asks for.

    Args:
        folder: the merge's.
        base: the base's.
        recipe: MergeKit's. With `slices` the layers are those that it lists; with `tokenizer_source` or `tokenizer`
            the embeddings have the rows of the merge's own tokenizer; `chat_template` is the recipe's.

    Returns:
        the model's greedy answers to the probe questions, at most 24 tokens each, by question.

    Raises:
        UserError: a tensor is missing, has another shape or values that are not finite; special tokens or chat
            template are neither the base's nor asked for; or an answer is empty.
    """
    own_tokenizer = makes_tokenizer(recipe)
    with about(str(folder)):
        ours, theirs = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(base)
    expected, merged = _expected_shapes(base, recipe), tensor_shapes(folder)
    wrong = [name for name in sorted({*expected, *merged}) if expected.get(name) != merged.get(name)]
    if own_tokenizer:
        wrong = [name for name in wrong if not _has_rows_for(ours, merged.get(name), expected.get(name), name)]
    if wrong:
        raise UserError(
            "bad-merge", f"tensors of the merge have not the names and shapes that the recipe gives: {wrong[:3]}"
        )
    if not own_tokenizer and (
        ours.get_vocab() != theirs.get_vocab() or ours.special_tokens_map != theirs.special_tokens_map
    ):
        raise UserError("bad-merge", f"the merge's vocabulary or special tokens are not those of {base}")
    as_base = not own_tokenizer and not recipe.get("chat_template")
    if ours.chat_template is None or (as_base and ours.chat_template != theirs.chat_template):
        raise UserError(
            "bad-merge", f"the merge's chat template is not that of {base}: set chat_template in the recipe"
        )
    if is_tied(folder) != is_tied(base):
        raise UserError("bad-merge", f"the merge's head is not tied to its embeddings as that of {base} is")
    return _answers(folder, ours)


def _expected_shapes(base: Path, recipe: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes that a merge must have: the base's, with the layers that `slices` list."""
    tensors, slices = tensor_shapes(base), recipe.get("slices")
    if not slices:
        return tensors
    layers = [number for part in slices for number in range(*part["sources"][0]["layer_range"])]
    expected = {}
    for name, shape in tensors.items():
        found = OF_LAYER.fullmatch(name)
        if found is None:
            expected[name] = shape
            continue
        for place, number in enumerate(layers):
            if number == int(found[2]):
                expected[f"{found[1]}{place}{found[3]}"] = shape
    return expected


def _has_rows_for(tokenizer: Any, merged: Any, expected: Any, name: str) -> bool:
    """Tell whether embeddings that the recipe resizes have the base's width, and a row for every token."""
    if not name.endswith(VOCABULARY) or merged is None or expected is None:
        return False
    return merged[1:] == expected[1:] and merged[0] > max(tokenizer.get_vocab().values())


def _answers(folder: Path, tokenizer: Any) -> dict[str, str]:
    """Ask the probe questions; raise `UserError` where the model cannot be loaded or says nothing."""
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    except (ValueError, RuntimeError) as error:
        line = " ".join(str(error).split())[:300]
        raise UserError("bad-merge", f"transformers cannot load the merge: {line}") from error
    for name, tensor in model.named_parameters():
        if not tensor.isfinite().all():
            raise UserError("bad-merge", f"the merge's tensor {name} holds values that are not finite")
    answers = {}
    for question in (language.probe for language in known().values()):
        inputs = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = model.generate(**inputs, max_new_tokens=24, do_sample=False)
        length = inputs["input_ids"].shape[1]
        answers[question] = tokenizer.decode(output[0, length:], skip_special_tokens=True).strip()
        if not answers[question]:
            raise UserError("bad-merge", f"the merged model answers nothing to {question!r}")
    return answers

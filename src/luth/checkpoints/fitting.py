"""A base model in the form of one that was fine-tuned from it: its tokens, its chat template, its text part alone.

A base from the Hub often has no chat template, lacks the tokens that one needs, or lies in a shell with a vision model
(Qwen3.5). What was fine-tuned from it has the template and the tokens, and no shell. To compare or merge the two:

- the rows of embeddings and head are the fine-tuned model's for tokens that the base lacks;
- tokenizer, template and stop tokens are the fine-tuned model's;
- of a shell, the text model is taken, as transformers does for a causal language model; so it is of two shells that
  also have heads for several tokens, which would be lost without a word.

All other weights are the base's, bit for bit.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerBase

from luth.checkpoints.models import load_tokenizer, mend_generation_config, model_folder, read_tensor, tensor_files
from luth.core.errors import UserError, about

# Heads that guess several tokens at once: transformers does not load them, and MergeKit leaves them out.
SPARE = "mtp."
STOPS = ("bos_token_id", "eos_token_id", "pad_token_id")


@dataclass(frozen=True)
class Fit:
    """What a parent of a merge is given before.

    Parameters:
        reference: the model whose tokenizer and template it takes; its own name where it keeps its own.
        tokens: the ids of tokens that it lacks.
        reason: in words.
    """

    reference: str
    tokens: list[int]
    reason: str


def fits(names: list[str], tokenizers_alike: bool = True) -> dict[str, Fit]:
    """Return what parents of one merge must be given to be alike, by name; a parent that needs nothing is left out.

    The reference is the parent with a chat template and the most tokens; of several the first.

    Args:
        names: folders or Hub ids.
        tokenizers_alike: whether tokens and chat template are to be alike too.
    """
    tokenizers: dict[str, Any] = {name: load_tokenizer(name) for name in names}
    with_template = [name for name in names if tokenizers[name].chat_template] or names
    reference = max(with_template, key=lambda name: len(tokenizers[name]))
    nested = {name: _in_shell(model_folder(name)) for name in names}
    spare = {name: any(tensor.startswith(SPARE) for tensor in tensor_files(model_folder(name))) for name in names}
    text_only = any(spare.values()) or any("text_config" not in _config(model_folder(name)) for name in names)
    needed = {}
    for name in names:
        reasons = []
        lacked = lacking(tokenizers[name], tokenizers[reference]) if tokenizers_alike else []
        no_template = tokenizers_alike and not tokenizers[name].chat_template and name != reference
        if lacked:
            reasons.append(f"{len(lacked)} token{'s' * (len(lacked) > 1)} ({_named(tokenizers[reference], lacked)})")
        if lacked or no_template:
            reasons.append("the chat template")
        taken = f"takes {' and '.join(reasons)} of {reference}" if reasons else ""
        shell = "is read without its heads for several tokens" if spare[name] else ""
        if text_only and nested[name]:
            shell = "is read without its vision model"
        if taken or shell:
            said = f"{name} {' and '.join(part for part in (taken, shell) if part)}"
            needed[name] = Fit(reference if taken else name, lacked, said)
    return needed


def lacking(tokenizer: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids of the tokens that another tokenizer has besides; empty where they have different ids."""
    ours, theirs = tokenizer.get_vocab(), other.get_vocab()
    if not ours.items() <= theirs.items():
        return []
    return sorted(set(theirs.values()) - set(ours.values()))


def fit(name: str, how: Fit, folder: Path) -> None:
    """Write a model in the form that `fits` asks for, in its own dtype, with the tensor names of a text model.

    Raises:
        UserError: the reference has no rows for the tokens.
    """
    with about(name):
        model = AutoModelForCausalLM.from_pretrained(model_folder(name), dtype="auto")
    reference = model_folder(how.reference)
    if how.reference != name:
        take_tokens(model, how.tokens, reference)
        theirs = AutoConfig.from_pretrained(reference).get_text_config()
        for key in STOPS:
            setattr(model.config, key, getattr(theirs, key))
        if (reference / "generation_config.json").is_file():
            model.generation_config = GenerationConfig.from_pretrained(reference)
    mend_generation_config(model.generation_config)
    # A model that was read from a shell would be written with the shell's names.
    model.save_pretrained(folder, save_original_format=False)
    load_tokenizer(how.reference).save_pretrained(folder)


def take_missing_tokens(model: Any, name: str, revision: str | None, reference: str) -> None:
    """Give a loaded model the rows for those tokens of another model's tokenizer that its own lacks.

    Raises:
        UserError: the two tokenizers give one token different ids, or the other model has no such rows.
    """
    own, other = load_tokenizer(name, revision), load_tokenizer(reference)
    if not own.get_vocab().items() <= other.get_vocab().items():
        raise UserError(
            "bad-model", f"tokenizer: {reference} has not the vocabulary of {name}: name a model fine-tuned from it"
        )
    take_tokens(model, lacking(own, other), model_folder(reference))


@torch.no_grad()
def take_tokens(model: Any, tokens: list[int], source: Path) -> None:
    """Give a loaded model another's rows of embeddings and head for some tokens, and as many rows, if it has fewer.

    Args:
        model: a causal language model.
        tokens: ids.
        source: the other model's folder.

    Raises:
        UserError: the other has no such rows, or rows of another width.
    """
    if not tokens:
        return
    files, rows = tensor_files(source), len(model.get_input_embeddings().weight)
    layers = [model.get_input_embeddings(), model.get_output_embeddings()]
    layers = layers[:1] if layers[1] is None or layers[1].weight is layers[0].weight else layers
    taken = []
    for layer in layers:
        own = next(key for key, value in model.named_parameters() if value is layer.weight)
        found = [key for key in files if key.endswith(own.removeprefix("model."))]
        theirs = read_tensor(files[found[0]], found[0]) if found else torch.empty(0, 0)
        if theirs.shape[1] != layer.weight.shape[1] or len(theirs) <= max(tokens):
            raise UserError("bad-model", f"{source} has no rows of {own} for the tokens that are to be taken from it")
        taken.append(theirs)
    if len(taken[0]) > rows:
        model.resize_token_embeddings(len(taken[0]), mean_resizing=False)
    for theirs, get in zip(taken, (model.get_input_embeddings, model.get_output_embeddings), strict=False):
        which, weight = sorted({*tokens, *range(rows, len(theirs))}), get().weight
        weight[which] = theirs[which].to(weight)


def _config(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def _in_shell(folder: Path) -> bool:
    """Tell whether a model lies in a shell, or has the tensor names that it had in one."""
    return "text_config" in _config(folder) or any("language_model." in name for name in tensor_files(folder))


def _named(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    shown = ", ".join(map(str, tokenizer.convert_ids_to_tokens(ids[:3])))
    return shown + (", ..." if len(ids) > 3 else "")

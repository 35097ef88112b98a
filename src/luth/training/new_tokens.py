"""Tokens that a base model's vocabulary lacks and its chat template needs: added, and trained from the mean."""

import re
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from luth.core.console import say
from luth.core.errors import UserError

# As families write them: <|im_start|>, <|end|>.
TOKEN = re.compile(r"<\|\w+\|>")


def set_end_of_turn(
    tokenizer: PreTrainedTokenizerBase, eos_token: str | None, template: str, name: str, adapter: bool
) -> list[str]:
    """Make the recipe's `eos_token` the tokenizer's; where the vocabulary lacks it, add the template's tokens.

    Args:
        tokenizer: the model's, changed in place.
        eos_token: None leaves the tokenizer as it is.
        template: the text of the chat template.
        name: the model's.
        adapter: whether an adapter alone is trained, which has no rows for new tokens.

    Returns:
        the tokens that are new.

    Raises:
        UserError: neither vocabulary nor template has the token, or an adapter is trained.
    """
    added: list[str] = []
    if eos_token is None:
        return added
    if eos_token not in tokenizer.get_vocab():
        written = dict.fromkeys(TOKEN.findall(template))
        if eos_token not in written:
            raise UserError(
                "bad-recipe-value",
                f"eos_token: neither {name} nor the chat template has a token {eos_token!r}: name one that it has",
            )
        if adapter:
            raise UserError(
                "bad-recipe-value",
                f"eos_token: {name} has no token {eos_token!r}, and an adapter trains no rows for new tokens: set "
                f"use_peft to false, or choose a model that has the template's tokens",
            )
        added = [token for token in written if token not in tokenizer.get_vocab()]
        tokenizer.add_special_tokens({"additional_special_tokens": added}, replace_extra_special_tokens=False)
        say(f"{name} lacks tokens of the chat template, which are added to its vocabulary: {', '.join(added)}.")
    tokenizer.eos_token = eos_token
    return added


def give_rows(model: Any, tokenizer: PreTrainedTokenizerBase, seed: int) -> None:
    """Give a loaded model rows for all tokens: as transformers does, near the mean of the others, by the seed.

    A tied head stays tied.

    Args:
        model: on the CPU or sharded; it has fewer or as many rows.
        tokenizer: with the new tokens.
        seed: the same in all processes.
    """
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) <= rows:
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model.resize_token_embeddings(len(tokenizer))
    say(f"The embeddings get {len(tokenizer) - rows} rows for them, near the mean of the {rows} others.")

"""Mistakes that would show when hours of training are spent: checked before the model is loaded."""

import copy
from typing import Any

import torch
from datasets import Dataset
from pyarrow import compute
from transformers import Trainer, get_scheduler
from trl import ModelConfig, SFTConfig

from luth.checkpoints.models import is_tied, load_config
from luth.core.errors import UserError

HEADS = ("embed_tokens", "lm_head")


def require_optimiser(settings: SFTConfig, path: str) -> None:
    """Raise `UserError` unless the optimiser and the schedule can be built: they are, for one parameter.

    Optimisers that look at the model's layers (GaLore, Apollo, LOMO) are left to the trainer.

    Args:
        settings: the recipe's.
        path: the recipe's file.
    """
    problems = (ValueError, TypeError, ImportError, RuntimeError, AttributeError)
    specific: Any = settings.lr_scheduler_kwargs
    parameter = torch.nn.Parameter(torch.zeros(1))
    try:
        optimiser: torch.optim.Optimizer = torch.optim.SGD([parameter], lr=settings.learning_rate)
        if not any(name in str(settings.optim) for name in ("galore", "apollo", "lomo")):
            chosen, arguments = Trainer.get_optimizer_cls_and_kwargs(settings)
            chosen([parameter], **arguments)
            without: Any = copy.copy(settings)
            without.optim_args = None
            if settings.optim_args and Trainer.get_optimizer_cls_and_kwargs(without) == (chosen, arguments):
                raise ValueError(f"it reads nothing of optim_args: {settings.optim_args}")
    except problems as error:
        raise UserError("bad-recipe-value", f"{path}: optim: {_value(settings.optim)}: {_line(error)}") from error
    try:
        get_scheduler(
            settings.lr_scheduler_type,
            optimizer=optimiser,
            num_warmup_steps=settings.get_warmup_steps(100),
            num_training_steps=100,
            scheduler_specific_kwargs=specific,
        )
    except problems as error:
        kind = _value(settings.lr_scheduler_type)
        raise UserError(
            "bad-recipe-value",
            f"{path}: lr_scheduler_type: {kind}: {_line(error)} (see lr_scheduler_kwargs)",
        ) from error


def require_rows_for_tokens(rows: Dataset, tokens: int, name: str, revision: str | None = None) -> None:
    """Raise `UserError` where a row has a token for which the model's embeddings have no row.

    Args:
        rows: with the column `input_ids`.
        tokens: how many the embeddings will be given at least; 0 where no token is new.
        name: the model's.
        revision: its revision on the Hub.
    """
    has = max(tokens, load_config(name, revision).get_text_config().vocab_size)
    highest = max(
        compute.max(compute.list_flatten(chunk)).as_py() or 0 for chunk in rows.data.column("input_ids").chunks
    )
    if highest >= has:
        raise UserError(
            "bad-model",
            f"the tokenizer of {name} makes the token id {highest}, and the model has embeddings for ids up to "
            f"{has - 1}: take the tokenizer that belongs to the model, or resize the embeddings and save the model",
        )


def require_tied_adapter(model: ModelConfig, name: str) -> None:
    """Raise `UserError` where an adapter would train embeddings and head apart that the model has tied."""
    wanted = [part.rsplit(".", 1)[-1] for part in model.lora_modules_to_save or []] if model.use_peft else []
    found = [part for part in wanted if part in HEADS]
    if found and is_tied(name, model.model_revision):
        raise UserError(
            "bad-recipe-value",
            f"lora_modules_to_save: {found[0]}: the head of {name} is tied to its embeddings, and the adapter would "
            f"train one of them apart: leave it out, or set use_peft to false",
        )


def _value(name: Any) -> str:
    return str(getattr(name, "value", name))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]

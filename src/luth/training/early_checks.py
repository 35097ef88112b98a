"""Mistakes that would show when hours of training are spent: checked before the model is loaded."""

import copy
from typing import Any

import torch
from datasets import Dataset
from peft.tuners.tuners_utils import check_target_module_exists
from pyarrow import compute
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PreTrainedTokenizerBase, Trainer, get_scheduler
from trl import ModelConfig, SFTConfig

from luth.checkpoints.models import is_tied, load_config
from luth.core.errors import UserError
from luth.training.adapter import adapter_config


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


def require_rows_for_tokens(parts: list[Dataset | None], tokens: int, name: str, revision: str | None = None) -> None:
    """Raise `UserError` where a row has a token for which the model's embeddings have no row.

    Args:
        parts: to train on and held out, with the column `input_ids`.
        tokens: how many the embeddings will be given at least; 0 where no token is new.
        name: the model's.
        revision: its revision on the Hub.
    """
    has = max(tokens, load_config(name, revision).get_text_config().vocab_size)
    highest = max(
        compute.max(compute.list_flatten(chunk)).as_py() or 0
        for rows in parts
        if rows is not None
        for chunk in rows.data.column("input_ids").chunks
    )
    if highest >= has:
        raise UserError(
            "bad-model",
            f"the tokenizer of {name} makes the token id {highest}, and the model has embeddings for ids up to "
            f"{has - 1}: take the tokenizer that belongs to the model, or resize the embeddings and save the model",
        )


def require_padding(
    tokenizer: PreTrainedTokenizerBase, pad_token: str | None, tokens: int, name: str, revision: str | None = None
) -> None:
    """Raise `UserError` unless rows can be padded: by a token that the vocabulary and the embeddings have.

    Args:
        tokenizer: with its end-of-turn token.
        pad_token: the recipe's; None is the tokenizer's own, or else its end-of-turn token.
        tokens: as `require_rows_for_tokens` takes it.
        name: the model's.
        revision: its revision on the Hub.
    """
    token = str(pad_token or tokenizer.pad_token or tokenizer.eos_token)
    number = tokenizer.get_vocab().get(token)
    has = max(tokens, load_config(name, revision).get_text_config().vocab_size)
    if number is None or number >= has:
        what = "is not in the vocabulary" if number is None else f"has the id {number}, beyond the embeddings ({has})"
        raise UserError(
            "bad-recipe-value",
            f"pad_token: {token!r} {what} of {name}: set pad_token: {tokenizer.eos_token!r} (no padding is trained)",
        )


def require_adapter(model: ModelConfig, name: str) -> None:
    """Raise `UserError` where an adapter names a module that the model has not, or parts what the model has tied.

    PEFT takes no notice of a name that nothing has, as long as another one has something.
    """
    config = adapter_config(model)
    if config is None:
        return
    # Not AutoModelForCausalLM.from_config, which under ZeRO-3 shares the weights out, and here are none.
    description = load_config(name, model.model_revision)
    family: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(description)]
    with torch.device("meta"):
        skeleton = family(description)
    modules = [key for key, _ in skeleton.named_modules() if key]
    parameters = [key for key, _ in skeleton.named_parameters()]
    targets = config.target_modules if isinstance(config.target_modules, set) else set()
    saved = config.modules_to_save or []
    for key, wanted, names in (
        ("lora_target_modules", sorted(targets), modules),
        ("lora_target_parameters", config.target_parameters or [], parameters),
        ("lora_modules_to_save", saved, modules),
    ):
        missing = [part for part in wanted if not any(f".{each}".endswith(f".{part}") for each in names)]
        if missing:
            has = dict.fromkeys(last for each in names if not (last := each.rsplit(".", 1)[-1]).isdigit())
            raise UserError("bad-recipe-value", f"{key}: {name} has no {missing[0]!r}: it has {', '.join(has)}")
    ends = (skeleton.get_input_embeddings(), skeleton.get_output_embeddings())
    for module in [key for key, each in skeleton.named_modules() if any(each is end for end in ends)]:
        where = "lora_modules_to_save" if any(module.endswith(part) for part in saved) else "lora_target_modules"
        aimed = config.target_modules is not None and check_target_module_exists(config, module)
        if where == "lora_target_modules" and not aimed:
            continue
        if is_tied(name, model.model_revision):
            raise UserError(
                "bad-recipe-value",
                f"{where}: {module.rsplit('.', 1)[-1]}: the head of {name} is tied to its embeddings, and the adapter "
                f"would train one of them apart: leave it out, or set use_peft to false",
            )


def _value(name: Any) -> str:
    return str(getattr(name, "value", name))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]

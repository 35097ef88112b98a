"""From a recipe and the command line to TRL's argument classes, strictly."""

import dataclasses
import os
from dataclasses import dataclass
from typing import Any, NoReturn

from trl import DatasetMixtureConfig, ModelConfig, SFTConfig, TrlParser

from luth.errors import UserError
from luth.recipe import nearest, problems, read_recipe, refuse

USAGE = "scripts/sft.py RECIPE [--key value ...]"


@dataclass
class BatchArguments:
    """The one key that is ours.

    Parameters:
        global_batch_size (`int`):
            Sequences (packs, when packing) per optimiser step over all processes. The gradient accumulation follows
            from it, `per_device_train_batch_size` and the number of processes.
    """

    global_batch_size: int


SCHEMAS = (BatchArguments, SFTConfig, ModelConfig, DatasetMixtureConfig)
# Derived, not chosen; a token belongs in the environment, where no run.json or card can show it.
REFUSED = {
    "gradient_accumulation_steps": "it follows from global_batch_size, per_device_train_batch_size and the processes",
    "hub_token": "set HF_TOKEN in the environment",
    "resume_from_checkpoint": "the same command goes on from the last checkpoint by itself",
    "dataset_kwargs": "rows are always prepared here, so that masks and dropped rows are known",
    "streaming": "rows are counted and checked before training",
    "test_split_size": "no held-out split is evaluated during training yet",
    "eval_strategy": "no held-out split is evaluated during training yet",
    "loss_type": "the loss is the mean negative log-likelihood of the trained tokens",
    "label_smoothing_factor": "the loss is the mean negative log-likelihood of the trained tokens",
    "data_seed": "seed decides the order of the rows",
}


@dataclass
class SFTArguments:
    """Everything one fine-tuning run needs, and `recipe`: the settings as given, for run.json."""

    training: SFTConfig
    model: ModelConfig
    mixture: DatasetMixtureConfig
    global_batch_size: int
    recipe: dict[str, Any]


class _Parser(TrlParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}: usage: {USAGE}")


def recipe_problems(recipe: dict[str, Any]) -> list[str]:
    """List keys that nothing reads, that are refused or missing, and values of the wrong type."""
    found = [f"{key} is not set in a recipe: {why}" for key, why in REFUSED.items() if key in recipe]
    found += problems(recipe, *SCHEMAS)
    for key in ("model_name_or_path", "output_dir", "datasets", "chat_template_path"):
        if not recipe.get(key):
            found.append(f"the key {key!r} is missing")
    if recipe.get("assistant_only_loss") is not True:
        found.append("set assistant_only_loss: true: training covers assistant turns only")
    if "token" in str(recipe.get("model_init_kwargs") or ""):
        found.append("model_init_kwargs holds a token: set HF_TOKEN in the environment instead")
    return found


def parse(arguments: list[str]) -> SFTArguments:
    """Parse `RECIPE [--key value ...]` or `--config RECIPE [--key value ...]`; the command line wins.

    Raises:
        UserError: anything that the libraries would refuse, or take no notice of.
    """
    path, overrides = _split(arguments)
    recipe = read_recipe(path)
    refuse(path, recipe_problems(recipe))
    parser = _Parser(SCHEMAS, allow_abbrev=False)
    known = {action.dest for action in parser._actions}
    for word in overrides:
        key = word[2:].split("=")[0]
        if word.startswith("--") and key not in known:
            raise UserError(f"unknown key --{key}{nearest(key, known)}: usage: {USAGE}")
        if word.startswith("--") and key in REFUSED:
            raise UserError(f"--{key} is not set by hand: {REFUSED[key]}")
    parser.set_defaults_with_config(**recipe)
    chosen, _ = parser.parse_known_args(overrides)
    accumulation = accumulation_steps(chosen.global_batch_size, chosen.per_device_train_batch_size)
    parser.set_defaults_with_config(gradient_accumulation_steps=accumulation)
    if not chosen.use_cpu:
        _require_accelerator(path)
    try:
        batch, training, model, mixture = parser.parse_args_into_dataclasses(overrides)
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: {error}") from error
    if not training.assistant_only_loss:
        raise UserError("--assistant_only_loss false: training covers assistant turns only")
    if training.n_gpu > 1:
        raise UserError(
            f"one process sees {training.n_gpu} GPUs: start one a GPU with accelerate launch --num_processes "
            f"{training.n_gpu}, or let it see one with CUDA_VISIBLE_DEVICES=0"
        )
    given = {key: _plain(getattr(chosen, key)) for key in sorted({*recipe, *_keys(overrides)})}
    return SFTArguments(training, model, mixture, batch.global_batch_size, given)


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    if arguments and not arguments[0].startswith("--"):
        return arguments[0], arguments[1:]
    if "--config" in arguments[:-1]:
        at = arguments.index("--config")
        return arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    raise UserError(f"no recipe given: usage: {USAGE}")


def _keys(overrides: list[str]) -> list[str]:
    return [word[2:].split("=")[0] for word in overrides if word.startswith("--")]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | dict | None) else str(value)


def accumulation_steps(global_batch_size: int, per_device: int) -> int:
    """Return micro-batches per optimiser step and process.

    Raises:
        UserError: the processes do not divide the global batch.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    steps, rest = divmod(global_batch_size, per_device * processes)
    if rest or steps < 1:
        raise UserError(
            f"global_batch_size {global_batch_size} is not a multiple of per_device_train_batch_size {per_device} x "
            f"{processes} process(es): change one of them, for example --per_device_train_batch_size 1"
        )
    return steps


def _require_accelerator(path: str) -> None:
    import torch

    if not torch.accelerator.is_available():
        raise UserError(
            f"{path} is for a GPU and this machine has none that PyTorch can see: run it where there is one, "
            f"or add --use_cpu true to try it here"
        )

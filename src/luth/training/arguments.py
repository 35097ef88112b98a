"""From a recipe and the command line to TRL's argument classes, strictly."""

import dataclasses
import importlib.util
import os
import re
import sys
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic import TypeAdapter
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from trl import DatasetMixtureConfig, ModelConfig, SFTConfig, TrlParser
from trl.scripts.utils import DatasetConfig

from luth.core.errors import UserError
from luth.core.recipes import nearest, problems, refuse
from luth.training.attention import VARLEN

USAGE = "scripts/sft.py RECIPE [--key value ...]"


@dataclass
class LuthArguments:
    """The keys that are ours.

    Parameters:
        global_batch_size (`int`):
            Sequences (packs, when packing) per optimiser step over all processes. The gradient accumulation follows
            from it, `per_device_train_batch_size` and the number of processes.
        max_dropped_fraction (`float`, *optional*, defaults to `0.01`):
            Share of a source's rows that may be left out, because they are longer than `max_length` or no
            conversations. More than that stops the run before training.
        preview (`int`, *optional*):
            Print this many rows with their tokens coloured by mask, and the data report; train nothing.
    """

    global_batch_size: int
    max_dropped_fraction: float = 0.01
    preview: int | None = None


@dataclass
class Source(DatasetConfig):
    """A dataset of the mixture: TRL's keys and three more.

    Parameters:
        revision (`str`, *optional*):
            Commit, branch or tag of a dataset on the Hub.
        rows (`int`, *optional*):
            How many rows the source must have, before `fraction`: another number stops the run.
        rename (`dict[str, str]`, *optional*):
            Columns to rename, old name to new, after `columns` were selected. The conversation's column must end up
            as `messages`; `tools` and `chat_template_kwargs` are read where they are there.
    """

    revision: str | None = None
    rows: int | None = None
    rename: dict[str, str] | None = None


@dataclass
class Mixture(DatasetMixtureConfig):
    """TRL's mixture, of our sources."""

    datasets: list[Source] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the sources from what YAML gives."""
        self.datasets = [TypeAdapter(Source).validate_python(source) for source in self.datasets]


SCHEMAS = (LuthArguments, SFTConfig, ModelConfig, Mixture)
TOKENISED_HERE = "rows are tokenised and masked here, by chat_template_path"
NOT_EXACT = "a resumed run would not be the uninterrupted one"
BY_LAUNCH = "how to distribute is the launch's to say: accelerate_configs/"
LOSS = "the loss is the mean negative log-likelihood of the trained tokens"
# What is derived and not chosen, what would be ignored, and what would break a promise of this script.
REFUSED = {
    "gradient_accumulation_steps": "it follows from global_batch_size, per_device_train_batch_size and the processes",
    "hub_token": "set HF_TOKEN in the environment, where no run.json or card can show it",
    "resume_from_checkpoint": "the same command goes on from the last checkpoint by itself",
    "dataset_kwargs": TOKENISED_HERE,
    "dataset_text_field": TOKENISED_HERE,
    "completion_only_loss": TOKENISED_HERE,
    "shuffle_dataset": "train_sampling_strategy decides the order",
    "truncation_mode": "rows are never cut: those longer than max_length are dropped and counted",
    "eval_packing": "the held-out rows are evaluated one by one",
    "streaming": "rows are counted and checked before training",
    "loss_type": LOSS,
    "label_smoothing_factor": LOSS,
    "average_tokens_across_devices": LOSS,
    "data_seed": "seed decides the order of the rows",
    "ignore_data_skip": NOT_EXACT,
    "save_only_model": NOT_EXACT,
    "auto_find_batch_size": "it would change the batch",
    "logging_nan_inf_filter": "a loss that is not a number stops the run",
    "hub_always_push": "a push that is under way is never doubled",
    "deepspeed": BY_LAUNCH,
    "fsdp": BY_LAUNCH,
    "fsdp_config": BY_LAUNCH,
}


@dataclass
class SFTArguments:
    """Everything one fine-tuning run needs, and `recipe`: the settings as given, for run.json."""

    training: SFTConfig
    model: ModelConfig
    mixture: Mixture
    luth: LuthArguments
    recipe: dict[str, Any]
    path: str


class _Parser(TrlParser):
    def error(self, message: str) -> NoReturn:
        raise UserError("bad-recipe-value", f"{message}: usage: {USAGE}")


def recipe_problems(recipe: dict[str, Any]) -> list[str]:
    """List keys that nothing reads, that are refused or missing, and values of the wrong type or that clash."""
    found = [f"{key} is not set in a recipe: {why}" for key, why in REFUSED.items() if key in recipe]
    found += problems(recipe, *SCHEMAS)
    for key in ("model_name_or_path", "output_dir", "datasets", "chat_template_path"):
        if not recipe.get(key):
            found.append(f"the key {key!r} is missing")
    return found + _clashes(recipe)


DTYPES = ("float32", "bfloat16", "auto")


def _clashes(recipe: dict[str, Any]) -> list[str]:
    packed = recipe.get("packing") or recipe.get("padding_free")
    sources = recipe.get("datasets") if isinstance(recipe.get("datasets"), list) else []
    sources = [source for source in sources if isinstance(source, dict)]
    fractions = [source.get("fraction") for source in sources]
    given = [fraction for fraction in fractions if isinstance(fraction, int | float)]
    evaluated = recipe.get("eval_strategy", "no") not in ("no", False)
    strategy = recipe.get("hub_strategy", "every_save")
    dropped, batch = recipe.get("max_dropped_fraction", 0), recipe.get("per_device_train_batch_size", 1)
    epochs = recipe.get("num_train_epochs", 3)
    clashes = [
        (
            re.search(r"['\"](use_auth_)?token['\"]", str(recipe.get("model_init_kwargs") or "")),
            "model_init_kwargs holds a token: set HF_TOKEN in the environment instead",
        ),
        (
            isinstance(dropped, int | float) and not 0 <= dropped <= 1,
            "max_dropped_fraction is a share of the rows, from 0 to 1",
        ),
        (
            isinstance(epochs, int | float) and epochs <= 0 and (recipe.get("max_steps") or 0) <= 0,
            "num_train_epochs is above 0, unless max_steps says how long to train",
        ),
        (
            any(recipe.get(key) for key in ("hub_model_id", "hub_revision")) and not recipe.get("push_to_hub"),
            "hub_model_id and hub_revision do nothing without push_to_hub: true",
        ),
        (isinstance(batch, int) and batch < 1, "per_device_train_batch_size is at least 1"),
        *(
            (isinstance(recipe.get(key), int) and recipe[key] < 1, f"{key} is at least 1")
            for key in ("global_batch_size", "max_length")
        ),
        (recipe.get("dtype", "float32") not in DTYPES, f"dtype is one of {', '.join(DTYPES)}"),
        (
            not recipe.get("use_peft") and any(key.startswith(("lora_", "load_in_")) for key in recipe),
            "lora_ and load_in_ keys do nothing without use_peft: true",
        ),
        (isinstance(recipe.get("preview"), bool), "preview is a number of rows"),
        (
            recipe.get("assistant_only_loss") is not True,
            "set assistant_only_loss: true: only assistant turns are trained",
        ),
        (recipe.get("packing_strategy", "bfd") != "bfd", "packing_strategy: only bfd packs whole rows"),
        (
            recipe.get("attn_implementation") == VARLEN and not packed,
            f"attn_implementation: {VARLEN} is for packing: true or padding_free: true",
        ),
        (
            recipe.get("packing") and recipe.get("max_length", 1024) is None,
            "packing: true needs max_length, the length of a pack",
        ),
        (
            packed and recipe.get("pad_to_multiple_of"),
            "pad_to_multiple_of pads, which packing: true and padding_free: true do without",
        ),
        (recipe.get("fp16"), "fp16: the loss makes its gradients before fp16 would scale them: set bf16: true"),
        (
            recipe.get("train_sampling_strategy") == "batch_rebalance",
            "train_sampling_strategy: batch_rebalance makes the batches depend on the processes",
        ),
        (evaluated and not recipe.get("test_split_size"), "eval_strategy needs a held-out part: set test_split_size"),
        (
            recipe.get("test_split_size") and not evaluated,
            "test_split_size holds rows out that nothing evaluates: set eval_strategy",
        ),
        (
            isinstance(recipe.get("preview"), int) and recipe["preview"] < 0,
            "preview is a number of rows: 0 prints the data report alone",
        ),
        (
            0 < len(given) < len(fractions),
            "fraction is set for some datasets and not for others: set it for all or none",
        ),
        (not all(fraction > 0 for fraction in given), "the fractions of the datasets must be positive"),
        (
            strategy not in ("end", "every_save"),
            f"hub_strategy: {strategy} uploads pickled optimiser states: end and every_save do not",
        ),
    ]
    return [words for clash, words in clashes if clash]


def parse(path: str, recipe: dict[str, Any], overrides: list[str]) -> SFTArguments:
    """Make the libraries' arguments of a recipe's keys and of `--key value` pairs, which win.

    Raises:
        UserError: anything that the libraries would refuse, or take no notice of.
    """
    refuse(path, recipe_problems(recipe))
    parser = _Parser(SCHEMAS, allow_abbrev=False)
    known = {action.dest for action in parser._actions}
    for word in overrides:
        key = word[2:].split("=")[0]
        if word.startswith("--") and key not in known:
            raise UserError("bad-recipe-value", f"unknown key --{key}{nearest(key, known)}: usage: {USAGE}")
        if word.startswith("--") and key in REFUSED:
            raise UserError("bad-recipe-value", f"--{key} is not set by hand: {REFUSED[key]}")
    # A bar where somebody watches, a line a log where a file does.
    parser.set_defaults_with_config(**{"disable_tqdm": not sys.stderr.isatty(), **recipe})
    chosen, _ = parser.parse_known_args(overrides)
    refuse("the command line", _clashes(recipe | {key: getattr(chosen, key) for key in _keys(overrides)}))
    if chosen.preview is not None:
        parser.set_defaults_with_config(use_cpu=True)
    elif not chosen.use_cpu:
        _require_accelerator(path)
    accumulation = accumulation_steps(chosen.global_batch_size, chosen.per_device_train_batch_size)
    parser.set_defaults_with_config(gradient_accumulation_steps=accumulation)
    try:
        luth, training, model, mixture = parser.parse_args_into_dataclasses(overrides)
    except (ValueError, TypeError) as error:
        raise UserError("bad-recipe-value", f"{path}: {error}") from error
    _require_trackers(training.report_to)
    if training.n_gpu > 1:
        raise UserError(
            "bad-recipe-value",
            f"one process sees {training.n_gpu} GPUs: start one a GPU with accelerate launch --num_processes "
            f"{training.n_gpu}, or let it see one with CUDA_VISIBLE_DEVICES=0",
        )
    given = {key: _plain(getattr(chosen, key)) for key in sorted({*recipe, *_keys(overrides)})}
    return SFTArguments(training, model, mixture, luth, given, path)


def split(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the recipe's path and the rest of `RECIPE [--key value ...]` or `--config RECIPE [--key value ...]`."""
    if arguments and not arguments[0].startswith("--"):
        return arguments[0], arguments[1:]
    if "--config" in arguments[:-1]:
        at = arguments.index("--config")
        return arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    raise UserError("bad-recipe-value", f"no recipe given: usage: {USAGE}")


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
            "bad-recipe-value",
            f"global_batch_size {global_batch_size} is not a multiple of per_device_train_batch_size {per_device} x "
            f"{processes} process(es): change one of them, for example --per_device_train_batch_size 1",
        )
    return steps


def _require_trackers(names: list[str]) -> None:
    for name in names:
        if name not in INTEGRATION_TO_CALLBACK:
            raise UserError(
                "bad-recipe-value", f"report_to: no tracker is called {name!r}{nearest(name, INTEGRATION_TO_CALLBACK)}"
            )
        if name in ("tensorboard", "trackio", "wandb") and importlib.util.find_spec(name) is None:
            raise UserError("bad-recipe-value", f"report_to: {name} is not installed: pip install {name}")


def _require_accelerator(path: str) -> None:
    import torch

    if not torch.accelerator.is_available():
        raise UserError(
            "bad-recipe-value",
            f"{path} is for a GPU and this machine has none that PyTorch can see: run it where there is one, "
            f"or add --use_cpu true to try it here",
        )

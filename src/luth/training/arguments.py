"""From a recipe and the command line to TRL's argument classes, strictly."""

import dataclasses
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NoReturn, TypeVar

import torch
from pydantic import Field, PositiveInt, TypeAdapter, ValidationError
from trl import DatasetMixtureConfig, ModelConfig, TrlParser
from trl.scripts.utils import DatasetConfig

from luth.core.command_line import USAGE
from luth.core.errors import UserError
from luth.core.recipes import nearest, problems, refuse
from luth.training.layers import WITHOUT_GRAPHS, layer_conflicts
from luth.training.trackers import require_trackers


@dataclass
class LuthArguments:
    """The keys that are ours, whatever the training script.

    Parameters:
        global_batch_size (`int`):
            Sequences (packs, when packing) per optimiser step over all processes. The gradient accumulation follows
            from it, `per_device_train_batch_size` and the number of processes.
        gradient_checkpointing_every (`int`, *optional*, defaults to `1`):
            Checkpoint every n-th layer: 1 is all of them, larger numbers give memory back to speed. With
            `gradient_checkpointing: false` there is none.
    """

    global_batch_size: PositiveInt
    gradient_checkpointing_every: PositiveInt = 1


@dataclass
class Source(DatasetConfig):
    """A dataset of the mixture: TRL's keys and three more.

    Parameters:
        revision (`str`, *optional*):
            Commit, branch or tag of a dataset on the Hub.
        rows (`int`, *optional*):
            How many rows the source must have, before `fraction`: another number stops the run.
        rename (`dict[str, str]`, *optional*):
            Columns to rename, old name to new, after `columns` were selected. The form of the conversations is
            recognised by the names; `tools` and `chat_template_kwargs` are read where they are there.
    """

    revision: str | None = None
    rows: int | None = None
    rename: dict[str, str] | None = None


@dataclass
class Mixture(DatasetMixtureConfig):
    """TRL's mixture, of our sources."""

    # A list of a subclass is another type, since lists can be written to.
    datasets: list[Source] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the sources from what YAML gives."""
        self.datasets = [TypeAdapter(Source).validate_python(source) for source in self.datasets]  # pyright: ignore[reportIncompatibleVariableOverride]


Settings = dict[str, Any]
Narrowed = dict[str, tuple[Any, str]]
Conflicts = Callable[[Settings], Iterable[str]]

NOT_EXACT = "a resumed run would not be the uninterrupted one"
BY_LAUNCH = "the launch decides how to distribute: see accelerate_configs/"
# Keys that no training script takes, and why: they follow from others, would be ignored, or would break a promise.
REFUSED = {
    "gradient_accumulation_steps": "it follows from global_batch_size, per_device_train_batch_size and the processes",
    "hub_token": "set HF_TOKEN in the environment, where no run.json or card can show it",
    "resume_from_checkpoint": "the same command goes on from the last checkpoint by itself",
    "streaming": "rows are counted and checked before training",
    "ignore_data_skip": NOT_EXACT,
    "save_only_model": NOT_EXACT,
    "auto_find_batch_size": "it would change the batch",
    "logging_nan_inf_filter": "a loss that is not a number is never hidden",
    "hub_always_push": "no push begins while another is under way",
    "deepspeed": BY_LAUNCH,
    "fsdp": BY_LAUNCH,
    "fsdp_config": BY_LAUNCH,
}
# Keys of TRL that are narrower here than TRL checks: the type, and the reason.
NARROWED: Narrowed = {
    "per_device_train_batch_size": (PositiveInt, "per_device_train_batch_size is at least 1"),
    "torch_compile_mode": WITHOUT_GRAPHS,
    "max_length": (Annotated[int | None, Field(gt=0)], "max_length is at least 1"),
    "lora_r": (PositiveInt, "lora_r is at least 1"),
    "lora_task_type": (Literal["CAUSAL_LM"], "lora_task_type is CAUSAL_LM: the adapter of a chat model"),
    "dtype": (Literal["float32", "bfloat16", "auto"], "dtype is one of float32, bfloat16, auto"),
    "hub_strategy": (
        Literal["end", "every_save"],
        "hub_strategy is end or every_save: the others upload pickled optimiser states",
    ),
}


def evaluates(settings: Settings) -> bool:
    """Tell whether a recipe asks for evaluation during training."""
    return settings.get("eval_strategy", "no") not in ("no", False)


def _conflicts(settings: Settings) -> Iterator[str]:
    """Give a line for each pair of settings that contradict each other, or of which one does nothing."""
    if re.search(r"['\"](use_auth_)?token['\"]", str(settings.get("model_init_kwargs") or "")):
        yield "model_init_kwargs holds a token: set HF_TOKEN in the environment instead"
    if float(settings.get("num_train_epochs", 3)) <= 0 and int(settings.get("max_steps") or 0) <= 0:
        yield "num_train_epochs is above 0, unless max_steps says how long to train"
    if (settings.get("hub_model_id") or settings.get("hub_revision")) and not settings.get("push_to_hub"):
        yield "hub_model_id and hub_revision do nothing without push_to_hub: true"
    if settings.get("max_steps") == 0:
        yield "max_steps is at least 1, or -1 for num_train_epochs"
    if settings.get("metric_for_best_model") not in (None, "loss", "eval_loss"):
        yield "metric_for_best_model is eval_loss: nothing else is measured in training"
    if settings.get("load_best_model_at_end") and not evaluates(settings):
        yield "load_best_model_at_end needs eval_strategy: without it no checkpoint is the best"
    yield from layer_conflicts(settings)
    if not settings.get("use_peft") and any(key.startswith(("lora_", "load_in_")) for key in settings):
        yield "lora_ and load_in_ keys do nothing without use_peft: true"
    if evaluates(settings) and not settings.get("test_split_size"):
        yield "eval_strategy needs a held-out part: set test_split_size"
    if settings.get("test_split_size") and not evaluates(settings):
        yield "test_split_size holds rows out that nothing evaluates: set eval_strategy"
    fractions = [source.get("fraction") for source in settings.get("datasets") or []]
    if 0 < fractions.count(None) < len(fractions):
        yield "fraction is set for some datasets and not for others: set it for all or none"
    if not all(float(fraction) > 0 for fraction in fractions if fraction is not None):
        yield "the fractions of the datasets must be positive"


@dataclass(frozen=True)
class ScriptKeys:
    """The keys that one training script takes: a library's, ours, and what is refused.

    Parameters:
        config (`type`): the configuration class of the script's trainer (SFTConfig, DPOConfig, ...).
        luth (`type`): the dataclass of our keys.
        refused (`dict[str, str]`): keys of the configuration class that the script does not take, and why.
        narrowed (`dict`): keys with a narrower type than the configuration class checks, and the reason.
        conflicts (`Callable`): gives a line for each conflict between settings of such a script.
    """

    config: type[Any]
    luth: type[LuthArguments] = LuthArguments
    refused: dict[str, str] = field(default_factory=dict)
    narrowed: Narrowed = field(default_factory=dict)
    conflicts: Conflicts = lambda settings: ()

    @property
    def schemas(self) -> tuple[type, ...]:
        """The dataclasses that hold the keys."""
        return self.luth, self.config, ModelConfig, Mixture

    @property
    def names(self) -> set[str]:
        """The names of all keys."""
        return {field.name for schema in self.schemas for field in dataclasses.fields(schema) if field.init}


Config = TypeVar("Config")
Luth = TypeVar("Luth", bound=LuthArguments)


@dataclass
class Arguments(Generic[Config, Luth]):
    """Everything that one training run needs.

    Parameters:
        training: the trainer's configuration, such as an SFTConfig.
        model (`ModelConfig`): the model, its adapter and its quantisation.
        mixture (`Mixture`): the datasets.
        luth: our keys.
        recipe (`dict`): the settings as given, for run.json.
        path (`str`): the recipe's path.
    """

    training: Config
    model: ModelConfig
    mixture: Mixture
    luth: Luth
    recipe: Settings
    path: str

    @property
    def model_name(self) -> str:
        """The base model's folder or Hub id."""
        return str(self.model.model_name_or_path)


class _Parser(TrlParser):
    def error(self, message: str) -> NoReturn:
        raise UserError("bad-argument", f"{message}: usage: {USAGE}")


def recipe_problems(recipe: Settings, keys: ScriptKeys) -> list[str]:
    """List a recipe's mistakes: keys unknown, refused or missing, values of the wrong type or in conflict."""
    refused = REFUSED | keys.refused
    found = [f"{key} is not set in a recipe: {why}" for key, why in refused.items() if key in recipe]
    found += problems(recipe, *keys.schemas)
    required = ("model_name_or_path", "output_dir", "datasets")
    found += [f"the key {key!r} is missing" for key in required if not recipe.get(key)]
    for key, (kind, reason) in (NARROWED | keys.narrowed).items():
        if key in recipe and not _is_valid(kind, recipe[key]):
            found.append(reason)
    wrong_keys = {line.split(":")[0] for line in found}
    sound = {key: value for key, value in recipe.items() if key not in wrong_keys}
    return [*found, *_conflicts(sound), *keys.conflicts(sound)]


def _is_valid(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def parse(path: str, recipe: Settings, overrides: list[str], keys: ScriptKeys) -> Arguments[Any, Any]:
    """Make the libraries' arguments of a recipe's keys and of `--key value` pairs, which win.

    Args:
        path: the recipe's path, for messages.
        recipe: its keys, without `step`.
        overrides: the command line's words after the recipe.
        keys: the keys that the script takes.

    Raises:
        UserError: anything that the libraries would refuse, or take no notice of.
    """
    refuse(path, recipe_problems(recipe, keys))
    _require_known(overrides, keys)
    dataclass_types: Any = keys.schemas
    parser = _Parser(dataclass_types, allow_abbrev=False)
    # A bar where somebody watches, a line for every log where a file does.
    parser.set_defaults_with_config(**{"disable_tqdm": not sys.stderr.isatty(), **recipe})
    chosen, _ = parser.parse_known_args(overrides)
    overridden = {key: getattr(chosen, key) for key in _overridden(overrides)}
    refuse("the command line", recipe_problems(recipe | overridden, keys))
    derived = {
        "gradient_accumulation_steps": accumulation_steps(chosen.global_batch_size, chosen.per_device_train_batch_size)
    }
    # Left out, it would be on with torch_compile. A float32 product has its 24 bits unless the recipe says otherwise.
    derived["tf32"] = bool(chosen.tf32)
    if getattr(chosen, "preview", None) is not None:
        derived["use_cpu"] = True
    elif not chosen.use_cpu:
        _require_accelerator(path)
    parser.set_defaults_with_config(**derived)
    try:
        luth, training, model, mixture = parser.parse_args_into_dataclasses(overrides)
    except (ValueError, TypeError) as error:
        raise UserError("bad-recipe-value", f"{path}: {error}") from error
    require_trackers(training.report_to)
    _require_one_gpu(training.n_gpu)
    given = {key: _plain(getattr(chosen, key)) for key in sorted({*recipe, *overridden})}
    return Arguments(training, model, mixture, luth, given, path)


def _overridden(overrides: list[str]) -> list[str]:
    return [word[2:].split("=")[0] for word in overrides if word.startswith("--")]


def _require_known(overrides: list[str], keys: ScriptKeys) -> None:
    refused, given = REFUSED | keys.refused, _overridden(overrides)
    for key in given:
        if given.count(key) > 1:
            raise UserError("bad-argument", f"--{key} is given twice: usage: {USAGE}")
        if key not in keys.names:
            raise UserError("bad-argument", f"unknown key --{key}{nearest(key, keys.names)}: usage: {USAGE}")
        if key == "datasets":
            raise UserError("bad-argument", "--datasets is a list of mappings: write it into the recipe")
        if key in refused:
            raise UserError("bad-argument", f"--{key} is not set by hand: {refused[key]}")


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


def _require_accelerator(path: str) -> None:
    if not torch.accelerator.is_available():
        raise UserError("no-gpu", f"{path} is for a GPU, {no_gpu()}, or add --use_cpu true to try it here")


def no_gpu() -> str:
    """Say why PyTorch sees no GPU, and what helps."""
    # Written by NVIDIA's driver, on machines that have one.
    driver = Path("/proc/driver/nvidia/version")
    if not driver.exists():
        return "and this machine has none that PyTorch can see: run it where there is one"
    if torch.version.cuda is None:
        return (
            f"and this PyTorch ({torch.__version__}) is built without CUDA: install the build that "
            f"https://pytorch.org/get-started/locally names"
        )
    try:
        torch.cuda.init()
    except RuntimeError as error:
        if "too old" in str(error):
            found = re.search(r"Kernel Module\s+(?:for \S+\s+)?([\d.]+)", driver.read_text("utf-8", "replace"))
            return (
                f"and this machine's NVIDIA driver{f' {found[1]}' if found else ''} is too old for PyTorch's CUDA "
                f"{torch.version.cuda}: update the driver, or install a build for an older CUDA, such as pip install "
                f"torch=={torch.__version__.split('+')[0]} --index-url https://download.pytorch.org/whl/cu126"
            )
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    seen = f" (CUDA_VISIBLE_DEVICES is {hidden!r})" if hidden is not None else ""
    return f"and PyTorch can see none of this machine's{seen}: see what nvidia-smi says"


def _require_one_gpu(visible: int) -> None:
    if visible > 1:
        raise UserError(
            "launch-mismatch",
            f"one process sees {visible} GPUs: start one process for each with accelerate launch --num_processes "
            f"{visible}, or let it see one with CUDA_VISIBLE_DEVICES=0",
        )

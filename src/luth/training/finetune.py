"""What all training scripts share: the run's record, the trainer, resuming, saving, adapter, card and push.

A training script reads its recipe (luth.training.arguments), checks the launch (luth.training.launch) and prepares its
rows. Then it calls `open_training`, `build_trainer`, `train` and `finish`. See docs/how-to/add-a-training-script.md.
"""

import math
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from datasets import Dataset
from transformers import (
    PreTrainedTokenizerBase,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from trl import get_quantization_config

from luth.checkpoints.models import mend_generation_config, model_fingerprint
from luth.core.console import say
from luth.core.errors import UserError, about, explain, memory_advice
from luth.core.memory import keep_freed_memory
from luth.core.run_record import Run, cpu_threads, open_run, recipe_hash, without
from luth.training.adapter import adapter_config, merge_adapter
from luth.training.arguments import Arguments
from luth.training.card import loss_unit, write_card
from luth.training.interruption import StopAtSignal
from luth.training.launch import Strategy, confirm_launch
from luth.training.layers import layer_settings, prepare_layers
from luth.training.loss_curve import plot_loss
from luth.training.precision import saved_dtype, sum_in_float32
from luth.training.publish import PushCheckpoints, open_repository, push_finished
from luth.training.resuming import GoOn, SealCheckpoints, last_checkpoint, save_finished, train_no_further
from luth.training.text_part import keep_own_names, load_text_part
from luth.training.throughput import LogHistory, Progress

Kind = TypeVar("Kind", bound=Trainer)

# How long to train: a run goes on when these change, a finished one too.
LENGTH = ("num_train_epochs", "max_steps")
# Settings that do not change what is trained (but for the rounding of sums in another order): a run goes on with new
# ones.
MAY_CHANGE = (
    *LENGTH,
    *("output_dir", "disable_tqdm", "report_to", "run_name", "project", "log_level", "log_level_replica"),
    *("logging_steps", "logging_strategy", "logging_first_step", "save_steps", "save_strategy", "save_total_limit"),
    *("dataset_num_proc", "dataloader_num_workers", "dataloader_prefetch_factor", "dataloader_persistent_workers"),
    *("dataloader_pin_memory", "ddp_timeout", "torch_empty_cache_steps", "skip_memory_metrics"),
    *("per_device_train_batch_size", "per_device_eval_batch_size", "gradient_checkpointing"),
    *("gradient_checkpointing_kwargs", "gradient_checkpointing_every", "activation_checkpointing"),
    *("activation_checkpointing_kwargs", "activation_offloading"),
    *("torch_compile", "torch_compile_backend", "torch_compile_mode"),
)


@dataclass
class Training:
    """One run of a training script.

    Parameters:
        arguments: what the recipe and the command line say.
        strategy: how the run is distributed.
        run: its record, run.json.
        made_by: what a checkpoint must have in common with this run to be resumed by it.
        checkpoint: the checkpoint that training goes on from, None at the beginning.
    """

    arguments: Arguments[Any, Any]
    strategy: Strategy
    run: Run
    made_by: dict[str, Any]
    checkpoint: Path | None

    @property
    def output(self) -> Path:
        """The output folder."""
        return self.run.folder


def open_training(
    step: str, arguments: Arguments[Any, Any], strategy: Strategy, inputs: dict[str, str]
) -> Training | None:
    """Begin or resume the run in the recipe's output folder; None if it is finished already.

    Args:
        step: the script's step, as in STEPS.
        arguments: what the recipe and the command line say.
        strategy: what `check_launch` returned.
        inputs: fingerprints of the data and templates that are read, by name; the model's is added here.

    Raises:
        UserError: the folder holds something else, a finished run without its weights, or checkpoints of another
            launch.
    """
    training, name = arguments.training, arguments.model_name
    inputs = {**inputs, name: model_fingerprint(name, arguments.model.model_revision)}
    settings = without(arguments.recipe, ("output_dir", "disable_tqdm"))
    run = open_run(Path(training.output_dir), step, settings, inputs, training.seed, may_change=MAY_CHANGE)
    run.record["recipe_path"] = arguments.path
    recipe = recipe_hash(without(settings, MAY_CHANGE))[:16]
    made_by = {"recipe": recipe, "strategy": strategy.kind, "processes": strategy.processes}
    opened = Training(arguments, strategy, run, made_by, last_checkpoint(run.folder, made_by))
    if run.finished and not _goes_on(opened):
        say(f"{run.folder} already holds this very run, finished: nothing to do.")
        return None
    for key, before in run.changed.items():
        say(f"{run.folder} goes on with {key}: {settings.get(key)} (before: {before}).")
    if training.use_cpu:
        torch.set_num_threads(cpu_threads())
        keep_freed_memory()
    return opened


def _goes_on(training: Training) -> bool:
    """Tell whether a finished run is to be trained for longer."""
    run = training.run
    if not any(run.folder.glob("*.safetensors")):
        raise UserError(
            "output-unusable", f"{run.folder} holds a finished run without its weights: delete the folder to run again"
        )
    longer = [key for key in LENGTH if key in run.changed]
    if longer and training.checkpoint is None:
        raise UserError(
            "output-unusable",
            f"{run.folder} holds a finished run and no checkpoint from which it could go on with another "
            f"{' and '.join(longer)}: choose another output_dir",
        )
    run.record["status"] = "running" if longer else "finished"
    return bool(longer)


def trainer_settings(arguments: Arguments[Any, Any]) -> Any:
    """Return a copy of the trainer's configuration, without what this module does in the Trainer's place.

    No loss that is not a number is averaged away, checkpoints are sealed before older ones are deleted, no pickle is
    pushed, and layers are compiled, not the whole model.
    """
    model = arguments.model
    settings = layer_settings(arguments.training, arguments.luth.gradient_checkpointing_every)
    settings.logging_nan_inf_filter, settings.save_total_limit, settings.push_to_hub = False, None, False
    settings.model_init_kwargs = {
        "revision": model.model_revision,
        "attn_implementation": model.attn_implementation,
        "dtype": model.dtype,
        **(settings.model_init_kwargs or {}),
    }
    return settings


def build_trainer(
    kind: type[Kind],
    training: Training,
    settings: TrainingArguments,
    tokenizer: PreTrainedTokenizerBase,
    train_dataset: Dataset,
    eval_dataset: Dataset | None,
    **more: Any,
) -> Kind:
    """Make a trainer of TRL with this run's model, adapter and callbacks.

    Args:
        kind: the trainer's class (SFTTrainer, DPOTrainer, ...).
        training: the run.
        settings: what `trainer_settings` returned, with the script's own changes.
        tokenizer: the model's tokenizer.
        train_dataset: the rows to train on.
        eval_dataset: the held-out rows, None without evaluation.
        more: the class's own arguments, such as GRPOTrainer's `reward_funcs`.

    Raises:
        UserError: the trainer refuses the settings, or the launch has another strategy or precision.
    """
    arguments = training.arguments
    name, callbacks = arguments.model_name, _callbacks(training)
    # TRL's trainers take more than transformers' Trainer declares.
    make: Any = kind
    try:
        with about(name), memory_advice(_what_to_lower(settings)):
            trainer = make(
                model=load_text_part(arguments.model, name, settings) or name,
                args=settings,
                train_dataset=train_dataset,
                eval_dataset=eval_dataset,
                processing_class=tokenizer,
                quantization_config=get_quantization_config(arguments.model),
                peft_config=adapter_config(arguments.model),
                callbacks=callbacks,
                **more,
            )
    except (ValueError, ImportError, OSError, TypeError, RuntimeError) as error:
        said = _refusal(error)
        if said is None:
            raise
        raise UserError("bad-recipe-value", f"{arguments.path}: the trainer refuses these settings: {said}") from error
    confirm_launch(training.strategy, trainer.accelerator, settings)
    sum_in_float32(trainer.accelerator)
    prepare_layers(trainer.model, arguments.training)
    return trainer


def _refusal(error: Exception) -> str | None:
    """Return why a model or a trainer could not be made; None where it is no matter of the recipe's."""
    if explain(error) is not None:
        return None
    if "ignore_mismatched_sizes" in str(error):
        return "the model's weights have other shapes than its config.json says: save or download the model again"
    by_settings = isinstance(error, ValueError | ImportError | OSError) or "unexpected keyword argument" in str(error)
    return str(error) if by_settings else None


def _callbacks(training: Training) -> list[TrainerCallback]:
    settings, record = training.arguments.training, training.run.record
    callbacks: list[TrainerCallback] = [
        LogHistory(training.output / "log_history.jsonl"),
        SealCheckpoints(settings.save_total_limit, training.made_by),
    ]
    if settings.push_to_hub and settings.process_index == 0:
        record["hub_repository"] = open_repository(settings, record)
        callbacks.append(PushCheckpoints(record, record["hub_repository"]))
    return callbacks


def train(trainer: Trainer, training: Training, sequences: str = "rows", **facts: Any) -> None:
    """Train, from the last checkpoint if there is one.

    Args:
        trainer: what `build_trainer` returned.
        training: the run.
        sequences: what the global batch counts: rows or packs.
        facts: what run.json records besides the strategy and the precision.

    Raises:
        KeyboardInterrupt: a signal stopped the training, and a checkpoint is written.
    """
    model: Any = trainer.model
    keep_own_names(model)
    if mended := mend_generation_config(model.generation_config):
        say(mended)
    trainer.remove_callback(ProgressCallback)
    trainer.remove_callback(PrinterCallback)
    progress = Progress(trainer, bar=not trainer.args.disable_tqdm)
    trainer.add_callback(progress)
    # Nothing is written before every process has looked into the folder.
    trainer.accelerator.wait_for_everyone()
    strategy, checkpoint = training.strategy, training.checkpoint

    def record() -> None:
        if trainer.is_world_process_zero():
            training.run.save(
                **facts,
                strategy=str(strategy),
                processes=strategy.processes,
                precision="bf16" if trainer.args.bf16 else "fp32",
            )

    stop = StopAtSignal()
    trainer.add_callback(GoOn(checkpoint, record))
    trainer.add_callback(stop)
    train_no_further(trainer)
    batch = f"{training.arguments.luth.global_batch_size} {sequences} a step"
    say(f"Training: {strategy}, {batch}" + (f", from {checkpoint}." if checkpoint else "."))
    with memory_advice(_what_to_lower(trainer.args)):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    training.run.record.update(progress.speed.facts())
    if stop.stopped:
        at = training.output / f"checkpoint-{trainer.state.global_step}"
        raise KeyboardInterrupt(f"stopped: {at} is whole, and the same command goes on from it")


def _what_to_lower(settings: TrainingArguments) -> str:
    """Say what makes a training take less memory, and is not done yet."""
    words = ["lower max_length"]
    if settings.per_device_train_batch_size > 1:
        words = ["lower per_device_train_batch_size (global_batch_size stays as it is) or max_length"]
    words += [] if settings.gradient_checkpointing else ["set gradient_checkpointing: true"]
    return ", ".join([*words, "or take a larger card, or several with accelerate_configs/zero3.yaml"])


def finish(trainer: Trainer, training: Training, tokenizer: PreTrainedTokenizerBase) -> None:
    """Save the model, merge its adapter, and write the loss curve, run.json and the card; push if the recipe says so.

    Raises:
        UserError: the adapter cannot be merged, or the push fails.
    """
    output, model, run = training.output, training.arguments.model, training.run
    name = training.arguments.model_name
    say(f"Saving the model to {output}.")
    save_finished(trainer, tokenizer, output)
    # The other processes end here: what the first one does now may take longer than they would wait for it.
    trainer.end()
    if not trainer.is_world_process_zero():
        return
    history = trainer.state.log_history
    losses = [entry["loss"] for entry in history if "loss" in entry]
    facts = {"train_loss": statistics.fmean(losses or [math.nan]), "steps": trainer.state.global_step}
    if model.use_peft:
        say("Merging the adapter into its base.")
        trained: Any = trainer.model
        facts["adapter_logit_difference"] = merge_adapter(
            name, model.model_revision, model.dtype, tokenizer, output, trained
        )
    plot_loss(history, output / "loss.png", f"Fine-tuning {name}", loss_unit(run.record))
    run.finish(saved_dtype=saved_dtype(output), **facts)
    write_card(output, run.record, history)
    if "hub_repository" in run.record:
        push_finished(output, run.record["hub_repository"], training.arguments.training.hub_revision)

"""Checkpoints, sealed when they are whole, and the finished model's files moved into place."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from safetensors import safe_open
from transformers import (
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME

from luth.core.console import say
from luth.core.errors import UserError
from luth.core.files import flush, write_json

# Written last, when the files of every process are on the disk: a folder without it was interrupted by a kill.
COMPLETE = "complete.json"


class SealCheckpoints(TrainerCallback):
    """Seal each checkpoint once it is whole, and only then delete the ones beyond `save_total_limit`.

    (The Trainer deletes the old one as soon as its first process has written the new one.)
    """

    def __init__(self, limit: int | None, made_by: dict[str, Any]) -> None:
        """`limit` is the number to keep, None for all; `made_by` identifies the run and the launch."""
        self.limit = limit
        self.made_by = made_by

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Seal the newest, delete the oldest."""
        PartialState().wait_for_everyone()
        if not state.is_world_process_zero:
            return
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        _require_finite_weights(folder)
        seal(folder, self.made_by)
        if self.limit is None:
            return
        best = Path(state.best_model_checkpoint).name if state.best_model_checkpoint else None
        kept = [path for path in _numbered(folder.parent) if (path / COMPLETE).is_file()][-self.limit :]
        for path in _numbered(folder.parent):
            if path not in kept and path.name != best and _step(path) < state.global_step:
                # On a network file system this may fail. The next checkpoint tries again.
                shutil.rmtree(path, ignore_errors=True)


def seal(folder: Path, made_by: dict[str, Any]) -> None:
    """Flush a checkpoint's files to the disk and list them with their sizes in complete.json."""
    sizes = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != COMPLETE):
        flush(path)
        sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
    write_json(folder / COMPLETE, {"made_by": made_by, "files": sizes})


class GoOn(TrainerCallback):
    """Let a resumed run follow the settings that it has now: the Trainer takes the checkpoint's."""

    def __init__(self, checkpoint: Path | None, begun: Callable[[], object]) -> None:
        """`checkpoint` is what the run goes on from, None at its beginning; `begun` is called once it may go on."""
        self.checkpoint, self.begun = checkpoint, begun

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Compute how often to log, evaluate and save; say where the schedule ends, if that is elsewhere than before.

        Raises:
            UserError: the run is already trained for longer than it should be.
        """
        state.compute_steps(args, state.max_steps)
        before = state.max_steps
        if self.checkpoint:
            before = json.loads((self.checkpoint / TRAINER_STATE_NAME).read_text("utf-8"))["max_steps"]
        if before != state.max_steps:
            if state.global_step >= state.max_steps:
                raise UserError(
                    "bad-checkpoint",
                    f"{self.checkpoint} is at step {state.global_step}, and the run should end at {state.max_steps}: "
                    f"train for longer, or choose another output_dir",
                )
            say(f"The learning rate's schedule ends at step {state.max_steps} now (before: {before}).")
        self.begun()


def train_no_further(trainer: Trainer) -> None:
    """Give the trainer no batch once it is at its last step: from a checkpoint there, it would train one step more."""
    changed: Any = trainer
    take = changed.get_batch_samples

    def batches(*given: Any) -> tuple[list[Any], Any]:
        return take(*given) if trainer.state.global_step < trainer.state.max_steps else ([], None)

    changed.get_batch_samples = batches


def last_checkpoint(folder: Path, made_by: dict[str, Any]) -> Path | None:
    """Return the newest whole `checkpoint-N` in `folder`, or None; print which ones are not whole.

    Raises:
        UserError: it was made by another recipe, or under another strategy or number of processes.
    """
    for path in reversed(_numbered(folder)):
        sealed_by = _sealed_by(path)
        if sealed_by is None:
            say(f"{path} is not whole: a kill interrupted it. The checkpoint before it is used.")
            continue
        wrong = [key for key in made_by if sealed_by.get(key) != made_by[key]]
        if wrong:
            then = ", ".join(f"{key} {sealed_by.get(key)}" for key in wrong)
            now = ", ".join(f"{key} {made_by[key]}" for key in wrong)
            raise UserError(
                "bad-checkpoint",
                f"{path} was made by another run or launch ({then}; now {now}): launch as then, or choose another "
                f"output_dir",
            )
        return path
    return None


def _sealed_by(checkpoint: Path) -> dict[str, Any] | None:
    """Return which run and launch made a checkpoint; None if one of its files is missing or has another size."""
    try:
        sealed = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
        whole = all((checkpoint / name).stat().st_size == size for name, size in sealed["files"].items())
        return dict(sealed["made_by"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _numbered(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("checkpoint-*") if path.name.rsplit("-", 1)[1].isdigit()), key=_step)


def _step(path: Path) -> int:
    return int(path.name.rsplit("-", 1)[1])


def _require_finite_weights(folder: Path) -> None:
    """Raise `UserError` if a saved weight is not a number: such a checkpoint must not replace a good one."""
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as weights:
            for name in weights.keys():
                if not torch.isfinite(weights.get_tensor(name)).all():
                    raise UserError(
                        "diverged",
                        f"{name} in {folder} is not finite: training has diverged; the checkpoints before are kept: "
                        f"lower learning_rate or max_grad_norm",
                    )


def save_finished(trainer: Trainer, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save model and tokenizer to a folder in `folder`, then move the files up, the weights last.

    A kill leaves either no model.safetensors or a whole one. Every process calls this.
    """
    beside = folder / ".finished"
    if trainer.is_fsdp_enabled:
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    if trainer.is_world_process_zero():
        shutil.rmtree(beside, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(beside))
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(str(beside))
        (beside / "training_args.bin").unlink(missing_ok=True)
        move_in(beside, folder)
    trainer.accelerator.wait_for_everyone()


def move_in(beside: Path, folder: Path) -> None:
    """Move the files of a finished model folder into `folder`, the weights last, and remove `beside`."""
    for path in sorted(beside.iterdir(), key=lambda path: path.suffix == ".safetensors"):
        os.replace(path, folder / path.name)
    shutil.rmtree(beside)

"""TRL's SFTTrainer with the loss computed only where a token is trained."""

import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch.utils.data import Sampler
from transformers import ProgressCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import SFTTrainer

from luth.files import write_text
from luth.training.masking import IGNORED
from luth.training.sampling import LengthGroupedBatches


class MaskedSFTTrainer(SFTTrainer):
    """SFTTrainer whose output projection runs only on positions whose next token is trained.

    The loss is TRL's `nll`: the mean over all trained tokens of the global batch. TRL computes it in tiles, half of
    it in fp32, and adds entropy and accuracy; on instruction data most positions are prompt, and skipping them is
    faster. Logits of all trained positions of a micro-batch are held at once: 10 bytes x vocabulary each.
    `tests/training/test_trainer.py` holds the two equal.
    """

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler | None:
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        rows = self.train_dataset if train_dataset is None else train_dataset
        args = self.args
        batch_size = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        return LengthGroupedBatches([len(ids) for ids in rows["input_ids"]], batch_size, args.seed)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Write none: TRL's card for a local model names neither base nor data; run.json does."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the loss (and the model's outputs, if asked).

        Shapes: `input_ids` and `labels` are (batch, length); logits exist for the trained positions only, (trained,
        vocabulary).
        """
        labels = inputs["labels"]
        trained = labels[:, 1:] != IGNORED
        head = self.accelerator.unwrap_model(self.model).get_output_embeddings()
        # A hook and not a call to the head: the forward pass must go through the wrappers of DDP, DeepSpeed and FSDP.
        hook = head.register_forward_pre_hook(lambda _, hidden: (hidden[0][:, :-1][trained],))
        try:
            outputs = model(**{key: value for key, value in inputs.items() if key != "labels"}, use_cache=False)
        finally:
            hook.remove()
        total = F.cross_entropy(outputs.logits.float(), labels[:, 1:][trained], reduction="sum")
        if num_items_in_batch is None:
            loss = total / trained.sum().clamp(min=1)
        else:
            loss = total / num_items_in_batch
            if self.args.average_tokens_across_devices:
                # DDP averages the gradients over processes; the divisor already counts every process's tokens.
                loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


class LogHistory(TrainerCallback):
    """Append every log to `log_history.jsonl`; after a resume the file goes on from the checkpoint's history."""

    def __init__(self, path: Path) -> None:
        """`path` is the JSON-lines file."""
        self.path = path

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin the file with what the checkpoint remembers, so that no step is there twice."""
        if state.is_world_process_zero:
            write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in state.log_history))

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Append the newest entry."""
        if state.is_world_process_zero:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(state.log_history[-1]) + "\n")


class LossOnBar(ProgressCallback):
    """The progress bar with the loss at its end, in place of a line of text for every log."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the newest loss."""
        if self.training_bar is not None and logs and "loss" in logs:
            self.training_bar.set_postfix_str(f"loss {logs['loss']:.3f}")

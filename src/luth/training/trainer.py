"""TRL's SFTTrainer with the loss computed only where a token is trained."""

import json
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import Sampler, SequentialSampler
from transformers import (
    EvalPrediction,
    ProgressCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl import SFTTrainer

from luth.core.errors import UserError
from luth.core.files import write_text
from luth.training.batch_order import GlobalBatches
from luth.training.loss import LinearCrossEntropy, token_losses
from luth.training.masking import IGNORED


class NotFinite(Exception):
    """The loss is no longer a number; `inputs` is the micro-batch it was computed on."""

    def __init__(self, loss: float, inputs: dict[str, Any]) -> None:
        """`loss` in nats per token."""
        super().__init__(f"the loss is {loss}")
        self.loss = loss
        self.inputs = inputs


class MaskedSFTTrainer(SFTTrainer):
    """SFTTrainer whose output projection runs only on positions whose next token is trained.

    The loss is TRL's `nll`: the mean over all trained tokens of the global batch. TRL adds entropy and accuracy to
    every step, and off the GPU scores every position. `tests/training/test_trainer.py` holds the two losses equal.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what SFTTrainer takes."""
        super().__init__(*args, **kwargs)
        self.compute_metrics = held_out_loss
        self.add_callback(FollowEpoch(self))
        config = self.model.config.get_text_config()
        scaled = [key for key in LOGIT_SCALES if getattr(config, key, None) not in (None, 1, 1.0)]
        if scaled:
            raise UserError(
                "unsupported-model",
                f"models of the family {config.model_type} scale their logits ({', '.join(scaled)}), which this loss "
                f"does not: choose a Qwen3, LFM2, Llama or SmolLM2 model",
            )
        if getattr(self.model.get_output_embeddings(), "bias", None) is not None or self.aux_loss_enabled:
            raise UserError(
                "unsupported-model",
                f"models of the family {config.model_type} have an output bias or an auxiliary loss, which this loss "
                f"leaves out: choose a Qwen3, LFM2, Llama or SmolLM2 model",
            )

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler:
        # Not `train_dataset`: by now only the columns for the collator are left in it.
        rows, args = self.train_dataset, self.args
        batch_size = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        packs = "seq_lengths" in rows.column_names
        lengths = [sum(lengths) for lengths in rows["seq_lengths"]] if packs else rows["length"][:]
        self.sampler = GlobalBatches(lengths, batch_size, args.seed, args.train_sampling_strategy)
        return self.sampler

    def _get_eval_sampler(self, eval_dataset: Dataset) -> Sampler:
        return SequentialSampler(eval_dataset)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Write none: TRL's card for a local model names neither base nor data; luth.training.card does."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Return the loss, a scalar in nats per trained token of the global batch.

        Shapes: `input_ids` and `labels` are (batch, length).

        Raises:
            NotFinite: the loss is infinite or not a number.
        """
        labels = inputs["labels"]
        trained = labels[:, 1:] != IGNORED
        targets = labels[:, 1:][trained]
        total = self._through_head(
            model,
            inputs,
            lambda head, hidden: LinearCrossEntropy.apply(hidden[:, :-1][trained], head.weight, targets),
        )
        if not torch.isfinite(total):
            raise NotFinite(total.item() / max(len(targets), 1), inputs)
        if num_items_in_batch is None:
            return total / max(len(targets), 1)
        # The processes' gradients are averaged; the divisor already counts every process's tokens.
        return total / num_items_in_batch * self.accelerator.num_processes

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Return None, each row's summed loss in nats and its number of trained tokens, both of shape (rows,).

        By row, so that accelerate can leave out those it repeats to give every process as many.
        """
        inputs = self._prepare_inputs(inputs)
        labels = inputs["labels"]
        trained = labels[:, 1:] != IGNORED
        targets = labels[:, 1:][trained]
        with torch.no_grad(), self.compute_loss_context_manager():
            losses = self._through_head(
                model, inputs, lambda head, hidden: token_losses(hidden[:, :-1][trained], head.weight, targets)
            )
        borders = inputs.get("cu_seq_lens_q")
        if borders is None:
            row, rows = trained.nonzero()[:, 0], len(labels)
        else:
            positions = trained.nonzero()[:, 1] + 1
            row, rows = torch.bucketize(positions, borders[1:].to(positions), right=True), len(borders) - 1
        sums = losses.new_zeros(rows).index_add_(0, row, losses)
        return None, sums, torch.bincount(row, minlength=rows)

    def _through_head(self, model: torch.nn.Module, inputs: dict[str, Any], head_forward: Any) -> torch.Tensor:
        """Run the model with `head_forward(head, hidden states)` in place of its output projection's forward.

        In place and not after it: the pass goes through the wrappers of DDP, DeepSpeed and FSDP, whose hooks on the
        head give it its whole weight.
        """
        head = self.accelerator.unwrap_model(self.model).get_output_embeddings()
        head.forward = lambda hidden: head_forward(head, hidden)
        try:
            outputs = model(**{key: value for key, value in inputs.items() if key != "labels"}, use_cache=False)
        finally:
            del head.forward
        return outputs.logits


# What transformers' models do to logits after the output projection, by the key in their configuration.
LOGIT_SCALES = ("final_logit_softcapping", "logit_scale", "logits_scaling", "output_multiplier", "lm_head_multiplier")


def held_out_loss(prediction: EvalPrediction) -> dict[str, float]:
    """Return the mean loss over all held-out trained tokens, whatever the batches and processes were."""
    return {"loss": float(prediction.predictions.sum() / prediction.label_ids.sum())}


class FollowEpoch(TrainerCallback):
    """Tell the sampler its epoch.

    Trainer and accelerate reach through one wrapper only: in a run of several processes that is taken up inside an
    epoch there are two, and the sampler would begin with the order of epoch 0.
    """

    def __init__(self, trainer: MaskedSFTTrainer) -> None:
        """`trainer` makes its sampler when training begins."""
        self.trainer = trainer

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """`state.epoch` counts epochs done, with the part of the one that is taken up."""
        self.trainer.sampler.set_epoch(int(state.epoch or 0))


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

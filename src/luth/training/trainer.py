"""TRL's SFTTrainer with the loss computed only where a token is trained."""

import copy
from typing import Any

import torch
import transformers
from datasets import Dataset
from torch.utils.data import Sampler, SequentialSampler
from transformers import (
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl import SFTConfig, SFTTrainer

from luth.core.console import say
from luth.core.errors import UserError
from luth.training.batch_order import GlobalBatches
from luth.training.divergence import NotFinite
from luth.training.logits import logit_change, require_change
from luth.training.loss import fused_head_problem, summed_loss, token_losses
from luth.training.masking import IGNORED

# Trainer's own methods that MaskedSFTTrainer overrides or calls. Without one of them, transformers would train on rows
# in another order, or score held-out rows by its own loss, without an error.
HOOKS = ("_get_train_sampler", "_get_eval_sampler", "_prepare_inputs")


def require_hooks() -> None:
    """Raise `UserError` if the installed transformers has no such method any more."""
    for name in HOOKS:
        if not hasattr(Trainer, name):
            raise UserError(
                "wrong-version",
                f"transformers {transformers.__version__} has no Trainer.{name}, on which training relies: install "
                f"the version in constraints.txt",
            )


def for_tokenised_rows(settings: SFTConfig) -> SFTConfig:
    """Return a copy of the settings for rows that are tokenised, masked and filtered by length already."""
    copied = copy.copy(settings)
    # The training template has done its work: the saved model keeps the template that it came with.
    copied.chat_template_path, copied.assistant_only_loss = None, False
    copied.max_length = settings.max_length if settings.packing else None
    copied.eval_packing, copied.dataset_num_proc = False, None
    return copied


class MaskedSFTTrainer(SFTTrainer):
    """SFTTrainer whose output projection runs only on positions whose next token is trained.

    The loss is TRL's `nll`: the mean over all trained tokens of the global batch. TRL adds entropy and accuracy to
    every step, and off the GPU scores every position. `tests/training/test_trainer.py` holds the two losses equal.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what SFTTrainer takes.

        Raises:
            UserError: the model's logits are not its output projection alone, which is all that this loss computes.
        """
        require_hooks()
        super().__init__(*args, **kwargs)
        self.compute_metrics = held_out_loss
        self.add_callback(FollowEpoch(self))
        model: Any = self.model
        config = model.config.get_text_config()
        if getattr(model.get_output_embeddings(), "bias", None) is not None or self.aux_loss_enabled:
            raise UserError(
                "unsupported-model",
                f"models of the family {config.model_type} have an output bias or an auxiliary loss, which this loss "
                f"leaves out: choose a model of another family",
            )
        self.change, self.checked = logit_change(config), False
        # Padding is on the right: where no token sees a later one, none that is trained sees padding.
        self.needs_mask = bool(getattr(config, "use_bidirectional_attention", False))
        on_gpu = self.accelerator.device.type == "cuda"
        problem = fused_head_problem() if on_gpu else None
        self.fused = on_gpu and problem is None
        if problem and self.is_world_process_zero():
            say(f"The loss is computed without TRL's fused head, and takes more time and memory: {problem}.")

    @property
    def sequences(self) -> int:
        """How many rows, or packs, there are to train on."""
        rows: Any = self.train_dataset
        return len(rows)

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler:
        # Not `train_dataset`: the Trainer has removed its column `length`.
        rows: Any = self.train_dataset
        args = self.args
        batch_size = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        packed = "seq_lengths" in rows.column_names
        lengths = [sum(documents) for documents in rows["seq_lengths"]] if packed else rows["length"][:]
        self.sampler = GlobalBatches(lengths, batch_size, args.seed, args.train_sampling_strategy)
        return self.sampler

    def _get_eval_sampler(self, eval_dataset: Dataset) -> Sampler:
        return SequentialSampler(eval_dataset)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Write no card: TRL's names neither a local base nor the data. luth.training.card writes it."""

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
        total, _, targets = self._through_head(model, inputs, summed_loss)
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

        The sums are by row because accelerate repeats rows to give every process as many, and drops these again.
        """
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            losses, trained, _ = self._through_head(model, inputs, token_losses)
        borders = inputs.get("cu_seq_lens_q")
        if borders is None:
            row, rows = trained.nonzero()[:, 0], len(trained)
        else:
            positions = trained.nonzero()[:, 1] + 1
            row, rows = torch.bucketize(positions, borders[1:].to(positions), right=True), len(borders) - 1
        # In float32 whatever a wrapper made of the losses: in bf16, 1,000 losses of 1.0 sum to 256.
        losses = losses.float()
        sums = losses.new_zeros(rows).index_add_(0, row, losses)
        return None, sums, torch.bincount(row, minlength=rows)

    def _through_head(
        self, model: torch.nn.Module, inputs: dict[str, Any], loss: Any
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run the model with a loss of `luth.training.loss` in place of its output projection's forward.

        It stands in for the forward, and does not follow it, because DeepSpeed's and FSDP's hooks on the head are what
        gathers its weight.

        Returns:
            the loss; which positions' next token is trained, shape (batch, length - 1); these tokens, the targets.
        """
        labels = inputs["labels"][:, 1:]
        trained = labels != IGNORED
        targets = labels[trained]
        unwrapped: Any = self.accelerator.unwrap_model(self.model)
        head = unwrapped.get_output_embeddings()
        losses: list[torch.Tensor] = []

        def forward(hidden: torch.Tensor) -> torch.Tensor:
            # The layers are done: their weights' copies in bf16 would only stand beside the logits.
            torch.clear_autocast_cache()
            return loss(hidden[:, :-1][trained], head.weight, targets, self.change, self.fused)

        left_out = {"labels"} if self.needs_mask else {"labels", "attention_mask"}
        head.forward = forward
        # The last hook of the head, so it sees what the others returned.
        hook = head.register_forward_hook(lambda module, args, output: losses.append(output))
        try:
            given = {key: value for key, value in inputs.items() if key not in left_out}
            changed = model(**given, use_cache=False).logits
        finally:
            hook.remove()
            del head.forward
        if not self.checked:
            require_change(self.change, losses[0], changed, unwrapped.config.get_text_config().model_type)
            self.checked = True
        # What the model made of the loss as if it were logits counts for nothing, but the hooks on it must run.
        return losses[0] + 0 * changed, trained, targets


def held_out_loss(prediction: EvalPrediction) -> dict[str, float]:
    """Return the mean loss over all held-out trained tokens, whatever the batches and processes were."""
    sums: Any = prediction.predictions
    counts: Any = prediction.label_ids
    return {"loss": float(sums.sum() / counts.sum())}


class FollowEpoch(TrainerCallback):
    """Tell the sampler its epoch.

    Trainer and accelerate set the epoch through one wrapper of the data loader only. A run of several processes that
    is resumed inside an epoch has two, and its sampler would begin with the order of epoch 0.
    """

    def __init__(self, trainer: MaskedSFTTrainer) -> None:
        """`trainer` makes its sampler when training begins."""
        self.trainer = trainer

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """`state.epoch` counts the epochs done, with the part of a resumed one."""
        self.trainer.sampler.set_epoch(int(state.epoch or 0))

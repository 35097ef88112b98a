"""How far training is, how fast and in how much memory, on a bar or in a line now and then; every log in a file."""

import json
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from luth.core.console import say
from luth.core.devices import this_card
from luth.core.files import write_text
from luth.core.memory import peak_memory
from luth.core.text import duration
from luth.training.batch_order import GlobalBatches

# Seconds between two lines where there is no bar.
LINE = 30.0


class Speed:
    """Tokens that training saw and the seconds that it took, in this process.

    Tokens are those of all processes, without padding. The first step is left out, in which memory is taken and layers
    are compiled, and so are evaluations and checkpoints.
    """

    def __init__(self, trainer: Trainer) -> None:
        """Count the model's parameters while they are whole."""
        self.trainer, self.flops = trainer, flops_per_token(trainer.model)
        self.card = this_card() if trainer.args.device.type == "cuda" and trainer.args.bf16 else None
        self.tokens, self.seconds = 0, 0.0
        self._since: float | None = None
        self._epoch, self._batches = -1, list[int]()

    def count(self, step: int) -> None:
        """Count a step that ends now; steps are numbered from 1 on."""
        now = time.monotonic()
        if self._since is not None:
            self.tokens += self._tokens_of(step)
            self.seconds += now - self._since
        self._since = now

    def leave_out(self) -> None:
        """Leave out the time since the last step: it was not for training."""
        self._since = time.monotonic()

    def _tokens_of(self, step: int) -> int:
        """Return how many tokens a step saw; 0 where the rows have no known length, as with TRL's own trainers."""
        sampler = getattr(self.trainer, "sampler", None)
        if not isinstance(sampler, GlobalBatches):
            return 0
        epoch, at = divmod(step - 1, len(sampler) // sampler.batch_size)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, sampler.tokens(epoch)
        return self._batches[at]

    def facts(self, tokens: int = 0, seconds: float = 0.0) -> dict[str, float]:
        """Return what is known of the time since `tokens` and `seconds` were counted; nothing before the first step.

        `tokens_per_second`; `share_of_peak`, of the cards' products in bfloat16; `peak_memory_gib` of this process.
        """
        args, tokens, seconds = self.trainer.args, self.tokens - tokens, self.seconds - seconds
        if self._since is None:
            return {}
        facts = {"peak_memory_gib": round(peak_memory(args.device) / 2**30, 2)}
        if tokens and seconds:
            facts["tokens_per_second"] = round(tokens / seconds, 1)
            if self.card and self.card.bf16_flops:
                peak = self.card.bf16_flops * args.world_size
                facts["share_of_peak"] = round(tokens / seconds * self.flops / peak, 3)
        return facts


def flops_per_token(model: Any) -> int:
    """Return the floating-point operations of a trained token: 6 a parameter, 4 where it is frozen.

    An input embedding that is not the output projection too is no matrix product. Attention is left out, and so is
    what checkpointing computes a second time.
    """

    def size(parameter: Any) -> int:
        # DeepSpeed's ZeRO-3 keeps most of it elsewhere; bitsandbytes holds two numbers in a byte.
        count = getattr(parameter, "ds_numel", parameter.numel())
        return 2 * count if type(parameter).__name__ == "Params4bit" else count

    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings()
    in_products = [one for one in model.parameters() if one is not embedding or (head and head.weight is embedding)]
    return sum(size(one) * (6 if one.requires_grad else 4) for one in in_products)


class Progress(TrainerCallback):
    """Shows step, loss, speed, memory and the time that is left: on a bar, or in a line at a log now and then."""

    def __init__(self, trainer: Trainer, bar: bool) -> None:
        """`bar` is false where lines are wanted."""
        self.speed, self.wants_bar = Speed(trainer), bar
        self._bar: tqdm | None = None
        self._held_out: tqdm | None = None
        self._first: tuple[int, float] | None = None
        self._shown, self._shown_at = (0, 0.0), 0.0
        self._held_out_loss: float | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Open the bar, at the checkpoint's step."""
        if self.wants_bar and state.is_world_process_zero:
            total, done = state.max_steps, state.global_step
            self._bar = tqdm(total=total, initial=done, desc="Training", smoothing=0.05, dynamic_ncols=True)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count the step."""
        self.speed.count(state.global_step)
        self._first = self._first or (state.global_step, time.monotonic())
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Leave out the time that the checkpoint took."""
        self.speed.leave_out()

    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Show a bar of the evaluation below that of the training."""
        if self._bar is not None:
            if self._held_out is None:
                total = len(kwargs["eval_dataloader"])
                self._held_out = tqdm(total=total, desc="Held-out rows", leave=False, dynamic_ncols=True)
            self._held_out.update()

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave out the time that the evaluation took."""
        self.speed.leave_out()
        if self._held_out is not None:
            self._held_out.close()
            self._held_out = None

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show the newest losses, and how fast it went since they were last shown."""
        logs, now = logs or {}, time.monotonic()
        self._held_out_loss = logs.get("eval_loss", self._held_out_loss)
        step, total = state.global_step, state.max_steps
        too_soon = self._bar is None and step < total and self._shown_at and now - self._shown_at < LINE
        if "loss" not in logs or too_soon or not state.is_world_process_zero:
            return
        words = [f"loss {logs['loss']:.3f}"]
        words += [f"held-out loss {self._held_out_loss:.3f}"] if self._held_out_loss is not None else []
        facts = self.speed.facts(*self._shown)
        words += [f"{facts['tokens_per_second']:,.0f} tokens/s"] if "tokens_per_second" in facts else []
        words += [f"{facts['share_of_peak']:.0%} of peak"] if "share_of_peak" in facts else []
        words += [f"{facts['peak_memory_gib']:.3g} GiB"] if facts else []
        self._shown, self._shown_at = (self.speed.tokens, self.speed.seconds), now
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(words))
            return
        first, since = self._first or (step, now)
        if first < step < total:
            words.append(f"{duration((now - since) / (step - first) * (total - step))} left")
        say(f"Step {step:,} of {total:,}: {', '.join(words)}.")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


class LogHistory(TrainerCallback):
    """Append every log to `log_history.jsonl`; after a resume the file goes on from the checkpoint's history."""

    def __init__(self, path: Path) -> None:
        """`path` is the JSON-lines file."""
        self.path = path

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin the file with the checkpoint's history, so that no step is there twice."""
        if state.is_world_process_zero:
            write_text(self.path, "".join(json.dumps(entry) + "\n" for entry in state.log_history))

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Append the newest entry."""
        if state.is_world_process_zero:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(state.log_history[-1]) + "\n")

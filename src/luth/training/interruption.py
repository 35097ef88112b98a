"""Ctrl-C, or a cluster's SIGTERM: the step under way ends, a checkpoint is written, and the run stops."""

import os
import signal
import sys
import time
from types import FrameType
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from luth.core.console import say

# Seconds. A launcher passes on the signal that the terminal has sent already: that is no second Ctrl-C.
PASSED_ON = 2.0


class StopAtSignal(TrainerCallback):
    """Stop after the step under way, with a checkpoint, once any process of the launch has had a signal."""

    def __init__(self) -> None:
        """Nothing is stopped yet; `stopped` says later whether a signal ended the training."""
        self.stopped = False
        self._asked_at: float | None = None
        self._process = os.getpid()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take the signals over."""
        self._handlers = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """End the training if a signal came; a run whose last step this is ends by itself."""
        asked = torch.tensor(float(self._asked_at is not None), device=args.device)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
        if asked and state.global_step < state.max_steps:
            self.stopped = control.should_save = control.should_training_stop = True

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Give the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # A worker that reads rows: the process that it works for tells it when to end.
            if number == signal.SIGTERM:
                sys.exit(128 + number)
            return
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            more = " Ctrl-C once more stops at once, without one." if number == signal.SIGINT else ""
            say(f"Stopping after this step, with a checkpoint.{more}")
        elif number == signal.SIGINT and now - self._asked_at > PASSED_ON:
            raise KeyboardInterrupt

"""Seconds and memory of a training's steps: a callback that any trainer of transformers takes."""

import resource
import statistics
import time
from typing import Any

import torch
import transformers.trainer
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

# Steps that are not counted: kernels are chosen, layers compiled, the allocator's memory grows.
WARM_UP = 3


class Stopwatch(TrainerCallback):
    """Times a run's steps and reads its peak memory; watch one run at a time."""

    def __init__(self, profiled_step: int | None = None) -> None:
        """`profiled_step` is one of the warm-up's, because a profiler costs time."""
        self.seconds: list[float] = []
        self.tokens = 0.0
        self.profiled_step = profiled_step
        self.profile: Any = None
        # What nvidia-smi would show, in bytes: CUDA's own, and all that the allocator holds; 0 on a CPU.
        self.on_card = 0
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count how many tokens a step has: those of the rows or packs, padding left out."""
        rows: Any = kwargs["train_dataloader"].dataset
        if "seq_lengths" in rows.column_names:
            lengths = [sum(documents) for documents in rows["seq_lengths"]]
        else:
            lengths = [len(tokens) for tokens in rows["input_ids"]]
        self.tokens = statistics.fmean(lengths) * args.train_batch_size * args.gradient_accumulation_steps

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        if state.global_step == self.profiled_step:
            activities = [torch.profiler.ProfilerActivity.CPU]
            if torch.cuda.is_available():
                activities.append(torch.profiler.ProfilerActivity.CUDA)
            self.profile = torch.profiler.profile(activities=activities)
            self.profile.start()
        self.begun = _now()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Stop it, when the device has done its work."""
        self.seconds.append(_now() - self.begun)
        if torch.cuda.is_available():
            free, total = torch.cuda.mem_get_info()
            self.on_card = max(self.on_card, total - free)
        # global_step counts this one already.
        if self.profile is not None and state.global_step - 1 == self.profiled_step:
            self.profile.stop()

    @property
    def step_seconds(self) -> float:
        """The median of the steps after the warm-up."""
        return statistics.median(self.seconds[WARM_UP:])

    @property
    def tokens_per_second(self) -> float:
        """Of the median step."""
        return self.tokens / self.step_seconds

    def top(self, count: int) -> list[str]:
        """Return what took most of the device's time in the profiled step, a line each: operators, then kernels.

        A kernel's time is also that of the operator that started it.
        """
        kinds = [torch.autograd.DeviceType.CPU]
        attribute = "self_cpu_time_total"
        if torch.cuda.is_available():
            kinds, attribute = [*kinds, torch.autograd.DeviceType.CUDA], "self_device_time_total"
        return [line for kind in kinds for line in self._largest(kind, attribute, count)]

    def _largest(self, kind: Any, attribute: str, count: int) -> list[str]:
        events = [event for event in self.profile.key_averages() if event.device_type == kind]
        events.sort(key=lambda event: -getattr(event, attribute))
        whole = sum(getattr(event, attribute) for event in events) or 1
        return [
            f"{getattr(event, attribute) / 1000:.1f} ms {getattr(event, attribute) / whole:.0%} {event.key[:90]} "
            f"x{event.count}"
            for event in events[:count]
        ]


def peak_bytes() -> int:
    """Return the most memory that PyTorch's tensors took on the GPU; on a CPU, the process's resident memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class TrainedEnough(Exception):
    """Training is over; the weights are random, and not worth the time to save them."""


class StopAfterTraining(Stopwatch):
    """A stopwatch that leaves the script when the steps are done."""

    def on_train_end(self, *arguments: Any, **kwargs: Any) -> None:
        """End the script."""
        raise TrainedEnough


def watch(stopwatch: Stopwatch) -> None:
    """Have the trainers that are made from now on call this stopwatch, and no earlier one."""
    kept = [callback for callback in transformers.trainer.DEFAULT_CALLBACKS if not isinstance(callback, Stopwatch)]
    transformers.trainer.DEFAULT_CALLBACKS[:] = [*kept, stopwatch]


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()

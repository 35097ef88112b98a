"""Checking that a launch has the strategy it asked for: accelerate silently falls back in several cases."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from accelerate import Accelerator, PartialState
from accelerate.commands.config.config_args import default_config_file, load_config_from_file
from accelerate.commands.launch import launch_command_parser
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType, parse_flag_from_env
from transformers import TrainingArguments

from luth.core.errors import UserError


@dataclass
class Strategy:
    """How a run is distributed; None where it is unknown.

    Parameters:
        kind (`str`, *optional*): "one process", "DDP", "ZeRO-1" to "ZeRO-3", "FSDP1" or "FSDP2".
        processes (`int`, *optional*): over all machines.
    """

    kind: str | None
    processes: int | None

    def __str__(self) -> str:
        """Write as "ZeRO-2 over 8 processes"."""
        if self.processes == 1:
            return self.kind or "one process"
        return f"{self.kind or 'any strategy'} over {self.processes or 'any number of'} processes"


def check_launch(training: TrainingArguments) -> Strategy:
    """Return the strategy of this process.

    Raises:
        UserError: `accelerate launch` was asked for another one.
    """
    state: Any = training.distributed_state
    if training.deepspeed_plugin is not None:
        actual = Strategy(f"ZeRO-{training.deepspeed_plugin.zero_stage}", state.num_processes)
    else:
        actual = _actual(state)
    wanted = _requested()
    if wanted and (wanted.processes not in (None, actual.processes) or wanted.kind not in (None, actual.kind)):
        raise UserError("launch-mismatch", _fall_back(wanted, actual, training))
    return actual


def confirm_launch(strategy: Strategy, accelerator: Accelerator, training: TrainingArguments) -> None:
    """Raise `UserError` unless the trainer's accelerator has this strategy and the recipe's precision."""
    actual = _actual(accelerator.state)
    if actual != strategy:
        raise UserError("launch-mismatch", _fall_back(strategy, actual, training))
    precision = "bf16" if training.bf16 else "no"
    if accelerator.mixed_precision != precision:
        raise UserError(
            "launch-mismatch",
            f"the recipe says bf16: {str(training.bf16).lower()} and the launch says mixed_precision: "
            f"{accelerator.mixed_precision}: leave mixed_precision out of the launch, or set it to {precision}",
        )


def _actual(state: PartialState | AcceleratorState) -> Strategy:
    if state.distributed_type == DistributedType.DEEPSPEED:
        return Strategy(f"ZeRO-{state.deepspeed_plugin.zero_stage}", state.num_processes)
    # accelerate does FSDP on accelerators only; on CPUs several processes stay plain data-parallel.
    on_cpu = state.distributed_type in (DistributedType.NO, DistributedType.MULTI_CPU)
    if not on_cpu and parse_flag_from_env("ACCELERATE_USE_FSDP"):
        return Strategy(f"FSDP{os.environ.get('FSDP_VERSION', '1')}", state.num_processes)
    return Strategy("DDP" if state.num_processes > 1 else "one process", state.num_processes)


def _requested() -> Strategy | None:
    """Return the strategy that the launcher's command line and configuration file name; None without a launcher."""
    words = _launcher()
    if words is None:
        return None
    flags, _ = launch_command_parser().parse_known_args(words)
    config = None
    if flags.config_file or (Path(default_config_file).is_file() and not flags.cpu):
        config = load_config_from_file(flags.config_file)
    processes = flags.num_processes or getattr(config, "num_processes", None)
    # As in accelerate, a flag for the kind replaces the file's.
    by_flag = flags.multi_gpu or flags.use_deepspeed or flags.use_fsdp or flags.tpu
    kind = "" if by_flag else str(getattr(config, "distributed_type", ""))
    if flags.use_deepspeed or kind.endswith("DEEPSPEED"):
        stage = flags.zero_stage or (config.deepspeed_config.get("zero_stage") if config else None)
        return Strategy(f"ZeRO-{stage}" if stage is not None else None, processes)
    if flags.use_fsdp or kind.endswith("FSDP"):
        version = (config.fsdp_config if config else {}).get("fsdp_version", flags.fsdp_version)
        return Strategy(f"FSDP{version}", processes)
    if processes is None:
        return None
    return Strategy("DDP" if processes > 1 else "one process", processes)


def _launcher() -> list[str] | None:
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().parents()[:3]:
            words = process.cmdline()
            for at, word in enumerate(words):
                name = Path(word).name
                if name == "accelerate-launch" or word == "accelerate.commands.launch":
                    return words[at + 1 :]
                if name == "accelerate" and words[at + 1 : at + 2] == ["launch"]:
                    return words[at + 2 :]
    return None


def _fall_back(wanted: Strategy, actual: Strategy, training: TrainingArguments) -> str:
    kind = wanted.kind or ""
    advice = "several processes need distributed_type: MULTI_GPU, on CPUs with use_cpu: true: see accelerate_configs/"
    if kind.startswith("FSDP") and training.use_cpu:
        advice = "it has no FSDP on CPUs: take accelerate_configs/ddp_cpu.yaml or a zero file"
    if kind.startswith("ZeRO"):
        advice = "--cpu and ACCELERATE_USE_CPU drop DeepSpeed: take accelerate_configs/zero1_cpu.yaml as it is"
    return f"accelerate launch was asked for {wanted} and gave {actual}, without an error of its own: {advice}"

"""Joining the processes of one launch into one evaluation."""

import os
from datetime import timedelta

import torch
from accelerate import Accelerator, InitProcessGroupKwargs

from luth.core.errors import UserError


def one_evaluation() -> Accelerator:
    """Join this process to the others of its launch. Call it before anything else of accelerate.

    Raises:
        UserError: a launcher started several processes, but each would do all the work.
    """
    # On a CPU, accelerate joins processes only with cpu=True. A process may wait hours for another one's long answers.
    patience = InitProcessGroupKwargs(timeout=timedelta(days=2))
    accelerator = Accelerator(cpu=not torch.accelerator.is_available(), kwargs_handlers=[patience])
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched not in (1, accelerator.num_processes):
        raise UserError(
            "launch-mismatch",
            f"{launched} processes were launched, but each runs alone: use accelerate launch with a file of "
            f"accelerate_configs/ (ddp.yaml, or ddp_cpu.yaml without a GPU)",
        )
    return accelerator

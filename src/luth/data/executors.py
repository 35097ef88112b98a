"""datatrove's executors: this machine, a Ray cluster, a Slurm cluster; each resumes by task."""

import contextlib
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import multiprocess
from datatrove.executor import LocalPipelineExecutor
from datatrove.executor.ray import RayPipelineExecutor
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.inference.types import ServerError
from datatrove.utils.stats import PipelineStats
from loguru import logger

from luth.errors import UserError

KINDS = ("local", "ray", "slurm")
# What every worker needs is imported once, not once a worker and pipeline.
multiprocess.get_context("forkserver").set_forkserver_preload(["luth.data.build"])


class _Quiet:
    """An executor whose tasks log to their files alone: what users need to know is said by the script."""

    def _run_for_rank(self, *arguments: Any, **named: Any) -> PipelineStats:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            try:
                return super()._run_for_rank(*arguments, **named)
            finally:
                logger.remove()


class _Local(_Quiet, LocalPipelineExecutor):
    pass


class _Ray(_Quiet, RayPipelineExecutor):
    pass


class _Slurm(_Quiet, SlurmPipelineExecutor):
    pass


class Executor:
    """Where pipelines run, and how many of their tasks at a time."""

    def __init__(self, kind: str, workers: int, slurm: dict[str, Any]) -> None:
        """Take up the settings.

        Args:
            kind: one of `KINDS`.
            workers: tasks at a time.
            slurm: keyword arguments of datatrove's SlurmPipelineExecutor.
        """
        self.kind, self.workers, self.slurm = kind, workers, slurm

    def run(self, pipeline: list[Any], tasks: int, logs: Path, one_by_one: bool = False) -> None:
        """Run a pipeline to its end; tasks that were completed before are left out.

        Args:
            pipeline: datatrove's steps.
            tasks: into how many it is divided.
            logs: the folder of its logs, and of what says which tasks are completed.
            one_by_one: whether tasks run after one another: their requests are many at a time anyway.

        Raises:
            UserError: a task did not end.
        """
        workers = 1 if one_by_one else min(self.workers, tasks)
        shared = {"pipeline": pipeline, "tasks": tasks, "workers": workers, "logging_dir": str(logs)}
        executor: Any
        if self.kind == "slurm":
            executor = _Slurm(**shared, job_name=logs.name, **self.slurm)
        else:
            executor = {"local": _Local, "ray": _Ray}[self.kind](**shared)
        if not executor.get_incomplete_ranks():
            return
        logger.remove()
        try:
            executor.run()
        except ServerError as error:
            raise UserError(str(error.error)) from None
        if self.kind == "slurm":
            _wait(executor)
        left = executor.get_incomplete_ranks()
        if left:
            raise UserError(f"{len(left)} of {tasks} tasks did not end: see {logs}/logs; run the same command again")


def _wait(executor: SlurmPipelineExecutor) -> None:
    while executor.get_incomplete_ranks():
        command = ["squeue", "-h", "-j", str(executor.job_id)]
        if not subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip():
            return
        time.sleep(10)

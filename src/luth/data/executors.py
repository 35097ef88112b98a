"""datatrove's executors: this machine, a Ray cluster, a Slurm cluster; each resumes by task."""

import contextlib
import ctypes
import inspect
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import multiprocess
import multiprocess.forkserver
import psutil
from datatrove.executor import LocalPipelineExecutor
from datatrove.executor.ray import RayPipelineExecutor
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.inference.types import ServerError
from datatrove.utils.stats import PipelineStats
from loguru import logger

from luth.core.errors import UserError, explain
from luth.core.files import write_text
from luth.core.recipes import nearest

# Seconds between two looks at Slurm's queue, and until what has ended shows everywhere.
SETTLED = 5.0
# Seconds that a pipeline has to end once its workers do.
GRACE = 20.0
# What every worker needs is imported once, not once a worker and pipeline.
multiprocess.get_context("forkserver").set_forkserver_preload(["luth.data.build"])
# Of Linux's prctl: the signal that a process gets when the one that forked it ends.
PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# What datatrove starts would outlive a killed script, and write on beside the next start's workers. So every process
# that is forked ends with the one that forked it, and so does the server that forks the workers, which imports this.
os.register_at_fork(after_in_child=_end_with_parent)
if any("multiprocess.forkserver" in word for word in sys.orig_argv):
    _end_with_parent()


class _Quiet:
    """An executor whose tasks log to their files alone, and leave in `errors/RANK.txt` why they failed."""

    def _run_for_rank(self, rank: int, *arguments: Any, **named: Any) -> PipelineStats:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            try:
                return super()._run_for_rank(rank, *arguments, **named)
            except Exception as error:
                line = explain(error) or str(error.error if isinstance(error, ServerError) else error)
                write_text(Path(self.logging_dir.path) / "errors" / f"{rank:05d}.txt", f"{line}\n")
                raise
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
        """Take up the settings, and connect to Ray where it is asked for.

        Args:
            kind: local, ray or slurm.
            workers: tasks at a time.
            slurm: keyword arguments of datatrove's SlurmPipelineExecutor.

        Raises:
            UserError: Slurm is not here, or is given arguments that it does not have.
        """
        self.kind, self.workers, self.slurm = kind, workers, slurm
        if kind == "local" and workers > 1:
            # What workers need is imported while this process goes on with its own work.
            multiprocess.forkserver.ensure_running()
        if kind == "slurm":
            _require_slurm(slurm)
        if kind == "ray":
            _connect_to_ray(workers)

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
        shutil.rmtree(logs / "errors", ignore_errors=True)
        logger.remove()
        try:
            if self.kind == "slurm":
                _run_on_slurm(executor, logs / "job_id.txt")
            else:
                with _guarded(workers if self.kind == "local" else 1):
                    executor.run()
        except ServerError as error:
            raise UserError("build-stopped", str(error.error)) from None
        except subprocess.CalledProcessError as error:
            raise UserError(
                "build-stopped", f"{' '.join(error.cmd)[:200]} failed: {error.stderr or error.output or error}"
            ) from None
        except (BrokenPipeError, EOFError):
            raise UserError("build-stopped", "a process of this build was killed: the same command goes on") from None
        left = executor.get_incomplete_ranks()
        if left:
            said = [path.read_text("utf-8").strip() for path in sorted((logs / "errors").glob("*.txt"))]
            reason = f"the first said: {said[0]}" if said else f"see {logs}"
            raise UserError(
                "build-stopped", f"{len(left)} of {tasks} tasks did not end: {reason}; the same command goes on"
            )


@contextlib.contextmanager
def _guarded(workers: int) -> Iterator[None]:
    """Stop where a worker of this machine is killed: its pool would wait for the lost task for ever."""
    over = threading.Event()

    def watch() -> None:
        seen: set[int] = set()
        while not over.wait(0.5):
            now = {one.pid for one in psutil.Process().children(recursive=True)}
            # At the end of a pipeline all of them go, and it is over a moment later.
            if seen - now and not over.wait(GRACE):
                advice = "was it too little memory? The same command goes on, with a smaller --workers if need be"
                print(f"error: a worker was killed: {advice}", file=sys.__stderr__, flush=True)
                os._exit(2)
            seen |= now

    if workers > 1:
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _require_slurm(settings: dict[str, Any]) -> None:
    known = inspect.signature(SlurmPipelineExecutor).parameters
    for key in settings:
        if key not in known or key in ("pipeline", "tasks", "workers", "logging_dir", "job_name"):
            raise UserError("build-stopped", f"slurm: {key!r} is no key of it{nearest(key, known)}")
    for key in ("time", "partition"):
        if key not in settings:
            raise UserError(
                "build-stopped",
                f"slurm: {key} is not said: the recipe needs slurm: {{time: HH:MM:SS, partition: NAME}}",
            )
    if shutil.which("sbatch") is None:
        raise UserError(
            "build-stopped", "--executor slurm: there is no sbatch here: start it on a cluster's login node"
        )


def _connect_to_ray(workers: int) -> None:
    import ray

    # What Ray itself has to say is in its own logs.
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        ray.init(num_cpus=workers, include_dashboard=False, **quiet)


def _run_on_slurm(executor: SlurmPipelineExecutor, noted: Path) -> None:
    """Submit a pipeline and wait for its end; a job that an earlier start submitted is waited for first."""
    if noted.exists():
        _wait(executor, noted.read_text("utf-8").strip())
    if executor.get_incomplete_ranks():
        executor.run()
        write_text(noted, f"{executor.job_id}\n")
        _wait(executor, str(executor.job_id))


def require_no_job(step: Path) -> None:
    """Raise `UserError` where Slurm still has a job of a step, given by its folder: it would write on."""
    for noted in step.glob("logs/*/job_id.txt"):
        job = noted.read_text("utf-8").strip()
        if shutil.which("squeue") and _is_queued(job):
            raise UserError(
                "build-stopped", f"{step.name}: Slurm's job {job} is at work on it: wait for its end, or scancel {job}"
            )


def _wait(executor: SlurmPipelineExecutor, job: str) -> None:
    while executor.get_incomplete_ranks() and _is_queued(job):
        time.sleep(SETTLED)
    # What the last tasks wrote may take a moment to be seen from another machine.
    time.sleep(SETTLED)


def _is_queued(job: str) -> bool:
    said = subprocess.run(["squeue", "-h", "-j", job], capture_output=True, text=True, check=False)
    if said.returncode:
        # Slurm forgets a job some minutes after its end; at any other fault it is asked again.
        return "invalid job id" not in said.stderr.lower()
    return bool(said.stdout.strip())

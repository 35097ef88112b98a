"""datatrove's executors: this machine, a Ray cluster, a Slurm cluster; each resumes by task."""

import contextlib
import inspect
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import multiprocess.forkserver
import psutil
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.inference.types import ServerError
from loguru import logger

from luth.core.errors import UserError
from luth.core.files import write_text
from luth.core.processes import end_with_parent
from luth.core.recipes import nearest
from luth.data.datatrove_seams import LocalExecutor, RayExecutor, SlurmExecutor, require_datatrove

# Seconds between two looks at Slurm's queue, and until the files of an ended task are seen by all machines.
SETTLED = 5.0
# Seconds that a pipeline has to end after its workers.
GRACE = 20.0
# What every worker needs is imported once, not once a worker and pipeline.
multiprocess.forkserver.set_forkserver_preload(["luth.data.build"])
# Without this, workers would outlive a killed script, and write beside the workers of the next start. Every forked
# process ends with its parent, and so does multiprocess's fork server, which imports this module.
os.register_at_fork(after_in_child=end_with_parent)
if any("multiprocess.forkserver" in word for word in sys.orig_argv):
    end_with_parent()


class Executor:
    """Where pipelines run, and how many of their tasks at a time."""

    def __init__(self, kind: str, workers: int, slurm: dict[str, Any]) -> None:
        """Check the settings; connect to Ray where tasks run there.

        Args:
            kind: local, ray or slurm.
            workers: tasks at a time.
            slurm: keyword arguments of datatrove's SlurmPipelineExecutor.

        Raises:
            UserError: Slurm is not here, or has no such arguments, or datatrove is another version than is needed.
        """
        require_datatrove()
        self.kind, self.workers, self.slurm = kind, workers, slurm
        if kind == "local" and workers > 1:
            # The workers' imports run beside this process's own work.
            multiprocess.forkserver.ensure_running()
        if kind == "slurm":
            _require_slurm(slurm)
        if kind == "ray":
            _connect_to_ray(workers)

    def run(self, pipeline: list[Any], tasks: int, logs: Path, one_by_one: bool = False) -> None:
        """Run a pipeline to its end; tasks that were completed before are left out.

        Args:
            pipeline: datatrove's steps.
            tasks: how many tasks it is divided into.
            logs: the folder of its logs, and of the marks of completed tasks.
            one_by_one: whether tasks run one after another, since each sends many requests at a time.

        Raises:
            UserError: a task did not end.
        """
        workers = 1 if one_by_one else min(self.workers, tasks)
        shared = {"pipeline": pipeline, "tasks": tasks, "workers": workers, "logging_dir": str(logs)}
        executor: Any
        if self.kind == "slurm":
            executor = SlurmExecutor(**shared, job_name=logs.name, **self.slurm)
        else:
            executor = {"local": LocalExecutor, "ray": RayExecutor}[self.kind](**shared)
        if not executor.get_incomplete_ranks():
            return
        shutil.rmtree(logs / "errors", ignore_errors=True)
        logger.remove()
        self._run(executor, workers, logs)
        left = executor.get_incomplete_ranks()
        if left:
            reasons = [path.read_text("utf-8").strip() for path in sorted((logs / "errors").glob("*.txt"))]
            reason = f"the first one: {reasons[0]}" if reasons else f"see {logs}"
            line = f"{len(left)} of {tasks} tasks failed: {reason}; the same command goes on"
            raise UserError("build-stopped", line)

    def _run(self, executor: Any, workers: int, logs: Path) -> None:
        try:
            if self.kind == "slurm":
                _run_on_slurm(executor, logs / "job_id.txt")
            else:
                with _guarded(workers if self.kind == "local" else 1):
                    executor.run()
        except ServerError as error:
            raise UserError("server-failed", str(error.error)) from None
        except subprocess.CalledProcessError as error:
            line = f"{' '.join(error.cmd)[:200]} failed: {error.stderr or error.output or error}"
            raise UserError("build-stopped", line) from None
        except (BrokenPipeError, EOFError):
            raise UserError("build-stopped", "a process of this build was killed: the same command goes on") from None


@contextlib.contextmanager
def _guarded(workers: int) -> Iterator[None]:
    """Stop when a worker on this machine is killed: its pool would wait for the lost task forever."""
    over = threading.Event()

    def watch() -> None:
        seen: set[int] = set()
        while not over.wait(0.5):
            now = {child.pid for child in psutil.Process().children(recursive=True)}
            # At the end of a pipeline all workers end, and the pipeline a moment later.
            if seen - now and not over.wait(GRACE):
                advice = "was it too little memory? The same command goes on, with a smaller --workers if need be"
                print(f"error: a worker was killed: {advice} [build-stopped]", file=sys.__stderr__, flush=True)
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
            line = f"slurm: {key!r} is no argument of SlurmPipelineExecutor{nearest(key, known)}"
            raise UserError("bad-recipe-key", line)
    for key in ("time", "partition"):
        if key not in settings:
            line = f"slurm: {key} is missing: the recipe needs slurm: {{time: HH:MM:SS, partition: NAME}}"
            raise UserError("bad-recipe-key", line)
    if shutil.which("sbatch") is None:
        line = "--executor slurm: there is no sbatch here: start it on a cluster's login node"
        raise UserError("bad-argument", line)


def _connect_to_ray(workers: int) -> None:
    import ray

    # Ray's own messages are in its logs.
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        ray.init(num_cpus=workers, include_dashboard=False, **quiet)


def _run_on_slurm(executor: SlurmPipelineExecutor, job_file: Path) -> None:
    """Submit a pipeline and wait for its end, after that of a job which an earlier start submitted."""
    if job_file.exists():
        _wait(executor, job_file.read_text("utf-8").strip())
    if executor.get_incomplete_ranks():
        executor.run()
        write_text(job_file, f"{executor.job_id}\n")
        _wait(executor, str(executor.job_id))


def require_no_job(step: Path) -> None:
    """Raise `UserError` where Slurm still has a job of a step, given by its folder: the job would write there."""
    for job_file in step.glob("logs/*/job_id.txt"):
        job = job_file.read_text("utf-8").strip()
        if shutil.which("squeue") and _is_queued(job):
            line = f"{step.name}: Slurm's job {job} is at work on it: wait for its end, or scancel {job}"
            raise UserError("folder-busy", line)


def _wait(executor: SlurmPipelineExecutor, job: str) -> None:
    while executor.get_incomplete_ranks() and _is_queued(job):
        time.sleep(SETTLED)
    # Files of the last tasks may take a moment to show on this machine.
    time.sleep(SETTLED)


def _is_queued(job: str) -> bool:
    queue = subprocess.run(["squeue", "-h", "-j", job], capture_output=True, text=True, check=False)
    if queue.returncode:
        # Slurm forgets a job some minutes after its end. Any other fault is taken to pass.
        return "invalid job id" not in queue.stderr.lower()
    return bool(queue.stdout.strip())

"""run.json beside every output: what made it, so that its figures can be recomputed."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.core.files import write_json

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "datatrove", "mergekit", "lighteval", "luth")


class Run:
    """One run of a step: run.json is written when the work begins and when it ends."""

    def __init__(
        self,
        folder: Path,
        record: dict[str, Any],
        replaced: dict[str, Any] | None = None,
        changed: dict[str, Any] | None = None,
    ) -> None:
        """Use `open_run`, which checks the folder.

        `replaced` is an earlier run's record, kept under its date; `changed` holds the settings with which this run
        goes on, as they were before.
        """
        self.folder = folder
        self.record = record
        self.replaced = replaced
        self.changed = changed or {}
        self._since = time.monotonic() - record.get("seconds", 0.0)

    @property
    def finished(self) -> bool:
        """Whether this very run is complete."""
        return self.record["status"] == "finished"

    def save(self, **facts: Any) -> None:
        """Add facts to the record and write it, with the seconds so far."""
        self.record.update(facts, seconds=round(time.monotonic() - self._since, 1))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                "output-unusable", f"{self.folder} cannot be made ({error.strerror}): choose another output_dir"
            ) from error
        if self.replaced is not None:
            write_json(self.folder / f"run_{self.replaced['started'].replace(':', '-')}.json", self.replaced)
            self.replaced = None
        write_json(self.folder / "run.json", self.record)

    def finish(self, **facts: Any) -> None:
        """Mark the run as completed."""
        self.save(**facts, status="finished")


def open_run(
    folder: Path,
    step: str,
    recipe: dict[str, Any],
    inputs: dict[str, str],
    seed: int | None = None,
    replace_other: bool = False,
    may_change: Collection[str] = (),
) -> Run:
    """Begin a run in `folder`, or go on with the same run.

    Args:
        folder: where the step writes.
        step: its name (sft, merge, ...).
        recipe: every setting that the result depends on.
        inputs: fingerprints of what is read, by name.
        seed: the random seed, if the step has one.
        replace_other: keep another run's record as run_DATE.json and begin a new one, for steps whose files are dated
            and never replace one another.
        may_change: settings of the recipe with which the same run goes on when they change. The record keeps what they
            were before.

    Raises:
        UserError: the folder holds something else. Nothing is ever overwritten.
    """
    fresh = new_record(step, recipe, inputs, seed)
    if folder.is_dir() and replace_other and not (folder / "run.json").exists():
        return Run(folder, fresh)
    before = recorded(folder)
    if before is None:
        return Run(folder, fresh)
    if recipe_hash(without(before.get("recipe"), may_change)) != recipe_hash(without(recipe, may_change)) or (
        before.get("inputs") != inputs
    ):
        if replace_other:
            if before.get("step") != step:
                raise UserError(
                    "output-unusable",
                    f"{folder} holds the output of another step ({before.get('step')}): choose another one",
                )
            return Run(folder, fresh, before)
        changed = _differences(before, fresh)
        raise UserError(
            "output-unusable",
            f"{folder} holds another recipe's run (different: {changed}): "
            f"choose another output_dir, or delete the folder to run again",
        )
    return _going_on(folder, before, fresh)


def without(recipe: Any, keys: Collection[str]) -> Any:
    """Return a recipe without some of its keys."""
    return {key: value for key, value in recipe.items() if key not in keys} if isinstance(recipe, dict) else recipe


def _going_on(folder: Path, before: dict[str, Any], fresh: dict[str, Any]) -> Run:
    """Return a run that goes on; the record keeps what settings were before they changed."""
    if before.get("recipe_hash") == fresh["recipe_hash"]:
        return Run(folder, before)
    old, new = before["recipe"], fresh["recipe"]
    changed = {key: old.get(key) for key in sorted({*old, *new}) if old.get(key) != new.get(key)}
    changes = [*before.get("changes", []), {"at": fresh["started"], "before": changed}]
    settings = {key: fresh[key] for key in ("recipe", "recipe_hash")}
    return Run(folder, {**before, **settings, "changes": changes}, changed=changed)


def recorded(folder: Path) -> dict[str, Any] | None:
    """Return the record of the run in a folder, None if the folder is empty.

    Raises:
        UserError: it is a file, or holds files but no run's record.
    """
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if there.exists() and not there.is_dir():
        raise UserError("output-unusable", f"{there} is a file: choose another output_dir")
    # Another process of the same run may be writing its record at this moment.
    if not folder.exists() or all(path.name.startswith((".run.json.", ".lock")) for path in folder.iterdir()):
        return None
    path = folder / "run.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or not isinstance(record.get("inputs"), dict):
            raise ValueError("it is not the record of a run")
    except FileNotFoundError:
        raise UserError(
            "output-unusable", f"{folder} holds files that no run of this step left: choose another output_dir"
        ) from None
    except (ValueError, OSError) as error:
        raise UserError("output-unusable", f"{path} cannot be read ({error}): choose another output_dir") from None
    return record


def new_record(step: str, recipe: dict[str, Any], inputs: dict[str, str], seed: int | None) -> dict[str, Any]:
    """Return the record of a run that begins now, on this machine."""
    return {
        "step": step,
        "status": "running",
        "recipe": recipe,
        "recipe_hash": recipe_hash(recipe),
        "inputs": inputs,
        "seed": seed,
        "git_commit": git_commit(),
        "packages": {name: _version(name) for name in PACKAGES},
        "hardware": hardware(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def recipe_hash(recipe: dict[str, Any]) -> str:
    """Return the SHA-256 of a run's settings."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, default=str).encode()).hexdigest()


def _differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    names = []
    for part in ("recipe", "inputs"):
        old, new = before.get(part) or {}, now[part]
        names += [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    return ", ".join(names[:6]) or "the step"


def git_commit() -> str | None:
    """Return the commit of the checkout this code runs from, '+changes' added if it was edited; None outside git."""
    root = Path(__file__).parent
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
        # Without its lock, which a kill in this moment would leave in the repository.
        words = ["git", "--no-optional-locks", "status", "--porcelain"]
        status = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("+changes" if status.stdout.strip() else "")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def hardware() -> dict[str, Any]:
    """Describe this machine: processor, cores this process may use, memory in GiB, GPUs by name."""
    import torch

    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
    }


def cpu_threads() -> int:
    """Return how many CPU threads this process should use: its cores, divided among the processes of the machine."""
    return max(1, len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))

"""The benchmarks, one file each, and the table of all tasks that an evaluation can name.

A file of this folder that has TASKS is a benchmark; nothing lists it. A user's own files, which a recipe names under
`custom_tasks`, are alike: TASKS is a list of LightEval's task configurations, GROUPS, if there, names some of them.
"""

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import SamplingMethod

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.evaluation.scoring.answer_shares import answer_shares
from luth.evaluation.scoring.likelihood import answer_log_likelihood

# The columns of the published tables, in their order. Groups of the benchmarks' own files are joined behind these, in
# the order of the files' names, then those of the user's files, in the recipe's order.
PUBLISHED = {
    "luth_fr": ["ifeval_fr", "gpqa_fr:diamond", "mmlu_fr", "math_500_fr", "arc_challenge_fr", "hellaswag_fr"],
    "luth_en": ["ifeval_en", "gpqa_en:diamond", "mmlu_en", "math_500_en", "arc_challenge_en", "hellaswag_en"],
}


@dataclass(frozen=True)
class TaskTable:
    """The tasks that an evaluation can name.

    Parameters:
        tasks: LightEval's configurations by name.
        groups: names of tasks by the group's name.
        files: for each task of a user's own, the file that defines it.
    """

    tasks: dict[str, LightevalTaskConfig]
    groups: dict[str, list[str]]
    files: dict[str, Path]

    def expand(self, names: Iterable[str], max_samples: int | Mapping[str, int] | None = None) -> list[str]:
        """Return the tasks that `names` stand for: tasks, groups, and the part before ":" of several tasks' names.

        Raises:
            UserError: there is no such task, or `max_samples` names one that is not evaluated.
        """
        prefixes = {name.split(":")[0] for name in self.tasks if ":" in name}
        expanded: list[str] = []
        for name in names:
            if name in self.groups:
                expanded += self.groups[name]
            elif name in prefixes:
                expanded += [task for task in self.tasks if task.startswith(f"{name}:")]
            elif name in self.tasks:
                expanded.append(name)
            else:
                close = nearest(name, [*self.tasks, *self.groups, *prefixes])
                hint = "a task of your own needs its file under custom_tasks"
                raise UserError("unknown-task", f"tasks: there is no task {name!r}{close}: {hint}")
        expanded = list(dict.fromkeys(expanded))
        for name in max_samples if isinstance(max_samples, Mapping) else ():
            if name not in expanded:
                raise UserError(
                    "unknown-task", f"max_samples: {name!r} is not among the recipe's tasks{nearest(name, expanded)}"
                )
        return expanded

    def is_generative(self, task: str) -> bool:
        """Tell tasks answered in words from those whose choices' likelihoods are compared."""
        return _is_generative(self.tasks[task])

    def in_nats(self, task: str) -> bool:
        """Tell a task scored by a log-likelihood, which has no upper end, from those scored by a share of 1."""
        return answer_log_likelihood in self.tasks[task].metrics


def task_table(custom_tasks: Iterable[str] = ()) -> TaskTable:
    """Return the table of the package's tasks and of those in the user's files.

    Raises:
        UserError: a file is missing, cannot be imported, has no TASKS, or defines a name that is taken.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    table = TaskTable({}, {name: list(tasks) for name, tasks in PUBLISHED.items()}, {})
    for name in names:
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "TASKS"):
            _add(table, module, None)
    table.groups["luth_all"] = table.groups["luth_fr"] + table.groups["luth_en"]
    for path in custom_tasks:
        _add(table, _imported(path), Path(path))
    return table


def with_answer_shares(tasks: Iterable[LightevalTaskConfig]) -> list[LightevalTaskConfig]:
    """Return the tasks, those answered in words with the share of answers that were cut short among their metrics."""
    return [
        replace(task, metrics=[*task.metrics, answer_shares])
        if _is_generative(task) and answer_shares not in task.metrics
        else task
        for task in tasks
    ]


def _is_generative(task: LightevalTaskConfig) -> bool:
    return any(metric.category == SamplingMethod.GENERATIVE for metric in task.metrics)


def _imported(path: str) -> ModuleType:
    """Import a user's file anew, whatever was imported from the same path before."""
    file = Path(path)
    if not file.is_file():
        raise UserError("bad-task-file", f"custom_tasks: {path}: no such file (looked for from {Path.cwd()})")
    name = f"custom_tasks_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError("bad-task-file", f"custom_tasks: {path} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        where = f"line {line}: " if line else ""
        raise UserError(
            "bad-task-file", f"custom_tasks: {path} cannot be imported: {where}{type(error).__name__}: {error}"
        ) from error
    return module


def _add(table: TaskTable, module: ModuleType, file: Path | None) -> None:
    """Add a file's tasks and groups to the table; `file` is set for a user's own."""
    where = f"custom_tasks: {file}" if file else module.__name__
    # LightEval's own name for the list is TASKS_TABLE: files written for its command line work as they are.
    tasks: Any = getattr(module, "TASKS", None) or getattr(module, "TASKS_TABLE", None)
    if not isinstance(tasks, list) or not all(isinstance(task, LightevalTaskConfig) for task in tasks):
        raise UserError("bad-task-file", f"{where} has no list TASKS of LightevalTaskConfig")
    for task in with_answer_shares(tasks):
        if task.name in table.tasks or task.name in table.groups:
            raise UserError("bad-task-file", f"{where}: the name {task.name!r} is taken: choose another one")
        if len({metric.category for metric in task.metrics}) != 1:
            raise UserError(
                "bad-task-file", f"{where}: {task.name}: its metrics must be of one kind, words or choices"
            )
        if task.num_fewshots:
            raise UserError("bad-task-file", f"{where}: {task.name}: num_fewshots: no examples are shown here")
        table.tasks[task.name] = task
        if file:
            table.files[task.name] = file
    groups: Any = getattr(module, "GROUPS", {})
    if not isinstance(groups, dict) or not all(isinstance(names, list) for names in groups.values()):
        raise UserError("bad-task-file", f"{where}: GROUPS is not a dictionary of lists of tasks' names")
    for group, names in groups.items():
        if group in table.tasks:
            raise UserError("bad-task-file", f"{where}: GROUPS: {group!r} is already the name of a task")
        for name in names:
            if name not in table.tasks:
                raise UserError(
                    "bad-task-file", f"{where}: GROUPS: {group}: there is no task {name!r}{nearest(name, table.tasks)}"
                )
        table.groups[group] = list(dict.fromkeys([*table.groups.get(group, []), *names]))

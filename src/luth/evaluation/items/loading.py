"""The items of tasks, read once for all models, and the tasks' names."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from datasets import load_dataset
from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
from lighteval.tasks.requests import Doc, SamplingMethod

from luth import tasks as tasks_module
from luth.core.datasets_cache import content_cache
from luth.core.errors import UserError, about
from luth.core.recipes import nearest
from luth.evaluation.items.mirrors import take_what_is_there
from luth.evaluation.recipe import EvalRecipe
from luth.evaluation.scoring.general import answer_log_likelihood

TASKS = {task.name: task for task in tasks_module.TASKS_TABLE}


def expand(names: list[str], max_samples: int | dict[str, int] | None = None) -> list[str]:
    """Return the tasks that `names` stand for: tasks, groups, and the part before ":" of several tasks' names.

    Raises:
        UserError: there is no such task, or a sample is asked of one that is not evaluated.
    """
    found: list[str] = []
    parts = {name.split(":")[0] for name in TASKS if ":" in name}
    for name in names:
        if name in tasks_module.GROUPS:
            found += tasks_module.GROUPS[name]
        elif name in parts:
            found += [task for task in TASKS if task.startswith(f"{name}:")]
        elif name in TASKS:
            found.append(name)
        else:
            close = nearest(name, [*TASKS, *tasks_module.GROUPS, *parts])
            raise UserError("bad-dataset", f"tasks: there is no task {name!r}{close}: see src/luth/tasks.py")
    found = list(dict.fromkeys(found))
    for name, count in max_samples.items() if isinstance(max_samples, dict) else [("", max_samples)]:
        if name and name not in found:
            raise UserError(
                "bad-dataset", f"max_samples: {name!r} is not among the recipe's tasks{nearest(name, found)}"
            )
        if count is not None and count < 1:
            raise UserError(
                "bad-dataset", f"max_samples: {count} is not a number of items: give 1 or more, or null for all"
            )
    return found


def is_generative(task: str) -> bool:
    """Tell tasks answered in words from those whose choices' likelihoods are compared."""
    return any(metric.category == SamplingMethod.GENERATIVE for metric in TASKS[task].metrics)


def in_nats(task: str) -> bool:
    """Tell a task scored by a log-likelihood, which has no upper end, from those scored by a share of 1."""
    return answer_log_likelihood in TASKS[task].metrics


def sources() -> list[Path]:
    """Return the files that decide what the tasks ask and how they score: code and the demo's items."""
    package = Path(__file__).parents[1]
    data = Path(TASKS["demo_choice_fr"].hf_repo)
    return sorted([*package.rglob("*.py"), Path(tasks_module.__file__), *data.glob("*/*.jsonl")])


def read_items(recipe: EvalRecipe, names: list[str], report: Callable[[str], None]) -> dict[str, list[Doc]]:
    """Read every task's items, sampled as the recipe says; say through `report` what rows were left out.

    Raises:
        UserError: a dataset cannot be had or has no such split or column, or a row makes no item and the recipe does
            not say to skip it.
    """
    items = {}
    for name in names:
        config = copy.copy(TASKS[name])
        config.num_fewshots, config.full_name = 0, f"{name}|0"
        with _named(name, config):
            take_what_is_there(config)
        if config.hf_repo != TASKS[name].hf_repo:
            report(f"{name}: read from {config.hf_repo}, since {TASKS[name].hf_repo} is not there.")
        bad: list[tuple[int, str]] = []
        config.prompt_function = _noting(TASKS[name].prompt_function, bad)
        task = LightevalTask(config)
        with _named(name, config):
            task.dataset = load_dataset(
                config.hf_repo,
                config.hf_subset,
                revision=config.hf_revision,
                cache_dir=content_cache(config.hf_repo),
            )
            if config.hf_filter is not None:
                task.dataset = task.dataset.filter(config.hf_filter)
        for split in config.evaluation_splits:
            if split not in task.dataset:
                raise UserError(
                    "bad-dataset", f"{name}: {config.hf_repo} has no split {split!r}, but {', '.join(task.dataset)}"
                )
        # Every row is read, also where a sample is wanted: what is wrong with the dataset is said, not sampled away.
        total = len(task.eval_docs()) + len(bad)
        if bad:
            index, reason = bad[0]
            line = f"{name}: {len(bad)} of {total} rows of {config.hf_repo} make no item; row {index}: {reason}"
            if recipe.bad_rows == "stop" or len(bad) == total:
                raise UserError("bad-dataset", f"{line}: mend the rows, or set bad_rows to skip")
            report(f"{line}. Left out: rows {', '.join(str(index) for index, _ in bad)}.")
        items[name] = task.get_docs(recipe.samples(name))
    return items


def _noting(prompt: Callable[[dict[str, Any], str], Doc], bad: list[tuple[int, str]]) -> Callable[..., Doc | None]:
    """Return a prompt function that notes the rows it cannot read; LightEval leaves out items that are None."""

    def noted(row: dict[str, Any], task_name: str) -> Doc | None:
        try:
            return prompt(row, task_name)
        except KeyError as error:
            bad.append((row["__index"], f"no column {error}"))
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            bad.append((row["__index"], str(error).splitlines()[0] if str(error) else type(error).__name__))
        return None

    return noted


@contextlib.contextmanager
def _named(name: str, config: LightevalTaskConfig) -> Iterator[None]:
    """Name task and dataset in what goes wrong while it is loaded."""
    where = f"{name}: the dataset {config.hf_repo}"
    try:
        with about(where):
            yield
    except (ValueError, OSError) as error:
        raise UserError("bad-dataset", f"{where} cannot be loaded: {str(error).splitlines()[0]}") from error

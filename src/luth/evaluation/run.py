"""One evaluation: LightEval's pipeline on one model, with our tasks and no others."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
from lighteval.tasks.registry import Registry
from lighteval.tasks.requests import Doc

from luth import tasks as tasks_module
from luth.datasets_cache import cache_by_content
from luth.errors import UserError
from luth.evaluation.model import load_model
from luth.evaluation.recipe import EvalRecipe
from luth.recipe import nearest

TASKS = {task.name: task for task in tasks_module.TASKS_TABLE}


def check_tasks(names: list[str], max_samples: int | dict[str, int] | None) -> None:
    """Raise `UserError` for a task that src/luth/tasks.py does not have, or a sample of one that is not evaluated."""
    for name in names:
        if name not in TASKS:
            raise UserError(f"tasks: there is no task {name!r}{nearest(name, TASKS)}: see src/luth/tasks.py")
    for name, count in max_samples.items() if isinstance(max_samples, dict) else [("", max_samples)]:
        if name and name not in names:
            raise UserError(f"max_samples: {name!r} is not among the recipe's tasks{nearest(name, names)}")
        if count is not None and count < 1:
            raise UserError(f"max_samples: {count} is not a number of items: give 1 or more, or null for all")


def task_sources() -> list[Path]:
    """Return the files that decide what the tasks ask and how they score: code and the demo's items."""
    package = Path(__file__).parent
    data = Path(TASKS["demo_choice_fr"].hf_repo)
    return sorted([*package.rglob("*.py"), Path(tasks_module.__file__), *data.glob("*/*.jsonl")])


@contextlib.contextmanager
def our_tasks_only(recipe: EvalRecipe) -> Iterator[None]:
    """Keep LightEval 0.13 from importing its thousand built-in tasks: two of them need the network at import.

    `Registry.load_all_task_configs` is its one place for that, and `LightevalTask.get_docs` the one where items are
    sampled, which the recipe may want by task.

    Raises:
        UserError: this LightEval has no such places any more.
    """
    seams = ((Registry, "load_all_task_configs"), (LightevalTask, "get_docs"))
    if not all(callable(getattr(owner, name, None)) for owner, name in seams):
        raise UserError("this version of lighteval loads its tasks in another way: install the one in constraints.txt")
    get_docs = LightevalTask.get_docs

    def load(custom_tasks: object = None, load_multilingual: bool = False) -> dict[str, LightevalTaskConfig]:
        return dict(TASKS)

    def sample(task: LightevalTask, max_samples: int | None = None) -> list[Doc]:
        return get_docs(task, recipe.samples(task.name))

    with (
        mock.patch.object(Registry, "load_all_task_configs", staticmethod(load)),
        mock.patch.object(LightevalTask, "get_docs", sample),
    ):
        yield


def evaluate(model: str, recipe: EvalRecipe, output_dir: Path) -> Path:
    """Evaluate one model on the recipe's tasks.

    LightEval's cache of answers knows a model by its path, not its weights: here it lies in a temporary folder that
    lives as long as the call. Results appear in `output_dir` when all are there.

    Returns:
        the results file, `output_dir/results/MODEL/results_*.json`.
    """
    datasets = [TASKS[name].hf_repo for name in recipe.tasks]
    with (
        tempfile.TemporaryDirectory(prefix="luth-eval-") as scratch,
        our_tasks_only(recipe),
        cache_by_content(datasets),
    ):
        pipeline = Pipeline(
            tasks=",".join(recipe.tasks),
            pipeline_parameters=PipelineParameters(
                launcher_type=ParallelismManager.ACCELERATE,
                custom_tasks_directory=tasks_module.__file__,
            ),
            evaluation_tracker=EvaluationTracker(output_dir=f"{scratch}/out", save_details=True),
            model=load_model(model, recipe.dtype, recipe.batch_size, f"{scratch}/cache", recipe.system_prompt),
        )
        pipeline.evaluate()
        pipeline.save_and_push_results()
        return _move(Path(scratch) / "out", output_dir)


def _move(source: Path, target: Path) -> Path:
    """Move LightEval's files into `target`, each whole, results after details; return the results file."""
    files = sorted((path for path in source.rglob("*") if path.is_file()), key=lambda path: path.suffix == ".json")
    for path in files:
        goal = target / path.relative_to(source)
        goal.parent.mkdir(parents=True, exist_ok=True)
        beside = goal.with_name(f".{goal.name}.tmp")
        shutil.copyfile(path, beside)
        os.replace(beside, goal)
    return goal

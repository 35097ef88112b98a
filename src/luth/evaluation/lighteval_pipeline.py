"""One evaluation: LightEval's pipeline on one model in one mode, with our tasks and no others."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.models.abstract_model import LightevalModel
from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
from lighteval.tasks.registry import Registry
from lighteval.tasks.requests import Doc

from luth import tasks as tasks_module
from luth.core.errors import UserError
from luth.evaluation.items.loading import TASKS


@contextlib.contextmanager
def our_items_only(items: dict[str, list[Doc]]) -> Iterator[None]:
    """Keep LightEval 0.13 from importing its thousand built-in tasks: two of them need the network at import.

    `Registry.load_all_task_configs` is its one place for that; the items, which are read once for all models, take
    the place of what `LightevalTask` would load and sample.

    Raises:
        UserError: this LightEval has no such places any more.
    """
    seams = ((Registry, "load_all_task_configs"), (LightevalTask, "load_datasets"), (LightevalTask, "get_docs"))
    if not all(callable(getattr(owner, name, None)) for owner, name in seams):
        raise UserError(
            "wrong-version",
            "this version of lighteval loads its tasks in another way: install the one in constraints.txt",
        )

    def load(custom_tasks: object = None, load_multilingual: bool = False) -> dict[str, LightevalTaskConfig]:
        return dict(TASKS)

    def load_nothing(tasks: object, dataset_loading_processes: int = 1) -> None:
        return None

    def given(task: LightevalTask, max_samples: int | None = None) -> list[Doc]:
        return items[task.name]

    with (
        mock.patch.object(Registry, "load_all_task_configs", staticmethod(load)),
        mock.patch.object(LightevalTask, "load_datasets", staticmethod(load_nothing)),
        mock.patch.object(LightevalTask, "get_docs", given),
    ):
        yield


def evaluate(
    model: LightevalModel, name: str, items: dict[str, list[Doc]], scratch: Path, output_dir: Path
) -> Path | None:
    """Evaluate one model on the items of tasks, by name, and file the results under `name`.

    Results appear in `output_dir` when all are there. Of several processes only the first scores and writes.

    Returns:
        the results file, `output_dir/results/NAME/results_*.json`, or None in the other processes.
    """
    written = scratch / "out"
    shutil.rmtree(written, ignore_errors=True)
    with our_items_only(items):
        model.config.model_name = name
        pipeline = Pipeline(
            tasks=",".join(items),
            pipeline_parameters=PipelineParameters(
                launcher_type=ParallelismManager.ACCELERATE,
                custom_tasks_directory=tasks_module.__file__,
                # Our models cut thoughts off themselves: LightEval would score what stands after an unclosed one.
                remove_reasoning_tags=False,
            ),
            evaluation_tracker=EvaluationTracker(output_dir=str(written), save_details=True),
            model=model,
        )
        # LightEval asks in the order of a set of names, another one in every process; shares need one order.
        ordered = {
            method: [doc for docs in items.values() for doc in docs if method in doc.sampling_methods]
            for method in sorted(pipeline.sampling_docs, key=lambda method: method.name)
        }
        pipeline.sampling_docs = ordered
        asked = sum(len(docs) for docs in ordered.values())
        if asked != sum(len(docs) for docs in items.values()):
            raise UserError(
                "wrong-version", "this version of lighteval asks other items: install the one in constraints.txt"
            )
        pipeline.evaluate()
        if not pipeline.is_main_process():
            return None
        pipeline.save_and_push_results()
    return _move(written, output_dir)


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

"""One evaluation: LightEval's pipeline on one model in one mode, with our tasks and no others."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.models.abstract_model import LightevalModel
from lighteval.pipeline import ParallelismManager, PipelineParameters

from luth.evaluation.items.loading import Items
from luth.evaluation.lighteval_seams import ItemsPipeline
from luth.evaluation.tasks import TaskTable


def run_pipeline(model: LightevalModel, items: Items, table: TaskTable, written: Path) -> bool:
    """Evaluate one model, under the name in its configuration, on the items of tasks.

    Returns:
        whether the results are in `written`: of several processes only the first scores and writes.
    """
    pipeline = ItemsPipeline(
        [(replace(table.tasks[name], num_fewshots=0), docs) for name, docs in items.items()],
        PipelineParameters(
            launcher_type=ParallelismManager.ACCELERATE,
            # Our models cut thoughts off themselves: LightEval would score what stands after an unclosed one.
            remove_reasoning_tags=False,
        ),
        EvaluationTracker(output_dir=str(written), save_details=True),
        model,
    )
    pipeline.evaluate()
    if pipeline.is_main_process():
        pipeline.save_and_push_results()
    return pipeline.is_main_process()


def move_results(source: Path, target: Path) -> Path:
    """Move LightEval's files into `target`, each whole, results after details; return the results file."""
    files = sorted((path for path in source.rglob("*") if path.is_file()), key=lambda path: path.suffix == ".json")
    for path in files:
        goal = target / path.relative_to(source)
        goal.parent.mkdir(parents=True, exist_ok=True)
        beside = goal.with_name(f".{goal.name}.tmp")
        shutil.copyfile(path, beside)
        os.replace(beside, goal)
    return target / files[-1].relative_to(source)

"""One evaluation: LightEval's pipeline on one model, with our tasks and no others."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import torch
from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.models.transformers.transformers_model import TransformersModelConfig
from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
from lighteval.tasks.registry import Registry
from transformers import AutoModelForCausalLM, PreTrainedModel

from luth import tasks as tasks_module
from luth.errors import UserError
from luth.evaluation.recipe import EvalRecipe
from luth.recipe import nearest

TASKS = {task.name: task for task in tasks_module.TASKS_TABLE}


def check_tasks(names: list[str]) -> None:
    """Raise `UserError` for a task that src/luth/tasks.py does not have."""
    for name in names:
        if name not in TASKS:
            raise UserError(f"tasks: there is no task {name!r}{nearest(name, TASKS)}: see src/luth/tasks.py")


def task_sources() -> list[Path]:
    """Return the files that decide what the tasks ask and how they score: code and the demo's items."""
    package = Path(__file__).parent
    data = Path(TASKS["demo_choice_fr"].hf_repo)
    return sorted([*package.rglob("*.py"), Path(tasks_module.__file__), *data.glob("*/*.jsonl")])


@contextlib.contextmanager
def only_our_tasks() -> Iterator[None]:
    """Keep LightEval 0.13 from importing its thousand built-in tasks: two of them need the network at import.

    `Registry.load_all_task_configs` is its one place for that.

    Raises:
        UserError: this LightEval has no such place any more.
    """
    if not callable(getattr(Registry, "load_all_task_configs", None)):
        raise UserError("this version of lighteval loads its tasks in another way: install the one in constraints.txt")
    with mock.patch.object(
        Registry, "load_all_task_configs", staticmethod(lambda custom_tasks=None, load_multilingual=False: dict(TASKS))
    ):
        yield


def display_name(model: str) -> str:
    """Return the name under which results are filed: relative, and never taken for a Hub id.

    LightEval asks the Hub about names of the form `a/b`, and would put its cache inside an absolute path.
    """
    if not Path(model).exists():
        return model
    relative = os.path.relpath(model)
    return f"./{relative}" if not relative.startswith("..") else f"./{str(Path(model).resolve()).lstrip('/')}"


def load_model(name: str, dtype: str) -> PreTrainedModel:
    """Load a causal language model for evaluation."""
    model = AutoModelForCausalLM.from_pretrained(name, dtype=getattr(torch, dtype))
    return model.eval()


def evaluate(model: str, recipe: EvalRecipe, output_dir: Path) -> Path:
    """Evaluate one model on the recipe's tasks.

    LightEval's cache of answers knows a model by its path, not its weights: here it lies in a temporary folder that
    lives as long as the call. Results appear in `output_dir` when all are there.

    Returns:
        the results file, `output_dir/results/MODEL/results_*.json`.
    """
    with tempfile.TemporaryDirectory(prefix="luth-eval-") as scratch, only_our_tasks():
        pipeline = Pipeline(
            tasks=",".join(recipe.tasks),
            pipeline_parameters=PipelineParameters(
                launcher_type=ParallelismManager.ACCELERATE,
                custom_tasks_directory=tasks_module.__file__,
                max_samples=recipe.max_samples,
            ),
            evaluation_tracker=EvaluationTracker(output_dir=f"{scratch}/out", save_details=True),
            model=load_model(model, recipe.dtype),
            model_config=TransformersModelConfig(
                model_name=display_name(model),
                tokenizer=model,
                dtype=recipe.dtype,
                batch_size=recipe.batch_size,
                system_prompt=recipe.system_prompt,
                cache_dir=f"{scratch}/cache",
            ),
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

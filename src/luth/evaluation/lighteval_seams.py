"""The one module that uses parts of LightEval that are not public, with a check of them.

LightEval's Pipeline imports all its built-in tasks, two of which need the network, and loads and samples every dataset
anew for each model. The subclass here takes tasks whose items have been read already.
"""

import importlib.metadata
import inspect

from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.models.abstract_model import LightevalModel
from lighteval.pipeline import Pipeline, PipelineParameters
from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.core.errors import UserError

# The method in which LightEval 0.13 prepares its tasks, and what it sets for the methods that follow.
PREPARE, PREPARED = "_init_tasks_and_requests", ("registry", "tasks_dict", "documents_dict", "sampling_docs")


class ItemsPipeline(Pipeline):
    """LightEval's pipeline on items that have been read already."""

    def __init__(
        self,
        tasks: list[tuple[LightevalTaskConfig, list[Doc]]],
        parameters: PipelineParameters,
        tracker: EvaluationTracker,
        model: LightevalModel,
    ) -> None:
        """Take the tasks with their items, in the order in which they are evaluated."""
        self.tasks_with_items = tasks
        super().__init__(tasks="", pipeline_parameters=parameters, evaluation_tracker=tracker, model=model)

    def _init_tasks_and_requests(self, tasks: str) -> None:
        """Prepare the tasks that the pipeline was made with; LightEval calls this in place of its own loading."""
        # The registry serves LightEval's cache of answers alone, which our models do not use.
        self.registry = None
        self.tasks_dict = {config.full_name: LightevalTask(config) for config, _ in self.tasks_with_items}
        self.documents_dict = {config.full_name: docs for config, docs in self.tasks_with_items}
        docs = [doc for docs in self.documents_dict.values() for doc in docs]
        methods = sorted({method for doc in docs for method in doc.sampling_methods}, key=lambda method: method.name)
        # Every process has one order of items, since each answers its share of them.
        self.sampling_docs = {method: [doc for doc in docs if method in doc.sampling_methods] for method in methods}
        self.evaluation_tracker.task_config_logger.log(self.tasks_dict)


def require_known_lighteval() -> None:
    """Raise `UserError` where the installed LightEval does not prepare its tasks as `ItemsPipeline` expects."""
    method = getattr(Pipeline, PREPARE, None)
    source = inspect.getsource(Pipeline)
    known = method is not None and list(inspect.signature(method).parameters) == ["self", "tasks"]
    if not known or not all(f"self.{name}" in source for name in PREPARED):
        raise UserError(
            "wrong-version",
            f"lighteval {importlib.metadata.version('lighteval')} prepares its tasks in a way that is not known here: "
            "install the version in constraints.txt",
        )

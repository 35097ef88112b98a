"""Datasets that have a second name on the Hub."""

from pathlib import Path

import datasets
from datasets.exceptions import DatasetsError
from lighteval.tasks.lighteval_task import LightevalTaskConfig

# By the name in the task's definition: the other name, and the revision that is known to fit the task there.
ELSEWHERE = {"lighteval/mmlu": ("cais/mmlu", "c30699e8356da336a370243923dbaf21066bb9fe")}


def take_what_is_there(config: LightevalTaskConfig) -> None:
    """Set a task's dataset to the first of its names that is a local folder, or can be reached and has the subset.

    Raises:
        ValueError: none does; the cause is the last one's error.
    """
    names = [(config.hf_repo, config.hf_revision), ELSEWHERE.get(config.hf_repo)]
    if names[1] is None:
        return
    cause: Exception | None = None
    for repo, revision in names:
        try:
            if Path(repo).is_dir() or config.hf_subset in datasets.get_dataset_config_names(repo, revision=revision):
                config.hf_repo, config.hf_revision = repo, revision
                return
        except (OSError, ValueError, RuntimeError, DatasetsError) as error:
            cause = error
    tried = " and ".join(repo for repo, _ in names)
    raise ValueError(f"neither of {tried} can be reached with the subset {config.hf_subset}") from cause

"""Stand-ins for the datasets of the published tables, as folders laid out like the Hub's."""

from pathlib import Path

from luth.evaluation.tasks import task_table
from tests.hub.stand_ins import rows, write_dataset

TABLE = task_table()
TASKS = [TABLE.tasks[name] for name in TABLE.groups["luth_all"]]
# Rows by repository, configuration and split.
DATASETS = {
    (task.hf_repo, task.hf_subset, split): rows(task.hf_repo, task.hf_subset)
    for task in TASKS
    for split in task.evaluation_splits
}


def make_hub(root: Path, **changes: list[dict]) -> Path:
    """Write every dataset's folder under `root`; `changes` gives other rows by the name after the slash."""
    for repo in dict.fromkeys(repo for repo, _, _ in DATASETS):
        write_dataset(root, repo, changes.get(repo.split("/")[1]))
    return root

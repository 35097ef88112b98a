"""Write the groups as files of tasks for LightEval's command line: python -m luth.evaluation.tasks recipes/eval."""

import sys
from pathlib import Path

from luth.core.files import write_text
from luth.evaluation.tasks import task_table


def group_files() -> dict[str, str]:
    """Return each file's text by its name: a task a line, with no examples shown."""
    return {
        f"{name}.txt": "".join(f"{task}|0\n" for task in tasks) for name, tasks in sorted(task_table().groups.items())
    }


if __name__ == "__main__":
    for name, text in group_files().items():
        write_text(Path(sys.argv[1]) / name, text)

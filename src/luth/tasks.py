"""The tasks that LightEval loads: `lighteval ... --custom-tasks src/luth/tasks.py`.

The benchmarks are the files of luth/evaluation/tasks/; GROUPS has the published tables' columns.
"""

from luth.evaluation.tasks import task_table

TABLE = task_table()
TASKS_TABLE = list(TABLE.tasks.values())
GROUPS = TABLE.groups

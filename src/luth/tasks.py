"""The tasks that LightEval loads: `lighteval ... --custom-tasks src/luth/tasks.py`.

Each benchmark is defined in a file of its own under luth/evaluation/tasks/.
"""

from luth.evaluation.tasks import arc_challenge, demo, math_500, mmlu

TASKS_TABLE = [*demo.TASKS, *arc_challenge.TASKS, *mmlu.TASKS, *math_500.TASKS]

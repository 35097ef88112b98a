"""The tasks that LightEval loads: `lighteval ... --custom-tasks src/luth/tasks.py`.

Each benchmark is defined in a file of its own under luth/evaluation/tasks/. GROUPS are the published tables' columns.
"""

from lighteval.tasks.requests import SamplingMethod

from luth.evaluation.scoring.general import answer_shares
from luth.evaluation.tasks import (
    aime24,
    arc_challenge,
    bbh,
    boolq,
    demo,
    gpqa,
    hellaswag,
    ifeval,
    kholle,
    math_500,
    math_lvl5,
    mifeval,
    mmlu,
    musr,
)

BENCHMARKS = (
    ifeval,
    gpqa,
    mmlu,
    math_500,
    arc_challenge,
    hellaswag,
    mifeval,
    aime24,
    math_lvl5,
    boolq,
    musr,
    kholle,
    bbh,
    demo,
)
TASKS_TABLE = [task for benchmark in BENCHMARKS for task in benchmark.TASKS]
for task in TASKS_TABLE:
    if any(metric.category == SamplingMethod.GENERATIVE for metric in task.metrics):
        task.metrics = [*task.metrics, answer_shares]

GROUPS = {
    "luth_fr": ["ifeval_fr", "gpqa_fr:diamond", "mmlu_fr", "math_500_fr", "arc_challenge_fr", "hellaswag_fr"],
    "luth_en": ["ifeval_en", "gpqa_en:diamond", "mmlu_en", "math_500_en", "arc_challenge_en", "hellaswag_en"],
}
GROUPS["luth_all"] = GROUPS["luth_fr"] + GROUPS["luth_en"]

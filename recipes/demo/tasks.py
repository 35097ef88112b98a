"""The demo's own tasks: items and conversations in data/, each in French and in English, test and development.

They are the demo's example of `custom_tasks`: a recipe names this file, and nothing in the package knows of it.
Published set-up: none; data/README.md says how the items were written.
"""

from pathlib import Path
from typing import Any

from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.metrics.normalizations import LogProbCharNorm
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.likelihood import answer_log_likelihood
from luth.evaluation.scoring.short_answers import answer_found
from luth.evaluation.tasks import with_answer_shares

DATA = Path(__file__).resolve().parent / "data"
BRIEFLY = {
    "fr": "Réponds en quelques mots, sans phrase.\u00a0",
    "en": "Answer in a few words, without a sentence. ",
}


def choice(row: dict[str, Any], task_name: str) -> Doc:
    """Cloze: the likelihood of each choice as the assistant's answer; the choices are not shown."""
    return Doc(task_name=task_name, query=row["question"], choices=row["choices"], gold_index=row["gold"])


def short_answer(row: dict[str, Any], task_name: str) -> Doc:
    """Generative: a few words, any of the accepted answers is right."""
    answers = row["answers"]
    instruction = BRIEFLY["fr" if "_fr" in task_name else "en"]
    return Doc(
        task_name=task_name,
        query=instruction.strip() + "\n" + row["question"],
        choices=answers,
        gold_index=list(range(len(answers))),
    )


def conversation(row: dict[str, Any], task_name: str) -> Doc:
    """The likelihood of a held-out conversation's answer."""
    question, answer = row["messages"]
    return Doc(task_name=task_name, query=question["content"], choices=[answer["content"]], gold_index=0)


def _task(name: str, folder: str, language: str, split: str, prompt: Any, metrics: list[Any]) -> LightevalTaskConfig:
    suffix = "" if split == "test" else f"_{split}"
    return LightevalTaskConfig(
        name=f"{name}_{language}{suffix}",
        prompt_function=prompt,
        hf_repo=str(DATA),
        hf_subset=f"{folder}_{language}",
        hf_avail_splits=["dev", "test"],
        evaluation_splits=[split],
        few_shots_split=None,
        generation_size=20,
        metrics=metrics,
        version=1,
    )


TASKS = [
    task
    for language in ("fr", "en")
    for split in ("test", "dev")
    for task in (
        _task(
            "demo_choice", "choice", language, split, choice, [LogLikelihoodAccMetric(normalization=LogProbCharNorm())]
        ),
        _task("demo_short", "short", language, split, short_answer, [answer_found]),
        _task("demo_conversations", "conversations", language, split, conversation, [answer_log_likelihood]),
    )
]
# The name under which LightEval's own command line looks for them.
TASKS_TABLE = with_answer_shares(TASKS)

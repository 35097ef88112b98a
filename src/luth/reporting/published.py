"""Published scores to compare with: the keys of the files in recipes/published/."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, FiniteFloat, NonNegativeFloat, PositiveInt

from luth.core.errors import UserError
from luth.core.recipes import build, nearest, read_recipe

Percent = Annotated[FiniteFloat, Field(ge=0, le=100)]


@dataclass
class PublishedSettings:
    """How the scores were made, by the names of an evaluation's recipe; null where it is not known.

    Parameters:
        system_prompt, thinking, dtype, temperature, max_new_tokens, num_runs: as in an evaluation's recipe.
        max_model_length: prompt and answer together, in tokens.
        backend: what ran the models, with its version.
        lighteval: LightEval's version.
    """

    system_prompt: str | None = None
    thinking: bool | None = None
    dtype: str | None = None
    temperature: NonNegativeFloat | None = None
    max_new_tokens: PositiveInt | None = None
    max_model_length: PositiveInt | None = None
    num_runs: PositiveInt | None = None
    backend: str | None = None
    lighteval: str | None = None


@dataclass
class PublishedTask:
    """What is known of a task.

    Parameters:
        items: how many there were; null where it is not known. Such a score has no interval, and nothing is concluded
            from it.
        comparable: false where no task of Luth's asks these items in this form: the scores are shown, and nothing is
            concluded from them.
        metric: which of Luth's metrics is the published one; null for the task's main metric.
        system_prompt: in place of the settings'.
        note: what to know when reading its scores.
    """

    items: PositiveInt | None
    comparable: bool = True
    metric: str | None = None
    system_prompt: str | None = None
    note: str | None = None


@dataclass
class Correction:
    """A score that is not given as it was printed.

    Parameters:
        model, task: of the score.
        printed: what the source says, in percent.
        reason: why it must be another.
    """

    model: str
    task: str
    printed: Percent
    reason: str


@dataclass
class PublishedScores:
    """Scores that somebody published, one file a source, for a report to put measured ones beside.

    Parameters:
        source: who says it, and where.
        url: of the source.
        date: of the source, as far as it is known: 2025-08-11, in quotes, or 2025-10.
        settings: how all of them were made.
        tasks: by Luth's name of the task; a published task that Luth does not have keeps its own.
        scores: in percent, by model (its id on the Hub), then task.
        corrected: the scores that differ from what is printed.
        notes: what else to know when reading them.
    """

    source: str
    url: str
    date: str
    settings: PublishedSettings
    tasks: dict[str, PublishedTask]
    scores: dict[str, dict[str, Percent]]
    corrected: list[Correction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def conflicts(self) -> list[str]:
        """Return what no key says alone: scores of tasks that are not described, corrections of no score."""
        lines = [
            f"scores: {model}: {task!r} is not among the tasks{nearest(task, self.tasks)}"
            for model, scores in self.scores.items()
            for task in scores
            if task not in self.tasks
        ]
        lines += [
            f"corrected: there is no score of {entry.model} on {entry.task}"
            for entry in self.corrected
            if entry.task not in self.scores.get(entry.model, {})
        ]
        return lines if self.scores else ["scores: there are none"]

    def settings_of(self, task: str) -> PublishedSettings:
        """Return the settings under which a task was evaluated."""
        prompt = self.tasks[task].system_prompt
        return (
            self.settings if prompt is None else PublishedSettings(**{**vars(self.settings), "system_prompt": prompt})
        )


def read_published(path: str | Path) -> PublishedScores:
    """Read a file of published scores.

    Raises:
        UserError: it is not there, or not such a file.
    """
    content = read_recipe(path)
    if content.pop("step", None) != "published":
        raise UserError(
            "wrong-step",
            f"{path} holds no published scores: such a file says step: published; recipes/published/ has some",
        )
    return build(path, content, PublishedScores)

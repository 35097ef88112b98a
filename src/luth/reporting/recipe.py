"""The keys of a report recipe."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from luth.core.recipes import nearest


@dataclass
class ReportRecipe:
    """What a report compares.

    Parameters:
        base: the model that the others are compared with.
        models: the tuned models, one or many: fine-tuned, merged, of other runs.
        evaluation: the output_dir of the evaluation of all of them; of a sweep it is its folder `test`.
        groups: the name of each group, with its tasks; a group's score is the mean over its tasks.
        output_dir: where report.md, results.json and the figures go.
        gained: the groups in which the models should be better than the base.
        kept: the groups in which they should be no worse.
        names: what to call a model in the report, by model; without one it is called by its path or id.
        title: the report's title.
        sweep: the output_dir of the sweep that chose a merge among `models`; its figures are shown.
        prompts: questions whose answers are shown as the models give them.
        max_new_tokens: the longest such answer, in tokens; needed with `prompts`.
    """

    base: str
    models: Annotated[list[str], Field(min_length=1)]
    evaluation: str
    groups: dict[str, Annotated[list[str], Field(min_length=1)]]
    output_dir: str
    gained: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    title: str = "What was gained, what was kept"
    sweep: str | None = None
    prompts: list[str] = field(default_factory=list)
    max_new_tokens: PositiveInt | None = None

    def all_models(self) -> dict[str, str]:
        """Return path or id of every model by its name in the report, the base first."""
        return {self.names.get(model, model): model for model in (self.base, *self.models)}

    @property
    def winner(self) -> str | None:
        """The sweep's winner, as `models` names it; None without a sweep, or where it is not among them."""
        if self.sweep is None:
            return None
        folder = (Path(self.sweep) / "winner").resolve()
        return next((model for model in self.models if Path(model).resolve() == folder), None)

    def conflicts(self) -> list[str]:
        """Return what no key says alone: groups and models that are not there, or are named twice."""
        models = [self.base, *self.models]
        problems = [
            f"{key}: there is no group {name!r}{nearest(name, self.groups)}"
            for key, names in (("gained", self.gained), ("kept", self.kept))
            for name in names
            if name not in self.groups
        ]
        if not self.gained and not self.kept:
            problems.append("gained, kept: name at least one of the groups")
        problems += [
            f"names: {model!r} is not among the models{nearest(model, models)}"
            for model in self.names
            if model not in models
        ]
        problems += [f"groups: {task!r} is the name of a task: rename the group" for task in self._groups_like_tasks()]
        for key, names in (
            ("gained, kept", [*self.gained, *self.kept]),
            ("base, models", [os.path.normpath(model) for model in models]),
            ("names", [self.names.get(model, model) for model in dict.fromkeys(models)]),
        ):
            problems += [f"{key}: {name!r} is there twice" for name in _repeated(names)]
        if self.sweep is not None and self.winner is None:
            problems.append(f"models: the winner of the sweep, {Path(self.sweep) / 'winner'}, is not among them")
        if self.prompts and self.max_new_tokens is None:
            problems.append("prompts: the key 'max_new_tokens' is needed with them")
        return problems

    def _groups_like_tasks(self) -> list[str]:
        tasks = {task for names in self.groups.values() for task in names}
        return [name for name, names in self.groups.items() if name in tasks and names != [name]]


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]

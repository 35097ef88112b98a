"""The keys of a report recipe."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from luth.core.recipes import Folder, nearest


@dataclass
class ReportRecipe:
    """What a report compares: tuned models with their base, measured scores with published ones, or both.

    Parameters:
        evaluation: the output_dir of the evaluation of all models; of a sweep it is its folder `test`.
        output_dir: where report.md, results.json and the figures go.
        base: the model that the others are compared with.
        models: the tuned models, one or many: fine-tuned, merged, of other runs. Without a base: the models to put
            beside published ones; none for all that were evaluated and published.
        groups: the name of each group, with its tasks; a group's score is the mean over its tasks. Without a base: of
            the published tasks, those that are looked at; none for all.
        published: a file of published scores, such as recipes/published/luth-card.yaml. A model of your own is put
            beside the published one whose id `names` gives it.
        gained: the groups in which the models should be better than the base.
        kept: the groups in which they should be no worse.
        names: what to call a model in the report, by model; without one it is called by its path or id.
        title: the report's title; null for one that says what is compared.
        sweep: the output_dir of the sweep that chose a merge among `models`; its figures are shown.
        prompts: questions whose answers are shown as the models give them.
        max_new_tokens: the longest such answer, in tokens; needed with `prompts`.
    """

    evaluation: str
    output_dir: Folder
    base: str | None = None
    models: list[str] = field(default_factory=list)
    groups: dict[str, Annotated[list[str], Field(min_length=1)]] = field(default_factory=dict)
    published: str | None = None
    gained: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    title: str | None = None
    sweep: str | None = None
    prompts: list[str] = field(default_factory=list)
    max_new_tokens: PositiveInt | None = None

    def all_models(self) -> dict[str, str]:
        """Return path or id of every model that the recipe names, by its name in the report, the base first."""
        return {self.names.get(model, model): model for model in self._listed()}

    def _listed(self) -> list[str]:
        return [*([] if self.base is None else [self.base]), *self.models]

    @property
    def winner(self) -> str | None:
        """The sweep's winner, as `models` names it; None without a sweep, or where it is not among them."""
        if self.sweep is None:
            return None
        folder = (Path(self.sweep) / "winner").resolve()
        return next((model for model in self.models if Path(model).resolve() == folder), None)

    def conflicts(self) -> list[str]:
        """Return what no key says alone: groups and models that are not there, or are named twice."""
        models = self._listed()
        problems = self._without_base() if self.base is None else self._with_base()
        problems += [
            f"{key}: there is no group {name!r}{nearest(name, self.groups)}"
            for key, names in (("gained", self.gained), ("kept", self.kept))
            for name in names
            if name not in self.groups
        ]
        problems += [
            f"names: {model!r} is not among the models{nearest(model, models)}"
            for model in self.names
            if models and model not in models
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

    def _with_base(self) -> list[str]:
        problems = [f"{key}: with a base there must be one" for key in ("models", "groups") if not getattr(self, key)]
        return problems if self.gained or self.kept else [*problems, "gained, kept: name at least one of the groups"]

    def _without_base(self) -> list[str]:
        if self.published is None:
            return ["the key 'base' is missing: name a model to compare with, or published scores under 'published'"]
        given = [key for key in ("gained", "kept", "sweep", "prompts") if getattr(self, key)]
        return [f"{key}: it needs a base: name one, or leave {key} out" for key in given]

    def _groups_like_tasks(self) -> list[str]:
        tasks = {task for names in self.groups.values() for task in names}
        return [name for name, names in self.groups.items() if name in tasks and names != [name]]


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]

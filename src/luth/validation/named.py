"""What recipes and tasks name on the Hub, and where."""

import functools
import inspect
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luth.core.recipes import build, is_local, read_recipe
from luth.data.recipe import DataRecipe
from luth.evaluation.items.mirrors import ELSEWHERE
from luth.evaluation.recipe import EvalRecipe, ModelEntry
from luth.evaluation.tasks import TaskTable, task_table
from luth.merging.recipe import parents
from luth.reporting.recipe import ReportRecipe
from luth.rows.file_formats import FORMATS, means_files
from luth.steps import MERGE, step_of
from luth.sweep.recipe import SweepRecipe
from luth.sweep.task_splits import prepare
from luth.training.arguments import Source

# How a recipe's source and a task call the parts of a dataset's name.
SOURCE_KEYS = {"id": "path", "configuration": "name", "split": "split", "revision": "revision"}
TASK_KEYS = {"id": "hf_repo", "configuration": "hf_subset", "split": "evaluation_splits", "revision": "hf_revision"}


@dataclass(frozen=True)
class DatasetUse:
    """One place that names a dataset.

    Parameters:
        id, revision: on the Hub; null for main's newest commit.
        configuration, split: of the dataset; null for its default configuration.
        place: file and keys that lead to the name: "recipes/a.yaml: datasets: ".
        keys: what the place calls id, configuration, split and revision.
        columns: those that the place names.
        rows, licence: what the place says of the split and of the dataset, if it does.
        prompt: a task's name and the function that makes an item of a row.
        files: data_files and data_dir as JSON, where not all files of the dataset are meant.
        instead_of: the id of which this one is the other name.
    """

    id: str
    revision: str | None
    configuration: str | None
    split: str
    place: str
    keys: dict[str, str] = field(default_factory=lambda: SOURCE_KEYS)
    columns: tuple[str, ...] = ()
    rows: int | None = None
    licence: str | None = None
    prompt: tuple[str, Callable[..., Any]] | None = None
    files: str = "{}"
    instead_of: str | None = None

    def line(self, part: str, value: Any) -> str:
        """Return the line that gives a part of the name another value; None for the line as it is."""
        return f"{self.place}{self.keys.get(part, part)}" + ("" if value is None else f": {value}")


@dataclass(frozen=True)
class ModelUse:
    """One place that names a model.

    Parameters:
        id, revision: on the Hub; null for main's newest commit.
        place: file and keys that lead to the name.
        key: what the place calls the name.
        thinking: the modes that its template must take.
        limit: the key that says how many tokens it must take, with its place, and the number; null for none.
        served: it is asked for on a server, whose names need not be the Hub's.
    """

    id: str
    revision: str | None
    place: str
    key: str
    thinking: tuple[bool, ...] = ()
    limit: tuple[str, int] | None = None
    served: bool = False

    def line(self, part: str, value: Any) -> str:
        """Return the line that gives the name, or another key beside it, a value; None for the line as it is."""
        return f"{self.place}{self.key if part == 'id' else part}" + ("" if value is None else f": {value}")


Use = DatasetUse | ModelUse


def named(files: Iterable[Path], every_task: bool) -> list[Use]:
    """Return every place of the recipes and tasks that names a dataset or a model on the Hub.

    Args:
        files: recipes without mistakes.
        every_task: look at all tasks of the package; otherwise at those alone that the recipes name.
    """
    uses: list[Use] = []
    tasks: dict[tuple[str, ...], set[str]] = {(): set(task_table().tasks)} if every_task else {}
    for file in files:
        recipe = read_recipe(file)
        step = step_of(file, recipe)
        keys = {key: value for key, value in recipe.items() if key != "step" or step == MERGE}
        if step in READERS:
            uses += READERS[step](f"{file}: ", keys)
        if step in ("evaluate", "sweep"):
            names, custom, _ = _evaluated(step, keys)
            tasks.setdefault(tuple(custom), set()).update(names)
    for custom, names in tasks.items():
        uses += _task_uses(task_table(custom), sorted(names))
    on_hub = [use for use in uses if not is_local(use.id) and not means_files(use.id)]
    return list({_key(use): use for use in on_hub}.values())


def _key(use: Use) -> tuple[Any, ...]:
    """Return what tells a use from another one; two tables of tasks hold the package's own twice."""
    split = (use.configuration, use.split, use.prompt and use.prompt[0]) if isinstance(use, DatasetUse) else use.key
    return use.id, use.revision, use.place, split


def _task_uses(table: TaskTable, names: list[str]) -> Iterator[DatasetUse]:
    for name in names:
        task = table.tasks[name]
        function: Any = task.prompt_function
        function = function.func if isinstance(function, functools.partial) else function
        file = os.path.relpath(inspect.getsourcefile(function) or "")
        for split in task.evaluation_splits:
            of_task = (task.hf_subset, split, f"{file}: ", TASK_KEYS)
            prompt = (name, task.prompt_function)
            yield DatasetUse(task.hf_repo, task.hf_revision, *of_task, prompt=prompt)
            if task.hf_repo in ELSEWHERE:
                other, revision = ELSEWHERE[task.hf_repo]
                yield DatasetUse(other, revision, *of_task, prompt=prompt, instead_of=task.hf_repo)


def _evaluated(step: str, keys: dict[str, Any]) -> tuple[list[str], list[str], EvalRecipe]:
    """Return the tasks that a recipe evaluates, its own files of tasks, and how it evaluates."""
    if step == "sweep":
        _, evaluation, _ = prepare(build("", keys, SweepRecipe))
    else:
        evaluation = build("", keys, EvalRecipe)
    return task_table(evaluation.custom_tasks).expand(evaluation.tasks), evaluation.custom_tasks, evaluation


def _evaluation_models(place: str, evaluation: EvalRecipe, entries: list[tuple[str, str, ModelEntry]]) -> list[Use]:
    found: list[Use] = []
    for where, key, entry in entries:
        mode = evaluation.thinking if entry.thinking == "recipe" else entry.thinking
        modes = {None: (), "both": (True, False)}.get(mode, (mode,))
        plain, thinking = evaluation.generation_parameters, evaluation.thinking_generation_parameters
        limits = [("thinking_generation_parameters", thinking)] if True in modes else []
        limits += [("generation_parameters", plain)] if modes != (True,) else []
        name, limit = max(limits, key=lambda each: each[1].max_new_tokens or 0)
        tokens = (f"{place}{name}: max_new_tokens", limit.max_new_tokens) if limit.max_new_tokens else None
        served = evaluation.endpoint is not None
        found.append(ModelUse(entry.model_name, entry.revision, place + where, key, modes, tokens, served))
    return found


def _of_evaluation(place: str, keys: dict[str, Any]) -> list[Use]:
    evaluation = build("", keys, EvalRecipe)
    entries = [(f"models: {number}: ", "model_name", entry) for number, entry in enumerate(evaluation.entries(), 1)]
    return _evaluation_models(place, evaluation, entries)


def _of_sweep(place: str, keys: dict[str, Any]) -> list[Use]:
    evaluation = _evaluated("sweep", keys)[2]
    entries = [("", key, ModelEntry(keys[key])) for key in ("base_model", "model")]
    return _evaluation_models(place, evaluation, entries)


def _of_sft(place: str, keys: dict[str, Any]) -> list[Use]:
    model, revision = keys["model_name_or_path"], keys.get("model_revision")
    limit = (f"{place}max_length", int(keys["max_length"])) if keys.get("max_length") else None
    uses: list[Use] = [ModelUse(model, revision, place, "model_name_or_path", limit=limit)]
    for number, values in enumerate(keys.get("datasets") or [], 1):
        source = Source(**values)
        if source.path in FORMATS.values():
            continue
        where = f"{place}datasets: {number}: "
        columns = tuple(source.columns or ())
        named = (source.path, source.revision, source.name, source.split)
        parts = {"data_files": source.data_files, "data_dir": source.data_dir}
        files = json.dumps({key: value for key, value in parts.items() if value})
        uses.append(DatasetUse(*named, where, columns=columns, rows=source.rows, files=files))
    return uses


def _of_data(place: str, keys: dict[str, Any]) -> list[Use]:
    recipe = build("", keys, DataRecipe)
    uses: list[Use] = []
    for name, part in recipe.parts.items():
        read = part.read
        where, columns = f"{place}parts: {name}: read: ", (*read.columns.values(), *read.keep)
        named = (read.path, read.revision, read.name, read.split)
        uses.append(DatasetUse(*named, where, columns=columns, licence=read.licence))
    for name, endpoint in recipe.endpoints.items():
        asked = [request.thinking for part in recipe.parts.values() for request in part.requests().values()
                 if request.endpoint == name and request.thinking is not None]  # fmt: skip
        modes = tuple(sorted(set(asked)))
        uses.append(ModelUse(endpoint.model, None, f"{place}endpoints: {name}: ", "model", modes, served=True))
    if recipe.steps.write.tokenizer:
        uses.append(ModelUse(recipe.steps.write.tokenizer, None, f"{place}steps: write: ", "tokenizer"))
    return uses


def _of_merge(place: str, keys: dict[str, Any]) -> list[Use]:
    return [ModelUse(name, None, place, "model") for name in parents(keys)]


def _of_report(place: str, keys: dict[str, Any]) -> list[Use]:
    recipe = build("", keys, ReportRecipe)
    return [ModelUse(name, None, place, "models") for name in recipe.all_models().values()]


READERS: dict[str, Callable[[str, dict[str, Any]], list[Use]]] = {
    "build_dataset": _of_data,
    "sft": _of_sft,
    "sweep": _of_sweep,
    "evaluate": _of_evaluation,
    "report": _of_report,
    MERGE: _of_merge,
}

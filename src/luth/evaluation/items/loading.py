"""Reading the items of tasks from their datasets, once for all models."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from datasets import DatasetBuilder, DatasetDict, load_dataset, load_dataset_builder
from datasets.exceptions import DatasetGenerationError, DatasetsError
from datasets.packaged_modules.csv.csv import CsvConfig
from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
from lighteval.tasks.requests import Doc
from yaml import YAMLError

from luth.core.datasets_cache import content_cache
from luth.core.errors import UserError, about
from luth.core.files import sha256, write_text
from luth.evaluation.inference import ANSWERS_VERSION
from luth.evaluation.items.folders import has_configs, split_files
from luth.evaluation.items.mirrors import take_what_is_there
from luth.evaluation.recipe import EvalRecipe
from luth.evaluation.scoring import SCORING_VERSION
from luth.evaluation.tasks import TaskTable

Items = dict[str, list[Doc]]
# A cell of a csv file is the text that it holds, "NA", "None" and nothing included; a column has one type in all rows.
CSV: dict[str, Any] = {"na_filter": False, "chunksize": 1_000_000}


def read_items(recipe: EvalRecipe, table: TaskTable, tasks: Iterable[str], report: Callable[[str], None]) -> Items:
    """Read every task's items, sampled as the recipe says.

    Args:
        recipe: says how many items, and what to do with rows that make none.
        table: the tasks that there are.
        tasks: names of those that are read.
        report: called with a line for each dataset read from another place, and for rows that are left out.

    Raises:
        UserError: a dataset cannot be loaded or has no such split or column, or a row makes no item and the recipe
            does not say to skip it.
    """
    return {name: _read(table.tasks[name], recipe, report) for name in tasks}


def _read(task: LightevalTaskConfig, recipe: EvalRecipe, report: Callable[[str], None]) -> list[Doc]:
    bad_rows: list[tuple[int, str]] = []
    config = replace(task, prompt_function=_noting_bad_rows(task.prompt_function, bad_rows))
    with _naming_the_dataset(config):
        take_what_is_there(config)
    if config.hf_repo != task.hf_repo:
        report(f"{task.name}: read from {config.hf_repo}, since {task.hf_repo} is not there.")
    loaded = LightevalTask(config)
    with _naming_the_dataset(config):
        splits = _load(config)
        loaded.dataset = splits.filter(config.hf_filter) if config.hf_filter else splits
    # Every row is read, also where a sample is wanted: a fault of the dataset is reported, not sampled away.
    total = len(loaded.eval_docs()) + len(bad_rows)
    if bad_rows:
        index, reason = bad_rows[0]
        line = f"{task.name}: {len(bad_rows)} of {total} rows of {config.hf_repo} make no item; row {index}: {reason}"
        if recipe.bad_rows == "stop" or len(bad_rows) == total:
            raise UserError("bad-rows", f"{line}: correct the rows, or set bad_rows to skip")
        report(f"{line}. Left out: rows {', '.join(str(index) for index, _ in bad_rows)}.")
    return loaded.get_docs(recipe.samples(task.name))


def _load(config: LightevalTaskConfig) -> DatasetDict:
    """Return at least the splits that a task is evaluated on.

    Raises:
        UserError: one of them is not there.
    """
    folder = Path(config.hf_repo)
    local = folder.is_dir() and not has_configs(folder)
    if local and (config.hf_subset or "default") != "default":
        return _from_files(folder, config)
    builder = _builder(config)
    builder.download_and_prepare()
    splits: Any = builder.as_dataset()
    missing = [split for split in config.evaluation_splits if split not in splits]
    if missing and local:
        with contextlib.suppress(UserError):
            return _from_files(folder, config)
    if missing:
        raise UserError("bad-dataset", f"it has no split {missing[0]!r}, but {', '.join(map(str, splits))}")
    return splits


def _builder(config: LightevalTaskConfig) -> DatasetBuilder:
    """Return what makes a task's dataset, with our reading of csv files."""
    cache = content_cache(config.hf_repo)
    opened = partial(
        load_dataset_builder, config.hf_repo, config.hf_subset, revision=config.hf_revision, cache_dir=cache
    )
    try:
        builder = opened()
    except ValueError:
        # Without a network `datasets` looks into its cache, where csv files lie under the options they were read with.
        with contextlib.suppress(Exception):
            return opened(**CSV)
        raise
    return opened(**CSV) if isinstance(builder.config, CsvConfig) else builder


def _from_files(folder: Path, config: LightevalTaskConfig) -> DatasetDict:
    """Return a task's splits from a folder in which the files' names alone tell them."""
    splits = {}
    for split in config.evaluation_splits:
        loader, files = split_files(folder, config.hf_subset or "default", split, len(config.evaluation_splits) == 1)
        options = CSV | {"sep": "\t" if ".tsv" in Path(files[0]).suffixes else ","} if loader == "csv" else {}
        cache = content_cache(str(folder))
        splits[split] = load_dataset(loader, data_files=files, split="train", cache_dir=cache, **options)
    return DatasetDict(splits)


def write_items(recipe: EvalRecipe, table: TaskTable, folder: Path, report: Callable[[str], None]) -> None:
    """Write every item of the recipe's tasks, without its sample: what training data is cleaned of."""
    everything = replace(recipe, max_samples=None)
    for task, docs in read_items(everything, table, table.expand(recipe.tasks), report).items():
        lines = [{"task": task, "id": doc.id, "text": doc.query, "choices": doc.choices} for doc in docs]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        write_text(folder / f"{task.replace(':', '-')}.jsonl", text)


def task_fingerprints(items: Items, table: TaskTable) -> dict[str, str]:
    """Return what results depend on beside the model and the recipe, as two fingerprints.

    Returns:
        "tasks": the versions of our inference and scoring, each task's version and metrics, and the bytes of the
            user's own files that define tasks. "items": every item, as it is put to the model and scored.
    """
    tasks = [(name, table.tasks[name].version, [m.metric_name for m in table.tasks[name].metrics]) for name in items]
    files = [sha256(file) for file in sorted({table.files[name] for name in items if name in table.files})]
    settings = repr((ANSWERS_VERSION, SCORING_VERSION, tasks, files))
    digest = hashlib.sha256()
    for docs in items.values():
        for doc in docs:
            item = (doc.task_name, doc.id, doc.query, doc.choices, doc.gold_index, doc.specific, doc.generation_size)
            digest.update(repr(item).encode())
    return {"tasks": hashlib.sha256(settings.encode()).hexdigest(), "items": digest.hexdigest()}


def _noting_bad_rows(
    prompt: Callable[[dict[str, Any], str], Doc], bad_rows: list[tuple[int, str]]
) -> Callable[..., Any]:
    """Return a prompt function that notes the rows it cannot read; LightEval leaves out items that are None."""

    def noted(row: dict[str, Any], task_name: str) -> Doc | None:
        try:
            return prompt(row, task_name)
        except KeyError as error:
            bad_rows.append((row["__index"], f"no column {error}"))
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            bad_rows.append((row["__index"], str(error).splitlines()[0] if str(error) else type(error).__name__))
        return None

    return noted


@contextlib.contextmanager
def _naming_the_dataset(config: LightevalTaskConfig) -> Iterator[None]:
    """Name task and dataset in what goes wrong while it is loaded."""
    where = f"{config.name}: the dataset {config.hf_repo}"
    try:
        with about(where):
            yield
    except (ValueError, OSError, YAMLError, DatasetsError, StopIteration) as error:
        # `datasets` puts the reader's error under one that says nothing, and meets an empty file with StopIteration.
        cause = error.__cause__ if isinstance(error, DatasetGenerationError) else error
        reason = next(iter(str(cause).splitlines()), "") or "a file is empty"
        raise UserError("bad-dataset", f"{where} cannot be loaded: {reason}") from error

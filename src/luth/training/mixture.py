"""From the recipe's sources to tokenised rows: loaded, checked, masked, counted and fingerprinted, one by one."""

import contextlib
import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
from datasets import Dataset, Features, List, Value, concatenate_datasets, load_dataset
from datasets.exceptions import DatasetsError
from transformers import PreTrainedTokenizerBase
from trl import SFTConfig

from luth.core.datasets_cache import cache_by_content
from luth.core.errors import UserError, about
from luth.core.files import sha256
from luth.training import conversations, masking
from luth.training.arguments import Mixture, Source
from luth.training.conversations import ROW_COLUMNS, conversation_problem, template_arguments
from luth.training.masking import IGNORED, mask

SHOWN = 5
FEATURES = Features(
    {
        "input_ids": List(Value("int32")),
        "labels": List(Value("int32")),
        "length": Value("int32"),
        "trained": Value("int32"),
        "row": Value("int32"),
        "problem": Value("string"),
    }
)


@dataclass
class Rows:
    """The rows of a run.

    Parameters:
        train (`Dataset`): columns `input_ids` and `labels` (lists of `length` tokens, of which `trained` are
            trained), `source` (its place in the mixture, from 0) and `row` (its number in the source, from 1).
        held_out (`Dataset`, *optional*): the same, for evaluation.
        counts (`dict`): rows, tokens, trained tokens and dropped rows, in all and by source.
        fingerprints (`dict[str, str]`): what was read, by source or file.
    """

    train: Dataset
    held_out: Dataset | None
    counts: dict[str, Any]
    fingerprints: dict[str, str]

    def name(self, row: dict[str, Any]) -> str:
        """Say where a row comes from."""
        return f"{self.counts['sources'][row['source']]['source']}, row {row['row']}"


def load_rows(
    mixture: Mixture,
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    training: SFTConfig,
    max_dropped_fraction: float,
) -> Rows:
    """Load the mixture; the same rows in the same order whatever `dataset_num_proc`.

    Rows longer than `max_length` tokens are dropped, never cut; rows that are no conversations are dropped too. Both
    are counted.

    Raises:
        UserError: a source cannot be loaded, has another number of rows than the recipe says, loses more than
            `max_dropped_fraction` of them, or the template trains nothing or everything.
    """
    with cache_by_content(source.path for source in mixture.datasets):
        opened = [_open(source) for source in mixture.datasets]
    fingerprints: dict[str, str] = {}
    parts, counts = [], []
    for number, (source, rows) in enumerate(zip(mixture.datasets, _shares(mixture.datasets, opened), strict=True)):
        done = _tokenise(rows, tokenizer, template, training.dataset_num_proc)
        kept, count = _keep(done, label(source), training.max_length, max_dropped_fraction)
        _check_masks(kept, label(source))
        fingerprints |= _fingerprints(source, kept)
        parts.append(kept.add_column("source", [number] * len(kept)))
        counts.append(count)
    every = concatenate_datasets(parts)
    if len(every) == 0:
        raise UserError(
            "bad-dataset", "every row of the mixture is dropped: see max_length, and what a conversation is"
        )
    total = {key: sum(count[key] for count in counts) for key in counts[0] if key not in ("source", "examples")}
    if training.packing and training.train_sampling_strategy != "sequential":
        # TRL packs neighbours: unshuffled, a pack would hold one source.
        every = every.shuffle(seed=training.seed)
    held_out = None
    if mixture.test_split_size:
        every, held_out = _split(every, mixture.test_split_size, training.seed)
        total |= {"rows": len(every), "held_out": len(held_out)}
    return Rows(every, held_out, total | {"sources": counts}, fingerprints)


def label(source: Source) -> str:
    """Name a source in reports and errors."""
    if source.path == "json":
        return ", ".join(str(file) for file in local_files(source))
    parts = [source.path, source.name, source.data_dir, source.data_files, source.revision]
    return ", ".join([*(str(part) for part in parts if part), f"split {source.split}"])


def _open(source: Source) -> Dataset:
    for file in local_files(source):
        _check_json_lines(file)
    name = label(source)
    if Path(source.path).is_file():
        raise UserError(
            "bad-dataset", f"datasets: {source.path} is a file: write path: json, data_files: {source.path}"
        )
    with _loading(name):
        rows = load_dataset(
            source.path,
            source.name,
            data_dir=source.data_dir,
            data_files=source.data_files,
            split=source.split,
            revision=source.revision,
        )
        rows = rows.select_columns(source.columns) if source.columns else rows
        rows = rows.rename_columns(source.rename) if source.rename else rows
    if "messages" not in rows.column_names:
        there = ", ".join(rows.column_names)
        raise UserError(
            "bad-dataset", f"{name} has the columns {there}, but no column 'messages': rename: {{COLUMN: messages}}"
        )
    if source.rows is not None and len(rows) != source.rows:
        raise UserError(
            "bad-dataset",
            f"{name} has {len(rows)} rows and the recipe says {source.rows}: the dataset is another one, or has "
            f"changed: name the revision, or correct rows",
        )
    if len(rows) == 0:
        raise UserError("bad-dataset", f"{name} is a dataset without rows: nothing to train on")
    with _loading(name):
        return rows.select_columns([column for column in ROW_COLUMNS if column in rows.column_names])


@contextlib.contextmanager
def _loading(name: str) -> Iterator[None]:
    """Say a wrong split, column, path or format in one line, naming the source."""
    try:
        with about(name):
            yield
    except (ValueError, KeyError, FileNotFoundError, DatasetsError) as error:
        # "An error occurred while generating the dataset": what happened is in its cause.
        raise UserError(
            "bad-dataset", f"{name} cannot be loaded: {str(error.__cause__ or error).splitlines()[0]}"
        ) from error


def local_files(source: Source) -> list[Path]:
    """Return the JSON-lines files that a source of `path: json` names.

    Raises:
        UserError: one of them is missing or empty.
    """
    if source.path != "json":
        return []
    given = source.data_files
    if not given or isinstance(given, dict):
        raise UserError("bad-dataset", "datasets: path: json needs data_files: one path or a list of paths")
    files = [Path(name) for name in ([given] if isinstance(given, str) else given)]
    for file in files:
        if not file.is_file():
            raise UserError(
                "bad-dataset", f"{file}: no such dataset file (paths are from the folder where the command is started)"
            )
        if file.stat().st_size == 0:
            raise UserError(
                "bad-dataset", f"{file} is empty: a dataset file holds one JSON object a line, with 'messages'"
            )
    return files


def _check_json_lines(file: Path) -> None:
    number = 0
    try:
        with open(file, encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and not isinstance(json.loads(line), dict):
                    raise UserError("bad-dataset", f"{file}, row {number} is not a JSON object with 'messages'")
    except UnicodeDecodeError:
        raise UserError("bad-dataset", f"{file} is not UTF-8 after row {number}: convert it to UTF-8") from None
    except ValueError as error:
        raise UserError("bad-dataset", f"{file}, row {number} is not JSON: {error}") from None


def _shares(sources: list[Source], opened: list[Dataset]) -> list[Dataset]:
    """Take TRL's shares: the fractions' ratio, at the largest size at which no source is repeated."""
    fractions = [source.fraction for source in sources]
    if fractions[0] is None:
        return opened
    weights = [fraction / sum(fractions) for fraction in fractions]
    total = min(len(rows) / weight for rows, weight in zip(opened, weights, strict=True))
    shares = [rows.select(range(round(weight * total))) for rows, weight in zip(opened, weights, strict=True)]
    for source, share in zip(sources, shares, strict=True):
        if len(share) == 0:
            raise UserError(
                "bad-dataset", f"{label(source)}: fraction {source.fraction} of this mixture is not one row"
            )
    return shares


def _tokenise(rows: Dataset, tokenizer: PreTrainedTokenizerBase, template: str, num_proc: int | None) -> Dataset:
    def one(row: dict[str, Any], index: int) -> dict[str, Any]:
        encoded: dict[str, Any] = {"input_ids": [], "labels": []}
        problem = conversation_problem(row["messages"])
        if problem is None:
            try:
                encoded = mask(tokenizer=tokenizer, template=template, **template_arguments(row))
            except (UserError, ValueError, TypeError) as error:
                problem = str(error)
        trained = sum(token != IGNORED for token in encoded["labels"])
        length = len(encoded["input_ids"])
        return {**encoded, "length": length, "trained": trained, "row": index + 1, "problem": problem or ""}

    # datasets hashes functions of importable modules by name alone: an edited mask would go unseen.
    code = [inspect.getsource(module) for module in (masking, conversations)]
    special = str(tokenizer.special_tokens_map)
    state = "\n".join([rows._fingerprint, template, tokenizer.backend_tokenizer.to_str(), special, *code])
    return rows.map(
        one,
        with_indices=True,
        remove_columns=rows.column_names,
        features=FEATURES,
        num_proc=num_proc if len(rows) > 1000 else None,
        new_fingerprint=hashlib.sha256(state.encode()).hexdigest()[:16],
        desc="Tokenising",
    )


def _keep(
    done: Dataset, name: str, max_length: int | None, max_dropped_fraction: float
) -> tuple[Dataset, dict[str, Any]]:
    problems, lengths = numpy.array(done["problem"][:], dtype=object), numpy.array(done["length"][:])
    unusable = problems != ""
    too_long = ~unusable & (lengths > (max_length or numpy.inf))
    kept = done.select(numpy.flatnonzero(~unusable & ~too_long)) if (unusable | too_long).any() else done
    examples = [f"row {at + 1}: {problems[at]}" for at in numpy.flatnonzero(unusable)[:SHOWN]]
    dropped = int(unusable.sum() + too_long.sum())
    if dropped > max_dropped_fraction * len(done):
        reasons = [f"{too_long.sum()} are longer than max_length {max_length} tokens"] if too_long.any() else []
        if unusable.any():
            more = f"; and {unusable.sum() - SHOWN} more" if unusable.sum() > SHOWN else ""
            reasons.append(f"{unusable.sum()} cannot be trained on: {'; '.join(examples)}{more}")
        raise UserError(
            "bad-dataset",
            f"{name}: {dropped} of {len(done)} rows would be dropped, more than max_dropped_fraction "
            f"{max_dropped_fraction:g}: {'; '.join(reasons)}",
        )
    counts = {
        "source": name,
        "read": len(done),
        "rows": len(kept),
        "dropped_too_long": int(too_long.sum()),
        "dropped_unusable": int(unusable.sum()),
        "tokens": sum(kept["length"][:]),
        "trained_tokens": sum(kept["trained"][:]),
        "examples": examples,
    }
    return kept.remove_columns("problem"), counts


def _check_masks(rows: Dataset, name: str) -> None:
    trained, lengths = numpy.array(rows["trained"][:]), numpy.array(rows["length"][:])
    for wrong, words in ((trained == 0, "no token is trained"), (trained == lengths, "every token is trained")):
        if wrong.any():
            row = rows["row"][int(numpy.argmax(wrong))]
            raise UserError(
                "bad-dataset",
                f"{name}: in {wrong.sum()} rows {words} (the first: row {row}): see the generation markers of "
                f"chat_template_path",
            )


def _fingerprints(source: Source, rows: Dataset) -> dict[str, str]:
    """Fingerprint local JSON files by their bytes; anything else by the tokens and labels that came of it."""
    files = local_files(source)
    if files:
        return {str(file): sha256(file) for file in files}
    digest = hashlib.sha256()
    for table in rows.select_columns(["length", "input_ids", "labels"]).with_format("numpy").iter(1000):
        digest.update(table["length"].tobytes())
        for column in ("input_ids", "labels"):
            digest.update(numpy.concatenate(table[column]).astype("int32").tobytes())
    commits = {part.split("/")[0] for url in rows.info.download_checksums or {} for part in url.split("@")[1:]}
    commit = f", commit {commits.pop()}" if len(commits) == 1 else ""
    return {label(source): f"{len(rows)} rows{commit}, SHA-256 of their tokens and labels {digest.hexdigest()}"}


def _split(rows: Dataset, size: float, seed: int) -> tuple[Dataset, Dataset]:
    held_out = int(size) if size >= 1 else round(size * len(rows))
    if not 0 < held_out < len(rows):
        raise UserError(
            "bad-dataset",
            f"test_split_size {size:g} of {len(rows)} rows is {held_out}: it must leave rows on both sides",
        )
    parts = rows.train_test_split(test_size=held_out, seed=seed)
    return parts["train"], parts["test"]

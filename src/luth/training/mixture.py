"""From a mixture's sources to tokenised rows: checked, masked, counted and fingerprinted, source by source."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy
from datasets import Dataset, Features, List, Value, concatenate_datasets
from transformers import PreTrainedTokenizerBase
from trl import SFTConfig

from luth.core.errors import UserError
from luth.rows.bad_row import BadRow
from luth.rows.forms import Columns
from luth.rows.opening import TEXT, as_written
from luth.training.arguments import Mixture
from luth.training.chat_templates import Own, row_difference
from luth.training.conversations import conversation, without_nulls
from luth.training.masking import IGNORED, Marked, marked, tokenise
from luth.training.sources import fingerprint, hold_out, label, open_conversations

# Raise it when the same row gives other tokens, labels or problems than before: tokenised rows are kept by it.
# tests/training/test_mixture.py fails when they change without it.
ROWS_VERSION = 5
EXAMPLES = 5
# Rows that are tokenised at once: enough that a call costs little, and few enough for the memory of long rows.
BATCH = 200
NOT_SUMMED = ("source", "form", "examples")
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
    own: Own | None = None,
) -> Rows:
    """Load the mixture; the same rows in the same order whatever `dataset_num_proc`.

    Rows longer than `max_length` tokens are dropped, never cut; rows that are no conversations are dropped too, and
    those of which the model's own template writes another text. All are counted.

    Raises:
        UserError: a source cannot be loaded, has another number of rows than the recipe says, loses more than
            `max_dropped_fraction` of them, or the template trains nothing or everything.
    """
    fingerprints: dict[str, str] = {}
    parts, counts = [], []
    opened = open_conversations(mixture.datasets)
    for number, (source, (rows, columns, form)) in enumerate(zip(mixture.datasets, opened, strict=True)):
        tokenised = _tokenise(rows, columns, tokenizer, template, training.dataset_num_proc, own)
        kept, count = _keep(tokenised, label(source), training.max_length, max_dropped_fraction)
        count["form"] = form
        _check_masks(kept, label(source))
        fingerprints |= fingerprint(source, kept, "tokens and labels", _digest)
        parts.append(kept.add_column("source", [number] * len(kept)))
        counts.append(count)
    train = concatenate_datasets(parts)
    if len(train) == 0:
        raise UserError(
            "no-rows-left", "every row of the mixture is dropped: see max_length, and what a conversation is"
        )
    total = {key: sum(count[key] for count in counts) for key in counts[0] if key not in NOT_SUMMED}
    if training.packing and training.train_sampling_strategy != "sequential":
        # TRL packs neighbours: unshuffled, a pack would hold one source.
        train = train.shuffle(seed=training.seed)
    held_out = None
    if mixture.test_split_size:
        train, held_out = hold_out(train, mixture.test_split_size, training.seed)
        total |= {"rows": len(train), "held_out": len(held_out)}
    return Rows(train, held_out, total | {"sources": counts}, fingerprints)


def sample_lengths(
    mixture: Mixture, tokenizer: PreTrainedTokenizerBase, template: str, most: int
) -> list[tuple[int, list[int], list[int]]]:
    """Tokenise at most `most` rows of every source, spread over it.

    Returns:
        of each source its number of rows, and of the sampled rows the tokens and the trained tokens; 0 tokens for a
        row that cannot be trained on.
    """
    found = []
    for rows, columns, _ in open_conversations(mixture.datasets):
        number = min(most, len(rows))
        picked = rows.select([at * len(rows) // number for at in range(number)])
        tokenised = _tokenise(picked, columns, tokenizer, template, None)
        usable = [not problem for problem in tokenised["problem"]]
        lengths = [length if kept else 0 for length, kept in zip(tokenised["length"], usable, strict=True)]
        found.append((len(rows), lengths, list(tokenised["trained"])))
    return found


def _tokenise(
    rows: Dataset,
    columns: Columns,
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    num_proc: int | None,
    own: Own | None = None,
) -> Dataset:
    # datasets keeps the result by the function's name and the content of its arguments: `version` stands for the code.
    return rows.map(
        tokenised_rows,
        with_indices=True,
        batched=True,
        batch_size=BATCH,
        fn_kwargs={
            "columns": columns,
            "tokenizer": tokenizer,
            "template": template,
            "own": own,
            "version": ROWS_VERSION,
        },
        remove_columns=rows.column_names,
        features=FEATURES,
        num_proc=num_proc if len(rows) > 1000 else None,
        desc="Tokenising",
    )


def tokenised_rows(
    rows: Mapping[str, list[Any]],
    indices: list[int],
    columns: Columns,
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    version: int,
    own: Own | None = None,
) -> dict[str, list[Any]]:
    """Return rows' tokens, labels, counts and numbers from 1, and what keeps them from being trained on, or "".

    Args:
        rows: of an opened dataset, by column.
        indices: their places, from 0.
        columns: which of their columns holds which part of the conversation.
        tokenizer: of the model.
        template: with generation markers.
        version: for datasets' cache alone, which keeps rows by the arguments.
        own: the model's own template, with which rows unlike the probes are compared.
    """
    names, values = [*rows], [rows[name] for name in rows]
    read = [
        _marked(dict(zip(names, row, strict=True)), columns, tokenizer, template, own)
        for row in zip(*values, strict=True)
    ]
    done = _tokenised(read, tokenizer)
    encoded = [found if isinstance(found, dict) else {"input_ids": [], "labels": []} for found in done]
    labels = [each["labels"] for each in encoded]
    return {
        "input_ids": [numpy.array(each["input_ids"], "int32") for each in encoded],
        "labels": [numpy.array(each, "int32") for each in labels],
        "length": [len(each) for each in labels],
        "trained": [len(each) - each.count(IGNORED) for each in labels],
        "row": [index + 1 for index in indices],
        "problem": ["" if isinstance(found, dict) else found for found in done],
    }


def _marked(
    row: dict[str, Any], columns: Columns, tokenizer: PreTrainedTokenizerBase, template: str, own: Own | None
) -> Marked | str:
    """Return a row's text, or what keeps it from being trained on."""
    written = as_written(row, [*columns.values()])
    if TEXT not in row:
        written = {column: without_nulls(value) for column, value in written.items()}
    try:
        found = conversation(written, columns)
        done = marked(found.messages, tokenizer, template, untrained=found.untrained, **found.arguments)
        other = row_difference(done.text, found.messages, found.arguments, tokenizer, own) if own else None
        return other or done
    except BadRow as error:
        return error.said
    except (UserError, ValueError, TypeError) as error:
        return str(error)


def _tokenised(read: list[Marked | str], tokenizer: PreTrainedTokenizerBase) -> list[dict[str, list[int]] | str]:
    """Tokenise texts, all at once, or one by one where one of them cannot be; what is no text stays."""
    texts = [each for each in read if isinstance(each, Marked)]
    try:
        encoded = iter(tokenise(texts, tokenizer))
    except (UserError, ValueError, TypeError) as error:
        if len(read) == 1:
            return [str(error)]
        return [done for each in read for done in _tokenised([each], tokenizer)]
    return [each if isinstance(each, str) else next(encoded) for each in read]


def _keep(
    tokenised: Dataset, name: str, max_length: int | None, max_dropped_fraction: float
) -> tuple[Dataset, dict[str, Any]]:
    """Return the rows to train on, without `problem`, and the source's counts."""
    problems, lengths = numpy.array(tokenised["problem"][:], dtype=object), numpy.array(tokenised["length"][:])
    unusable = problems != ""
    too_long = ~unusable & (lengths > (max_length or numpy.inf))
    dropped = unusable | too_long
    kept = tokenised.select(numpy.flatnonzero(~dropped)) if dropped.any() else tokenised
    examples = [f"row {at + 1}: {problems[at]}" for at in numpy.flatnonzero(unusable)[:EXAMPLES]]
    if dropped.sum() > max_dropped_fraction * len(tokenised):
        reasons = [f"{too_long.sum()} are longer than max_length {max_length} tokens"] if too_long.any() else []
        if unusable.any():
            more = f"; and {unusable.sum() - EXAMPLES} more" if unusable.sum() > EXAMPLES else ""
            reasons.append(f"{unusable.sum()} cannot be trained on: {'; '.join(examples)}{more}")
        raise UserError(
            "bad-rows",
            f"{name}: {dropped.sum()} of {len(tokenised)} rows would be dropped, more than max_dropped_fraction "
            f"{max_dropped_fraction:g}: {'; '.join(reasons)}",
        )
    counts = {
        "source": name,
        "read": len(tokenised),
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
                "bad-template",
                f"{name}: in {wrong.sum()} rows {words} (the first: row {row}): see the generation markers of "
                f"chat_template_path",
            )


def _digest(rows: Dataset) -> str:
    """Return the SHA-256, in hexadecimal, of rows' lengths, tokens and labels."""
    digest = hashlib.sha256()
    for table in rows.select_columns(["length", "input_ids", "labels"]).with_format("numpy").iter(1000):
        digest.update(table["length"].tobytes())
        for column in ("input_ids", "labels"):
            digest.update(numpy.concatenate(table[column]).astype("int32").tobytes())
    return digest.hexdigest()

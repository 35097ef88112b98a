"""A look at the data before training: rows coloured by mask, and the counts of the mixture."""

import os
import sys
from itertools import cycle, groupby
from typing import Any

from transformers import PreTrainedTokenizerBase

from luth.training.masking import IGNORED
from luth.training.mixture import Rows

TRAINED, UNTRAINED, PLAIN = "\033[30;42m", "\033[2m", "\033[0m"
COLUMNS = ("rows", "tokens", "trained_tokens", "dropped_too_long", "dropped_unusable")
HEADINGS = ("rows", "tokens", "trained", "too long", "unusable")


def preview(rows: Rows, tokenizer: PreTrainedTokenizerBase, number: int) -> str:
    """Return `number` rows, one of every source in turn, with each run of trained tokens marked.

    On a terminal trained text is black on green and the rest is dim; elsewhere, and where NO_COLOR is set, trained
    text stands between ⟦ and ⟧.
    """
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    marks = {True: (TRAINED, PLAIN), False: (UNTRAINED, PLAIN)} if colour else {True: ("⟦", "⟧"), False: ("", "")}

    def marked(trained: bool, text: str) -> str:
        before, after = marks[trained]
        return before + text + after

    legend = f"{marked(True, 'trained')}, {marked(False, 'not trained')}"
    number = min(number, len(rows.train))
    pieces = [f"{number} of {len(rows.train)} training rows: {legend}, line breaks as they are, special tokens shown."]
    for place in spread(list(rows.train["source"]), number):
        row = rows.train[place]
        pieces.append(f"--- {rows.name(row)}: {row['length']} tokens, {row['trained']} trained")
        pieces.append("".join(marked(trained, text) for trained, text in runs(row, tokenizer)))
    return "\n".join(pieces)


def spread(sources: list[int], number: int) -> list[int]:
    """Return the places of `number` rows: as many of each source as of any other, as far as it has them.

    Args:
        sources: the source of every row, by its number.
        number: at most as many as there are rows.
    """
    places: dict[int, list[int]] = {}
    for place, source in enumerate(sources):
        places.setdefault(source, []).append(place)
    taken = dict.fromkeys(places, 0)
    turns = (source for source in cycle(places) if taken[source] < len(places[source]))
    for _ in range(number):
        taken[next(turns)] += 1
    return [places[source][n * len(places[source]) // count] for source, count in taken.items() for n in range(count)]


def runs(row: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> list[tuple[bool, str]]:
    """Return a tokenised row as runs of (trained, text), from its tokens and labels alone."""
    tokens = zip(row["input_ids"], row["labels"], strict=True)
    return [
        (trained, str(tokenizer.decode([token for token, _ in run], clean_up_tokenization_spaces=False)))
        for trained, run in groupby(tokens, key=lambda pair: pair[1] != IGNORED)
    ]


def data_report(rows: Rows, max_length: int | None) -> str:
    """Return a table of the sources: rows kept, tokens, trained tokens and dropped rows, the sums last."""
    counts = rows.counts
    lines = [(source["source"], *(f"{source[column]:,}" for column in COLUMNS)) for source in counts["sources"]]
    sums = {**counts, "rows": counts["rows"] + counts.get("held_out", 0)}
    lines.append(("all", *(f"{sums[column]:,}" for column in COLUMNS)))
    table = [("source", *HEADINGS), *lines]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    text = [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in table
    ]
    text += [f"{source['source']}: {source['form']}" for source in counts["sources"]]
    text.append(
        f"Rows longer than max_length ({max_length} tokens) and rows that are no conversations are dropped whole."
    )
    text += [
        f"dropped: {source['source']}, {example}" for source in counts["sources"] for example in source["examples"]
    ]
    if "held_out" in counts:
        text.append(f"{counts['rows']:,} rows are for training, {counts['held_out']:,} are held out.")
    return "\n".join(text)

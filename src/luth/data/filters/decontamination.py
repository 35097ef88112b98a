"""Rows that hold a benchmark's item: by runs of words, whatever the case, accents and punctuation.

Source of the 13 words: Brown et al. 2020, Language models are few-shot learners, appendix C.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.core.errors import UserError
from luth.core.text import sentences, words
from luth.data.recipe import Decontaminate

# A run of words that so many items of one benchmark have is the benchmark's way of asking, or a passage of several.
FORMULA = 3
# An item of fewer letters shows nothing.
LETTERS = 4


def item_files(folder: Path) -> list[Path]:
    """Return the files of a folder of items, sorted."""
    return sorted(path for path in folder.glob("*.jsonl") if path.is_file())


def read_items(folder: Path) -> dict[str, list[str]]:
    """Return the items' texts by benchmark, from the JSON lines that scripts/evaluate.py --write_items wrote.

    Raises:
        UserError: there are none, or a line has no `task` or `text`.
    """
    paths = item_files(folder)
    if not paths:
        raise UserError(
            "bad-dataset",
            f"decontaminate: items: {folder} holds no .jsonl: scripts/evaluate.py RECIPE --write_items {folder}",
        )
    found = defaultdict(list)
    for path in paths:
        for number, line in enumerate(path.read_bytes().rstrip(b"\n").split(b"\n"), 1):
            try:
                item = json.loads(line.decode("utf-8"))
                found[item["task"]].append(item["text"] + "")
            except (ValueError, KeyError, TypeError):
                raise UserError(
                    "bad-dataset", f"{path}, line {number}: not an item: task and text are expected"
                ) from None
    return dict(found)


Run = tuple[str, ...]


class Index:
    """Which benchmark a run of words belongs to."""

    def __init__(self, items: dict[str, list[str]], settings: Decontaminate) -> None:
        """Take up every item: its runs of `ngram` words, or all of it where it is shorter."""
        self.ngram, self.least = settings.ngram, settings.min_words
        # By the words that they begin with; and short ones, which must stand alone.
        self.runs: dict[Run, dict[Run, str]] = defaultdict(dict)
        self.short: dict[Run, str] = {}
        for task, texts in items.items():
            several: Counter[Run] = Counter()
            for text, times in Counter(texts).items():
                # The same long text twice is one item; the same short question is a way of asking.
                several.update({run: 1 if len(run) == self.ngram else times for run in self._runs(text)})
            for run, count in several.items():
                if count >= FORMULA:
                    continue
                if len(run) < self.least:
                    self.short[run] = task
                else:
                    self.runs[run[: self.least]][run] = task
        self._short_sizes = sorted({len(run) for run in self.short})

    def _runs(self, text: str) -> set[Run]:
        """Return the runs of an item, and of its lines: a question may stand without its passage or choices."""
        found = set()
        for piece in (text, *text.splitlines()):
            own = words(piece)
            if piece is not text and len(own) < self.least and not piece.rstrip().endswith("?"):
                # A choice, such as a name.
                continue
            size = min(len(own), self.ngram)
            found.update(tuple(own[at : at + size]) for at in range(len(own) - size + 1))
        return {run for run in found if sum(map(len, run)) >= LETTERS}

    def find(self, text: str) -> tuple[str, str] | None:
        """Return the benchmark whose item stands in a text, and the words that show it; None where there is none."""
        found = words(text)
        # Most texts hold nothing of an item: that is told at once, without a look at each place.
        if not self.runs.keys().isdisjoint(_tuples(found, self.least)):
            for at, begin in enumerate(_tuples(found, self.least)):
                for run, task in self.runs.get(begin, {}).items():
                    if tuple(found[at : at + len(run)]) == run:
                        return task, " ".join(run)
        if all(self.short.keys().isdisjoint(_tuples(found, size)) for size in self._short_sizes):
            return None
        return self._find_short(sentences(text))

    def _find_short(self, pieces: list[list[str]]) -> tuple[str, str] | None:
        for first in range(len(pieces)):
            run: Run = ()
            for piece in pieces[first:]:
                run += tuple(piece)
                if run in self.short:
                    return self.short[run], " ".join(run)
                if len(run) >= self.least:
                    break
        return None


def _tuples(found: list[str], size: int) -> Iterator[Run]:
    return zip(*(found[at:] for at in range(size)), strict=False)


class NoBenchmarkItems(BaseFilter):
    """Keep rows without a benchmark's item."""

    name = "Decontaminate"

    def __init__(self, settings: Decontaminate, language: str, rejected: JsonlWriter) -> None:
        """The items are read with the first row, in every worker."""
        super().__init__(rejected)
        self.settings = settings
        self._index: Index | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether a row is free of them; the reason names the benchmark."""
        if self._index is None:
            self._index = Index(read_items(Path(self.settings.items)), self.settings)
        hit = self._index.find(doc.text)
        if hit is None:
            return True
        doc.metadata["benchmark"], doc.metadata["found"] = hit
        return False, hit[0]

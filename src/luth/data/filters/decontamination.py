"""Finds benchmark items in rows by runs of words, whatever the case, accents and punctuation.

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

# A run of words in so many items of one benchmark is its usual phrasing, or a passage that several items share.
FORMULA = 3
# A run of fewer letters is too common to show anything.
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
        advice = f"write it with scripts/evaluate.py RECIPE --write_items {folder}"
        raise UserError("bad-dataset", f"decontaminate: items: {folder} holds no .jsonl: {advice}")
    texts = defaultdict(list)
    for path in paths:
        for number, line in enumerate(path.read_bytes().rstrip(b"\n").split(b"\n"), 1):
            try:
                item = json.loads(line.decode("utf-8"))
                texts[item["task"]].append(item["text"] + "")
            except (ValueError, KeyError, TypeError):
                line = f"{path}, line {number}: not an item: task and text are expected"
                raise UserError("bad-dataset", line) from None
    return dict(texts)


Run = tuple[str, ...]


class Index:
    """Finds the benchmark that a run of words belongs to."""

    def __init__(self, items: dict[str, list[str]], settings: Decontaminate) -> None:
        """Index every item by its runs of `ngram` words, or as a whole where it is shorter."""
        self.ngram, self.least = settings.ngram, settings.min_words
        # Runs by their first words; and short runs, which count only as whole sentences.
        self.runs: dict[Run, dict[Run, str]] = defaultdict(dict)
        self.short: dict[Run, str] = {}
        for task, texts in items.items():
            shared: Counter[Run] = Counter()
            for text, times in Counter(texts).items():
                # The same long text twice is one item; the same short question twice is a usual phrasing.
                shared.update({run: 1 if len(run) == self.ngram else times for run in self._runs(text)})
            for run, count in shared.items():
                if count >= FORMULA:
                    continue
                if len(run) < self.least:
                    self.short[run] = task
                else:
                    self.runs[run[: self.least]][run] = task
        self._short_sizes = sorted({len(run) for run in self.short})

    def _runs(self, text: str) -> set[Run]:
        """Return the runs of an item, and of its lines: a row may hold a question without its passage or choices."""
        runs = set()
        for piece in (text, *text.splitlines()):
            own = words(piece)
            if piece is not text and len(own) < self.least and not piece.rstrip().endswith("?"):
                # It is a choice, such as a name.
                continue
            size = min(len(own), self.ngram)
            runs.update(tuple(own[at : at + size]) for at in range(len(own) - size + 1))
        return {run for run in runs if sum(map(len, run)) >= LETTERS}

    def find(self, text: str) -> tuple[str, str] | None:
        """Return the benchmark of an item in a text, and the words that show it; None where there is none."""
        own = words(text)
        # Most texts hold nothing of an item, which this test tells without a look at each place.
        if not self.runs.keys().isdisjoint(_tuples(own, self.least)):
            for at, begin in enumerate(_tuples(own, self.least)):
                for run, task in self.runs.get(begin, {}).items():
                    if tuple(own[at : at + len(run)]) == run:
                        return task, " ".join(run)
        if all(self.short.keys().isdisjoint(_tuples(own, size)) for size in self._short_sizes):
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


def _tuples(own: list[str], size: int) -> Iterator[Run]:
    return zip(*(own[at:] for at in range(size)), strict=False)


class NoBenchmarkItems(BaseFilter):
    """Reject rows that hold a benchmark's item."""

    name = "Decontaminate"

    def __init__(self, settings: Decontaminate, language: str, rejected: JsonlWriter) -> None:
        """Read nothing yet: every worker reads the items with its first row."""
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

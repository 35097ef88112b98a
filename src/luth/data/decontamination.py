"""Rows that hold a benchmark's item: by runs of words, whatever the case, accents and punctuation.

Source of the 13 words: Brown et al. 2020, Language models are few-shot learners, appendix C.
"""

import json
from collections import Counter, defaultdict
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.data.recipe import Decontaminate
from luth.data.text import words
from luth.errors import UserError

# A run of words that so many items of one benchmark have is the benchmark's way of asking.
FORMULA = 3


def read_items(folder: Path) -> dict[str, list[str]]:
    """Return the items' texts by benchmark, from the JSON lines that scripts/evaluate.py --write_items wrote.

    Raises:
        UserError: there are none, or a line has no `task` or `text`.
    """
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        raise UserError(
            f"decontaminate: items: {folder} holds no .jsonl: scripts/evaluate.py RECIPE --write_items {folder}"
        )
    found = defaultdict(list)
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").rstrip("\n").split("\n"), 1):
            try:
                item = json.loads(line)
                found[item["task"]].append(item["text"])
            except (ValueError, KeyError, TypeError):
                raise UserError(f"{path}, line {number}: not an item: task and text are expected") from None
    return dict(found)


class Index:
    """Which benchmark a run of words belongs to."""

    def __init__(self, items: dict[str, list[str]], settings: Decontaminate) -> None:
        """Take up every item: its runs of `ngram` words, or all of it where it is shorter."""
        # By the words that they begin with.
        self.runs: dict[str, dict[str, str]] = defaultdict(dict)
        self.least = settings.min_words
        self.lines: dict[str, str] = {}
        for task, texts in items.items():
            several: Counter[str] = Counter()
            for text in texts:
                several.update(self._runs(text, settings.ngram))
            for run, count in several.items():
                if count >= FORMULA:
                    continue
                begin = run.split(" ", self.least)[: self.least]
                if len(begin) < self.least:
                    self.lines[run] = task
                else:
                    self.runs[" ".join(begin)][run] = task

    def _runs(self, text: str, ngram: int) -> set[str]:
        """Return an item's runs of words: of the whole, and of each line: a question may stand without choices."""
        found = set()
        for piece in (text, *text.splitlines()):
            own = words(piece)
            size = min(len(own), ngram)
            found.update(" ".join(own[at : at + size]) for at in range(len(own) - size + 1))
        return found - {""}

    def find(self, text: str) -> tuple[str, str] | None:
        """Return the benchmark whose item stands in a text, and the words that show it; None where there is none."""
        found = words(text)
        for at in range(len(found) - self.least + 1):
            for run, task in self.runs.get(" ".join(found[at : at + self.least]), {}).items():
                if found[at : at + run.count(" ") + 1] == run.split():
                    return task, run
        if self.lines:
            for line in text.splitlines():
                run = " ".join(words(line))
                if run in self.lines:
                    return self.lines[run], run
        return None


class NoBenchmarkItems(BaseFilter):
    """Keep rows without a benchmark's item."""

    name = "Decontaminate"

    def __init__(self, settings: Decontaminate, rejected: JsonlWriter) -> None:
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

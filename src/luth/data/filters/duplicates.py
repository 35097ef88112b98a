"""Finds equal and nearly equal rows, within and across parts, with datatrove's MinHash.

Signatures and bucket matches are datatrove's. Which row of a cluster is kept is decided here: the one of the part
named first, then the one with the lowest id. Neither files nor the number of tasks change that.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xxhash
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupBuckets, MinhashDedupSignature
from datatrove.pipeline.writers import JsonlWriter

from luth.core.text import tokens
from luth.data.recipe import Deduplicate

# datatrove splits words by a language's tokenizer. Ours are split already; for this language it needs no package.
_NO_TOKENIZER = "ace_Arab"
# The prime of datatrove's hashes.
MERSENNE = np.uint64((1 << 61) - 1)
# A row's record: its part's number, its id, hashes of what it holds beside its messages and of its tokens.
ROW = struct.Struct("<I16sQQ")
TABLE = np.dtype([("part", "<u4"), ("id", "S16"), ("beside", "<u8"), ("exact", "<u8")])


def config(settings: Deduplicate) -> MinhashConfig:
    """Return datatrove's settings."""
    return MinhashConfig(
        n_grams=settings.ngram, num_buckets=settings.buckets, hashes_per_bucket=settings.hashes_per_bucket
    )


class Signatures(MinhashDedupSignature):
    """Write MinHash signatures of rows; beside them the rows' records, in the rows' order."""

    def __init__(self, folder: Path, settings: Deduplicate, parts: list[str]) -> None:
        """Write under `folder`: datatrove's signatures in `signatures`, ours in `rows`."""
        super().__init__(str(folder / "signatures"), config(settings), language=_NO_TOKENIZER)
        self.rows, self.parts = folder / "rows", parts

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> None:
        """Write both for this task's rows."""
        records = bytearray()

        def recorded() -> Iterator[Document]:
            for doc in data:
                normalised = " ".join(tokens(doc.text) or doc.text.split())
                exact = xxhash.xxh64_intdigest(normalised)
                beside = xxhash.xxh64_intdigest(repr([doc.metadata.get(name) for name in ("thought", "verdict")]))
                records.extend(ROW.pack(self.parts.index(doc.metadata["part"]), bytes.fromhex(doc.id), beside, exact))
                yield Document(normalised, doc.id)

        super().run(recorded(), rank, world_size)
        self.rows.mkdir(parents=True, exist_ok=True)
        np.save(self.rows / f"{rank:05d}.npy", np.frombuffer(records, TABLE))

    def get_shingles(self, text: str) -> np.ndarray:
        """Return the hashes of a text's word n-grams, shape (n-grams, 1), each combined from its words' hashes."""
        size = self.config.n_grams
        hashes = np.array([xxhash.xxh64_intdigest(word) for word in text.split()], dtype=np.uint64)
        if len(hashes) < size:
            return np.empty((0, 1), np.uint64)
        combined = np.zeros(len(hashes) - size + 1, np.uint64)
        for at in range(size):
            combined = combined * np.uint64(0x9E3779B97F4A7C15) + hashes[at : at + len(combined)]
            combined ^= combined >> np.uint64(29)
        return np.unique(combined).reshape(-1, 1)

    def get_signature(self, shingles: np.ndarray) -> list[list[int]]:
        """Return datatrove's signature in half the time: remainders modulo a Mersenne prime need no division."""
        multipliers, summands = self.parameters
        hashes = shingles * multipliers + summands
        hashes = (hashes & MERSENNE) + (hashes >> np.uint64(61))
        # Below the prime, the difference wraps to the larger one.
        least = np.minimum(hashes, hashes - MERSENNE).min(axis=0)
        return least.reshape(self.config.num_buckets, -1).tolist()


def buckets(folder: Path, settings: Deduplicate) -> MinhashDedupBuckets:
    """Return the step that finds equal bands; it takes as many tasks as there are buckets."""
    return MinhashDedupBuckets(str(folder / "signatures"), str(folder / "pairs"), config=config(settings))


class Choose(PipelineStep):
    """Decide, for every cluster of duplicates, which row is kept; this is a single task."""

    type = "🫂 - DEDUP"
    name = "Choose"

    def __init__(self, folder: Path) -> None:
        """Read the records and matching pairs in `folder`; write the places of the other rows, `remove/RANK.npy`."""
        super().__init__()
        self.folder = folder

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        """Join pairs to clusters, and mark all rows but one of each cluster."""
        paths = sorted((self.folder / "rows").glob("*.npy"))
        tables = [np.load(path) for path in paths]
        starts = np.concatenate([[0], np.cumsum([len(table) for table in tables])]).astype(np.int64)
        rows = np.concatenate(tables)
        ranks = {int(path.stem): start for path, start in zip(paths, starts[:-1], strict=True)}
        parents = np.arange(len(rows))

        def root(row: int) -> int:
            while parents[row] != row:
                parents[row] = parents[parents[row]]
                row = parents[row]
            return row

        def rank_of(row: int) -> tuple[int, bytes, int, int]:
            return (*rows[row].item()[:3], row)

        def join(first: int, second: int) -> None:
            kept, removed = sorted((root(first), root(second)), key=rank_of)
            parents[removed] = kept

        for path in sorted((self.folder / "pairs").glob("*.dups")):
            for first, row, second, other in struct.iter_unpack("<4I", path.read_bytes()):
                join(ranks[first] + row, ranks[second] + other)
        order = np.argsort(rows["exact"], kind="stable")
        same = np.flatnonzero(rows["exact"][order][1:] == rows["exact"][order][:-1])
        for at in same:
            join(order[at], order[at + 1])

        removed = self.folder / "remove"
        removed.mkdir(exist_ok=True)
        for path, start, end in zip(paths, starts[:-1], starts[1:], strict=True):
            np.save(removed / path.name, np.flatnonzero(parents[start:end] != np.arange(start, end)))


class RemoveDuplicates(PipelineStep):
    """Reject the rows that were marked."""

    type = "🫂 - DEDUP"
    name = "Remove"

    def __init__(self, folder: Path, rejected: JsonlWriter) -> None:
        """Read `remove/RANK.npy` in `folder`; there must be as many tasks as for the signatures."""
        super().__init__()
        self.folder, self.rejected = folder, rejected

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give the rows that are kept."""
        gone = set(np.load(self.folder / "remove" / f"{rank:05d}.npy").tolist())
        with self.rejected:
            for number, doc in enumerate(data):
                if number in gone:
                    doc.metadata["filter_reason"] = "says what another row says"
                    self.rejected.write(doc, rank)
                else:
                    yield doc

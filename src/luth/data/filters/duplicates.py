"""Duplicates, exact and near, within and across parts: datatrove's MinHash, and a choice that no order changes.

Signatures and bucket matches are datatrove's. Which row of a cluster stays is decided here: that of the part named
first, then the one with the lowest id, whatever files rows stand in and however many tasks there are.
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

# datatrove's signatures are of one language's words; those of `tokens` need no tokenizer, and this one asks for none.
_NO_TOKENIZER = "ace_Arab"
# The prime of datatrove's hashes.
MERSENNE = np.uint64((1 << 61) - 1)
# What is noted of a row: its part's number, its id, hashes of what it holds beside its messages and of its tokens.
ROW = struct.Struct("<I16sQQ")
TABLE = np.dtype([("part", "<u4"), ("id", "S16"), ("beside", "<u8"), ("exact", "<u8")])


def config(settings: Deduplicate) -> MinhashConfig:
    """Return datatrove's settings."""
    return MinhashConfig(
        n_grams=settings.ngram, num_buckets=settings.buckets, hashes_per_bucket=settings.hashes_per_bucket
    )


class Signatures(MinhashDedupSignature):
    """MinHash signatures of rows; beside them the rows' ids, exact hashes and parts, in the rows' order."""

    def __init__(self, folder: Path, settings: Deduplicate, parts: list[str]) -> None:
        """Write under `folder`: datatrove's signatures in `signatures`, ours in `rows`."""
        super().__init__(str(folder / "signatures"), config(settings), language=_NO_TOKENIZER)
        self.rows, self.parts = folder / "rows", parts

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> None:
        """Write both for this task's rows."""
        found = bytearray()

        def noted() -> Iterator[Document]:
            for doc in data:
                normalised = " ".join(tokens(doc.text) or doc.text.split())
                exact = xxhash.xxh64_intdigest(normalised)
                beside = xxhash.xxh64_intdigest(repr([doc.metadata.get(name) for name in ("thought", "verdict")]))
                found.extend(ROW.pack(self.parts.index(doc.metadata["part"]), bytes.fromhex(doc.id), beside, exact))
                yield Document(normalised, doc.id)

        super().run(noted(), rank, world_size)
        self.rows.mkdir(parents=True, exist_ok=True)
        with open(self.rows / f"{rank:05d}.npy", "wb") as file:
            np.save(file, np.frombuffer(found, TABLE))

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
        """Return what datatrove's own does, bucket by bucket, in half the time: its remainders need no division."""
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
    """One task that decides, for every cluster of duplicates, which row stays."""

    type = "🫂 - DEDUP"
    name = "Choose"

    def __init__(self, folder: Path) -> None:
        """Read what the two steps before left in `folder`; write `remove/RANK.npy` there, the others' places."""
        super().__init__()
        self.folder = folder

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        """Join pairs to clusters, and mark all rows but one of each."""
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

        def better(one: int, other: int) -> bool:
            return (*rows[one].item()[:3], one) < (*rows[other].item()[:3], other)

        def join(one: int, other: int) -> None:
            one, other = root(one), root(other)
            if one != other:
                winner, loser = (one, other) if better(one, other) else (other, one)
                parents[loser] = winner

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
            with open(removed / path.name, "wb") as file:
                np.save(file, np.flatnonzero(parents[start:end] != np.arange(start, end)))


class RemoveDuplicates(PipelineStep):
    """Rows without those that were marked."""

    type = "🫂 - DEDUP"
    name = "Remove"

    def __init__(self, folder: Path, rejected: JsonlWriter) -> None:
        """Read `remove/RANK.npy` in `folder`; the tasks must be those of the signatures."""
        super().__init__()
        self.folder, self.rejected = folder, rejected

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give the rows that stay."""
        gone = set(np.load(self.folder / "remove" / f"{rank:05d}.npy").tolist())
        with self.rejected:
            for number, doc in enumerate(data):
                if number in gone:
                    doc.metadata["filter_reason"] = "says what another row says"
                    self.rejected.write(doc, rank)
                else:
                    yield doc

"""Parts mixed: caps, order, splits, by each row's key, so that neither files nor tasks have a say in it."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as parquet
import xxhash
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from luth.data.files import RowWriter
from luth.data.recipe import DataRecipe, Mix
from luth.errors import UserError

SPLITS = ("train", "test")
# Rows of a row group, and of a range of the order that is sorted in memory; every task has a file open for each range.
GROUP, MOST_RANGES = 10_000, 200
# No part's name.
TEST = "test split"


def key(document_id: str, seed: int, purpose: str = "order") -> int:
    """Return a row's place in the order, 64 bits, from its content and the seed alone."""
    return xxhash.xxh64_intdigest(f"{purpose} {seed} {document_id}")


class Keys(PipelineStep):
    """The rows' keys by part: what caps and splits are decided by."""

    name = "Keys"

    def __init__(self, folder: Path, parts: list[str], seed: int) -> None:
        """Write `folder/RANK.npy`."""
        super().__init__()
        self.folder, self.parts, self.seed = folder, parts, seed

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> None:
        """Note every row's part, and its keys for the order and for the split."""
        found = [
            (self.parts.index(doc.metadata["part"]), key(doc.id, self.seed), key(doc.id, self.seed, "split"))
            for doc in data
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / f"{rank:05d}.npy", "wb") as file:
            np.save(file, np.array(found, dtype=[("part", "<u4"), ("order", "<u8"), ("split", "<u8")]))


def limits(folder: Path, parts: list[str], mix: Mix) -> dict[str, int]:
    """Return the highest key that is still in: for each capped part by name, and for the test split under `TEST`.

    Raises:
        UserError: the test split would leave no row to train on.
    """
    rows = np.concatenate([np.load(path) for path in sorted(folder.glob("*.npy"))])
    found, kept = {}, np.ones(len(rows), bool)
    for name, cap in mix.caps.items():
        own = rows["part"] == parts.index(name)
        if own.sum() > cap:
            found[name] = int(np.partition(rows["order"][own], cap - 1)[cap - 1])
            kept &= ~own | (rows["order"] <= found[name])
    if mix.test_size:
        split = rows["split"][kept]
        if mix.test_size >= len(split):
            raise UserError(f"mix: test_size: {mix.test_size} of {len(split)} rows leaves none to train on")
        found[TEST] = int(np.partition(split, mix.test_size - 1)[mix.test_size - 1])
    return found


class Divide(PipelineStep):
    """Rows under their caps, each with the range of the order that it falls in, its place there and its split."""

    name = "Divide"

    def __init__(self, mix: Mix, ranges: int, found: dict[str, int], rejected: RowWriter) -> None:
        """`found` are the highest keys that are in; `ranges` is how many equal ranges the keys are divided into."""
        super().__init__()
        self.mix, self.ranges, self.limits, self.rejected = mix, ranges, found, rejected

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give the rows that are in."""
        with self.rejected:
            for doc in data:
                order = key(doc.id, self.mix.seed)
                if order > self.limits.get(doc.metadata["part"], order):
                    doc.metadata["filter_reason"] = "over the part's cap"
                    self.rejected.write(doc, rank)
                    continue
                test = key(doc.id, self.mix.seed, "split") <= self.limits.get(TEST, -1)
                place = {"range": f"{order * self.ranges >> 64:05d}", "order": order, "split": SPLITS[test]}
                doc.metadata.update(place)
                yield doc


def ranges(rows: int, shards: int) -> int:
    """Return how many ranges of keys hold about `GROUP` rows each, `MOST_RANGES` at most: the same number a shard."""
    return shards * max(1, min(rows // GROUP, MOST_RANGES) // shards)


def schema(recipe: DataRecipe) -> pa.Schema:
    """Return the dataset's columns: a thought and a verdict where the recipe makes them."""
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    columns = [("id", pa.string()), ("source", pa.string()), ("messages", pa.list_(turn))]
    # Where nothing is said of thinking, a model may think.
    if any(part.generate and part.generate.thinking is not False for part in recipe.parts.values()):
        columns.append(("thought", pa.string()))
    if any(part.judge for part in recipe.parts.values()):
        columns.append(("verdict", pa.string()))
    return pa.schema(columns)


class WriteShards(PipelineStep):
    """A shard's rows in their order, as parquet files of the two splits; a range of them is in memory at a time."""

    name = "Parquet"

    def __init__(self, rows: Path, folder: Path, columns: pa.Schema, ranges: int) -> None:
        """Read `rows/RANGE.*.jsonl`, write `folder/SPLIT-SHARD-of-SHARDS.parquet`; the rank is the shard."""
        super().__init__()
        self.rows, self.folder, self.columns, self.ranges = rows, folder, columns, ranges

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        """Write one shard; a split without rows has no file, save the first of `train`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for split in SPLITS:
            groups = self._groups(
                split, range(self.ranges * rank // world_size, self.ranges * (rank + 1) // world_size)
            )
            first = next(groups, [])
            if not first and (split == "test" or rank > 0):
                continue
            path = self.folder / f"{split}-{rank:05d}-of-{world_size:05d}.parquet"
            beside = path.with_name(f".{path.name}.tmp")
            with parquet.ParquetWriter(beside, self.columns, compression="zstd") as file:
                for group in itertools.chain([first], groups):
                    file.write_table(pa.Table.from_pylist(group, self.columns))
            beside.replace(path)

    def _groups(self, split: str, numbers: range) -> Iterator[list[dict[str, Any]]]:
        """Give a split's rows in their order, `GROUP` at a time."""
        left: list[dict[str, Any]] = []
        for number in numbers:
            found: list[dict[str, Any]] = []
            for path in self.rows.glob(f"{number:05d}.*.jsonl"):
                with open(path, "rb") as lines:
                    found += [row for row in map(orjson.loads, lines) if row["metadata"]["split"] == split]
            found.sort(key=_place)
            left += map(_columns, found)
            while len(left) >= GROUP:
                yield left[:GROUP]
                left = left[GROUP:]
        if left:
            yield left


def _place(row: dict[str, Any]) -> tuple[int, str, str]:
    # Equal conversations are told apart by what else their rows hold, never by the file that they stand in.
    return row["metadata"]["order"], row["id"], json.dumps(_columns(row), sort_keys=True)


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    found = row["metadata"]
    verdict = json.dumps(found["verdict"], ensure_ascii=False, sort_keys=True) if "verdict" in found else None
    return {
        "id": row["id"],
        "source": found["part"],
        "messages": found["messages"],
        "thought": found.get("thought"),
        "verdict": verdict,
    }

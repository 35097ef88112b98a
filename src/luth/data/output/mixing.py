"""Mixes the parts: caps, order and splits depend on each row's key alone, not on files or tasks."""

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

from luth.core.errors import UserError
from luth.data.recipe import DataRecipe, Mix
from luth.data.row_files import RowWriter

SPLITS = ("train", "test")
# Rows of a row group, and of a range of keys, which is sorted in memory; every task has a file open for each range.
GROUP, MOST_RANGES = 10_000, 200
OVER = "over the part's cap"
FATES = (OVER, *SPLITS)


def key(doc: Document, seed: int) -> int:
    """Return a row's place in the order, 64 bits, from its content and the seed alone: only equal rows share one."""
    metadata = doc.metadata
    content = [metadata["part"], doc.id, metadata.get("thought"), metadata.get("verdict")]
    return xxhash.xxh64_intdigest(f"order {seed} {content}")


def split_key(doc: Document, seed: int) -> int:
    """Return the key by which rows are held out, 64 bits: the same for all rows of one conversation."""
    return xxhash.xxh64_intdigest(f"split {seed} {doc.id}")


class Keys(PipelineStep):
    """Write the rows' parts and keys, by which caps and splits are decided."""

    name = "Keys"

    def __init__(self, folder: Path, parts: list[str], seed: int) -> None:
        """Write `folder/RANK.npy`."""
        super().__init__()
        self.folder, self.parts, self.seed = folder, parts, seed

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> None:
        """Note every row's part, and its keys for the order and for the split."""
        keys = [
            (self.parts.index(doc.metadata["part"]), key(doc, self.seed), split_key(doc, self.seed)) for doc in data
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        table = np.array(keys, dtype=[("part", "<u4"), ("order", "<u8"), ("split", "<u8")])
        np.save(self.folder / f"{rank:05d}.npy", table)


def decide(folder: Path, parts: list[str], mix: Mix) -> None:
    """Decide what becomes of each row of `folder/RANK.npy`; write `folder/RANK.fate.npy`, indices of `FATES`.

    Raises:
        UserError: the test split would leave no row to train on.
    """
    paths = sorted(folder.glob("[0-9]*[0-9].npy"))
    tables = [np.load(path) for path in paths]
    rows = np.concatenate(tables)
    fates = np.full(len(rows), FATES.index("train"), np.uint8)
    for name, cap in mix.caps.items():
        own = np.flatnonzero(rows["part"] == parts.index(name))
        # Which of equal rows are kept makes no difference.
        fates[own[np.argsort(rows["order"][own], kind="stable")[cap:]]] = FATES.index(OVER)
    kept = np.flatnonzero(fates)
    if mix.test_size:
        if mix.test_size >= len(kept):
            line = f"mix: test_size: {mix.test_size} of {len(kept)} rows leaves none to train on"
            raise UserError("bad-recipe-value", line)
        fates[kept[_held_out(rows["split"][kept], mix.test_size)]] = FATES.index("test")
    for path, own in zip(paths, np.split(fates, np.cumsum([len(table) for table in tables])[:-1]), strict=True):
        np.save(path.with_suffix(".fate.npy"), own)


def _held_out(keys: np.ndarray, size: int) -> np.ndarray:
    """Return which rows are held out, `size` at most: those with the lowest keys, all of a key or none of them."""
    values, counts = np.unique(keys, return_counts=True)
    taken, left = [], size
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        if count <= left:
            taken.append(value)
            left -= count
        if not left:
            break
    return np.isin(keys, np.array(taken, keys.dtype))


class Divide(PipelineStep):
    """Reject the rows over the caps; give each other row its range of keys, its place there and its split."""

    name = "Divide"

    def __init__(self, folder: Path, ranges: int, rejected: RowWriter) -> None:
        """Read the files of `Keys` and `decide`; the keys are divided into so many equal ranges."""
        super().__init__()
        self.folder, self.ranges, self.rejected = folder, ranges, rejected

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give the rows that are kept."""
        orders = np.load(self.folder / f"{rank:05d}.npy")["order"].tolist()
        fates = np.load(self.folder / f"{rank:05d}.fate.npy").tolist()
        with self.rejected:
            for doc, order, fate in zip(data, orders, fates, strict=True):
                if FATES[fate] == OVER:
                    doc.metadata["filter_reason"] = OVER
                    self.rejected.write(doc, rank)
                    continue
                place = {"range": f"{order * self.ranges >> 64:05d}", "order": order, "split": FATES[fate]}
                doc.metadata.update(place)
                yield doc


def ranges(rows: int, shards: int) -> int:
    """Return how many ranges to divide keys into: about `GROUP` rows each, as many a shard, `MOST_RANGES` at most."""
    return shards * max(1, min(rows // GROUP, MOST_RANGES) // shards)


def schema(recipe: DataRecipe) -> pa.Schema:
    """Return the dataset's columns: a thought and a verdict where the recipe makes them."""
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    columns = [("id", pa.string()), ("source", pa.string()), ("messages", pa.list_(turn))]
    # A model may think where the recipe does not forbid it.
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
            path = self.folder / f"{split}-{rank:05d}-of-{world_size:05d}.parquet"
            if not first and (split == "test" or rank > 0):
                path.unlink(missing_ok=True)
                continue
            beside = path.with_name(f".{path.name}.tmp")
            with parquet.ParquetWriter(beside, self.columns, compression="zstd") as file:
                for group in itertools.chain([first], groups):
                    file.write_table(pa.Table.from_pylist(group, self.columns))
            beside.replace(path)

    def _groups(self, split: str, numbers: range) -> Iterator[list[dict[str, Any]]]:
        """Give a split's rows in their order, `GROUP` at a time."""
        left: list[dict[str, Any]] = []
        for number in numbers:
            rows: list[dict[str, Any]] = []
            for path in self.rows.glob(f"{number:05d}.*.jsonl"):
                with open(path, "rb") as lines:
                    rows += [row for row in map(orjson.loads, lines) if row["metadata"]["split"] == split]
            rows.sort(key=_place)
            left += map(_columns, rows)
            while len(left) >= GROUP:
                yield left[:GROUP]
                left = left[GROUP:]
        if left:
            yield left


def _place(row: dict[str, Any]) -> tuple[int, str, str]:
    # Equal conversations are ordered by what else their rows hold, never by the files that hold them.
    return row["metadata"]["order"], row["id"], json.dumps(_columns(row), sort_keys=True)


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    metadata = row["metadata"]
    verdict = json.dumps(metadata["verdict"], ensure_ascii=False, sort_keys=True) if "verdict" in metadata else None
    return {
        "id": row["id"],
        "source": metadata["part"],
        "messages": metadata["messages"],
        "thought": metadata.get("thought"),
        "verdict": verdict,
    }

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

from luth.core.errors import UserError
from luth.data.recipe import DataRecipe, Mix
from luth.data.row_files import RowWriter

SPLITS = ("train", "test")
# Rows of a row group, and of a range of the order that is sorted in memory; every task has a file open for each range.
GROUP, MOST_RANGES = 10_000, 200
OVER = "over the part's cap"
FATES = (OVER, *SPLITS)


def key(doc: Document, seed: int) -> int:
    """Return a row's place in the order, 64 bits, from its content and the seed alone: rows of one place are equal."""
    found = doc.metadata
    content = [found["part"], doc.id, found.get("thought"), found.get("verdict")]
    return xxhash.xxh64_intdigest(f"order {seed} {content}")


def split_key(doc: Document, seed: int) -> int:
    """Return by what a row is held out, 64 bits: the same for all rows of one conversation."""
    return xxhash.xxh64_intdigest(f"split {seed} {doc.id}")


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
            (self.parts.index(doc.metadata["part"]), key(doc, self.seed), split_key(doc, self.seed)) for doc in data
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / f"{rank:05d}.npy", "wb") as file:
            np.save(file, np.array(found, dtype=[("part", "<u4"), ("order", "<u8"), ("split", "<u8")]))


def decide(folder: Path, parts: list[str], mix: Mix) -> None:
    """Write what becomes of each row of `folder/RANK.npy`, in its order: `folder/RANK.fate.npy`, an index of `FATES`.

    Raises:
        UserError: the test split would leave no row to train on.
    """
    paths = sorted(folder.glob("[0-9]*[0-9].npy"))
    tables = [np.load(path) for path in paths]
    rows = np.concatenate(tables)
    fates = np.full(len(rows), FATES.index("train"), np.uint8)
    for name, cap in mix.caps.items():
        own = np.flatnonzero(rows["part"] == parts.index(name))
        # Of equal rows it is all the same which are in, so long as there are not too many.
        fates[own[np.argsort(rows["order"][own], kind="stable")[cap:]]] = FATES.index(OVER)
    kept = np.flatnonzero(fates)
    if mix.test_size:
        if mix.test_size >= len(kept):
            line = f"mix: test_size: {mix.test_size} of {len(kept)} rows leaves none to train on"
            raise UserError("bad-recipe-value", line)
        fates[kept[_held_out(rows["split"][kept], mix.test_size)]] = FATES.index("test")
    for path, own in zip(paths, np.split(fates, np.cumsum([len(table) for table in tables])[:-1]), strict=True):
        with open(path.with_suffix(".fate.npy"), "wb") as file:
            np.save(file, own)


def _held_out(keys: np.ndarray, size: int) -> np.ndarray:
    """Return which rows are held out, `size` at most: those with the lowest keys, all of a key or none of them."""
    found, counts = np.unique(keys, return_counts=True)
    taken, left = [], size
    for one, count in zip(found.tolist(), counts.tolist(), strict=True):
        if count <= left:
            taken.append(one)
            left -= count
        if not left:
            break
    return np.isin(keys, np.array(taken, keys.dtype))


class Divide(PipelineStep):
    """Rows under their caps, each with the range of the order that it falls in, its place there and its split."""

    name = "Divide"

    def __init__(self, folder: Path, ranges: int, rejected: RowWriter) -> None:
        """Read what `Keys` and `decide` left; `ranges` is how many equal ranges the keys are divided into."""
        super().__init__()
        self.folder, self.ranges, self.rejected = folder, ranges, rejected

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give the rows that are in."""
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

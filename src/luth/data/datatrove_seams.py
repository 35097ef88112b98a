"""All that relies on how datatrove works inside, in one place, and a check of it before a build begins.

datatrove has no public way to choose the server that its inference talks to, to stop where an answer cannot be
written, to keep an answer before the next request is sent, or to keep its tasks' logs off the terminal.
"""

import contextlib
import importlib.metadata
import inspect
import os
import sqlite3
from pathlib import Path
from typing import Any

import orjson
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.executor.base import PipelineExecutor
from datatrove.executor.ray import RayPipelineExecutor
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.inference.checkpointing import CheckpointManager, RequestCache
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.utils.stats import PipelineStats
from loguru import logger

from luth.core.errors import UserError, explain
from luth.core.files import write_text

# The methods that the classes below override or call, with their parameters, and the attributes that they read.
METHODS: dict[type, dict[str, str]] = {
    PipelineExecutor: {"_run_for_rank": "rank local_rank node_rank"},
    InferenceRunner: {
        "_init_server": "rank",
        "_save_document": "document output_writer_context rank chunk_index count_processed_stat",
    },
    CheckpointManager: {
        "write_document": "document rank chunk_index output_writer_context",
        "update_last_chunk_index": "rank",
        "cleanup_last_chunk": "rank chunk_index",
    },
    RequestCache: {
        "initialize": "rank",
        "store_result": "chunk_index doc_id rollout_idx result payload_hash",
        "store_error": "chunk_index doc_id rollout_idx error_message payload_hash",
        "drop_chunk": "chunk_index",
        "close": "delete_file",
    },
}
ATTRIBUTES: dict[type, str] = {
    CheckpointManager: (
        "checkpoint_file_lock checkpoints_local_dir last_chunk_index new_completed_chunks request_cache"
    ),
    RequestCache: "db_path",
}


def require_datatrove() -> None:
    """Raise `UserError` where the datatrove that is installed works in another way than this module needs."""
    missing = []
    for owner, methods in METHODS.items():
        for name, parameters in methods.items():
            method = getattr(owner, name, None)
            if method is None or list(inspect.signature(method).parameters)[1:] != parameters.split():
                missing.append(f"{owner.__name__}.{name}({parameters.replace(' ', ', ')})")
    for owner, names in ATTRIBUTES.items():
        missing += [f"{owner.__name__}.{name}" for name in names.split() if not hasattr(owner(None), name)]
    if missing:
        raise UserError(
            "wrong-version",
            f"datatrove {importlib.metadata.version('datatrove')} has no {', '.join(missing)}: "
            f"install the version in constraints.txt",
        )


class _QuietTasks(PipelineExecutor):
    """An executor whose tasks log to their files alone, and leave in `errors/RANK.txt` why they failed."""

    def _run_for_rank(self, rank: int, *arguments: Any, **options: Any) -> PipelineStats:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            try:
                return super()._run_for_rank(rank, *arguments, **options)
            except Exception as error:
                line = explain(error) or str(getattr(error, "error", error))
                write_text(Path(self.logging_dir.path) / "errors" / f"{rank:05d}.txt", f"{line}\n")
                raise
            finally:
                logger.remove()


class LocalExecutor(_QuietTasks, LocalPipelineExecutor):
    """Tasks on this machine."""


class RayExecutor(_QuietTasks, RayPipelineExecutor):
    """Tasks on a Ray cluster."""


class SlurmExecutor(_QuietTasks, SlurmPipelineExecutor):
    """Tasks on a Slurm cluster."""


class AnswerCache(RequestCache):
    """datatrove's cache of answers, in which an answer is on disk before another request takes its place.

    So a killed run pays again for the requests under way, and for no more. datatrove's own connection reads; all
    writing goes through one that commits at once.
    """

    writer: sqlite3.Connection | None = None

    async def initialize(self, rank: int) -> None:
        """Open the cache."""
        await super().initialize(rank)
        assert self.db_path is not None
        self.writer = sqlite3.connect(self.db_path, isolation_level=None)
        # A write-ahead log outlives a kill of this process without a wait for the disk itself.
        self.writer.execute("PRAGMA journal_mode=WAL")
        self.writer.execute("PRAGMA synchronous=NORMAL")

    async def store_result(
        self, chunk_index: int, doc_id: str, rollout_idx: int, result: dict[str, Any], *, payload_hash: str
    ) -> None:
        """Store an answer."""
        self._store(chunk_index, doc_id, rollout_idx, payload_hash, orjson.dumps(result), None)

    async def store_error(
        self, chunk_index: int, doc_id: str, rollout_idx: int, error_message: str, *, payload_hash: str
    ) -> None:
        """Store a refusal."""
        self._store(chunk_index, doc_id, rollout_idx, payload_hash, None, error_message)

    def _store(self, *values: Any) -> None:
        assert self.writer is not None
        columns = "chunk_index, doc_id, rollout_idx, payload_hash, result, error_message"
        self.writer.execute(f"INSERT OR REPLACE INTO request_cache ({columns}) VALUES (?, ?, ?, ?, ?, ?)", values)

    async def drop_chunk(self, chunk_index: int) -> None:
        """Forget the answers of documents that are all written."""
        assert self.writer is not None
        self.writer.execute("DELETE FROM request_cache WHERE chunk_index = ?", (chunk_index,))

    async def close(self, delete_file: bool = False) -> None:
        """Close both connections, where they were opened."""
        if self.writer is not None:
            self.writer.close()
        await super().close(delete_file)


class Checkpoints(CheckpointManager):
    """datatrove's checkpoints, written in an order that survives a kill at any moment.

    A document's checkpoint and answers are deleted once it is on disk that its chunk is done, and not before.
    """

    async def update_last_chunk_index(self, rank: int) -> None:
        """Note the chunks that are done, in their order; then delete what a restart would have needed of them."""
        folder = Path(str(self.checkpoints_local_dir))
        async with self.checkpoint_file_lock:
            while self.last_chunk_index + 1 in self.new_completed_chunks:
                self.last_chunk_index += 1
                chunk = self.last_chunk_index
                write_text(folder / "last_chunk" / f"{rank:05d}.txt", str(chunk))
                (folder / f"{rank:05d}" / f"chunk_{chunk:05d}.jsonl").unlink(missing_ok=True)
                self.new_completed_chunks.remove(chunk)
                assert self.request_cache is not None
                await self.request_cache.drop_chunk(chunk)

    async def cleanup_last_chunk(self, rank: int, chunk_index: int) -> None:
        """Leave the last chunk's checkpoint: its documents may still be in the output file's buffer."""


class ServedInference(InferenceRunner):
    """datatrove's inference over a server object of ours, with the checkpoints and the cache above."""

    def __init__(self, server: Any, config: InferenceConfig, **settings: Any) -> None:
        """Take an object that datatrove calls as its own servers, and datatrove's settings."""
        super().__init__(config=config, **settings)
        self.server = server
        checkpoints, chunk = settings["checkpoints_local_dir"], settings["records_per_chunk"]
        self.request_cache = AnswerCache(checkpoints)
        self.checkpoint_manager = Checkpoints(checkpoints, chunk, self.request_cache)

    def _init_server(self, rank: int) -> Any:
        return self.server

    async def _save_document(
        self,
        document: Document,
        output_writer_context: Any,
        rank: int,
        chunk_index: int,
        count_processed_stat: bool = True,
    ) -> None:
        # datatrove's own logs an error, such as a full disk, and goes on without the document.
        await self.checkpoint_manager.write_document(document, rank, chunk_index, output_writer_context)

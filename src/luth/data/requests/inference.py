"""An OpenAI-compatible server behind datatrove's inference: keys from the environment, retries, what it cost."""

import asyncio
import logging
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import openai
import orjson
from datatrove.data import Document
from datatrove.pipeline.inference.checkpointing import CheckpointManager, RequestCache
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.inference.types import InferenceError, ServerError

from luth.core.endpoints import LONGEST_WAIT, asked_pause, short_error
from luth.core.files import write_text
from luth.core.text import plain
from luth.data.recipe import Endpoint

# Of a request that fails, datatrove's other ones are given up, which asyncio would report one by one.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
# Documents at hand beyond those whose requests are under way.
SPARE = 16


class Server:
    """What `InferenceRunner` talks to: one request after another that comes back with an answer, or the run stops."""

    def __init__(self, endpoint: Endpoint, trouble: Path) -> None:
        """Nothing is sent yet; why a request is sent again will be in the file `trouble`, to be shown meanwhile."""
        self.endpoint, self.trouble = endpoint, trouble
        self.client: openai.AsyncOpenAI | None = None

    async def __aenter__(self) -> "Server":
        """Open the connections; the key is read here, and kept nowhere else."""
        key = os.environ.get(self.endpoint.api_key_env) or "none"
        self.client = openai.AsyncOpenAI(
            base_url=self.endpoint.base_url, api_key=key, timeout=self.endpoint.timeout, max_retries=0
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        assert self.client is not None
        await self.client.close()

    async def make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a chat's payload, again after a longer wait each time where that may help; return the reply.

        Raises:
            InferenceError: the server will not answer this request, however often it is asked.
            ServerError: it is not there, or answers no request.
        """
        assert self.client is not None
        reason = advice = ""
        for attempt in range(self.endpoint.api_max_retry + 1):
            pause, advice = 0.0, "is it running, and is base_url right?"
            try:
                # Asked for plain JSON, the client leaves out the types that it would check and build for each field.
                reply = _completion(await self.client.post("/chat/completions", cast_to=object, body=payload))
                if reply is not None:
                    reply["usage"]["retries"] = attempt
                    return reply
                reason = "the reply was no chat completion"
            except openai.APIStatusError as error:
                reason, pause = (
                    f"HTTP {error.status_code}: {short_error(error, self.client.api_key)}",
                    asked_pause(error),
                )
                if error.status_code in (401, 402, 403, 404):
                    advice = "check the key and its credit, the model's name and the address: most end in /v1"
                    raise ServerError(f"{self.endpoint.base_url} refuses: {reason}: {advice}") from None
                advice = "its own log says why; fewer concurrent_requests may be easier for it."
                again = error.status_code in (408, 409, 429) or error.status_code >= 500
                last = attempt == self.endpoint.api_max_retry
                # Where another one is answered, what it never gets right is this request.
                if not again or (last and error.status_code == 500 and await self._answers(payload["model"])):
                    raise InferenceError(None, f"BadRequestError: {reason}") from None
            except openai.APITimeoutError:
                reason = f"nothing within {self.endpoint.timeout:g} s"
                advice = "raise timeout, or lower concurrent_requests; is it busy still with what was given up?"
            except (openai.APIError, ValueError) as error:
                reason = short_error(error, self.client.api_key).rstrip(".")
            write_text(self.trouble, reason)
            if attempt < self.endpoint.api_max_retry:
                await asyncio.sleep(max(pause, min(LONGEST_WAIT, 2.0**attempt * random.uniform(0.25, 0.5))))
        raise ServerError(
            f"{self.endpoint.base_url} does not answer: {reason}, asked {self.endpoint.api_max_retry + 1} times: "
            f"{advice} What was answered is kept; the same command goes on"
        )

    async def _answers(self, model: str) -> bool:
        """Tell whether the server answers a request of one word."""
        assert self.client is not None
        body = {"model": model, "messages": [{"role": "user", "content": "1"}], "max_tokens": 1}
        try:
            return _completion(await self.client.post("/chat/completions", cast_to=object, body=body)) is not None
        except openai.APIError:
            return False


def _completion(reply: Any) -> dict[str, Any] | None:
    """Return a reply whose texts are texts that UTF-8 can hold, None where it is no chat completion."""
    try:
        choice = reply["choices"][0]
        message = {key: choice["message"].get(key) or "" for key in ("content", "reasoning", "reasoning_content")}
        texts = {key: plain(text) for key, text in message.items()}
        usage = {key: value for key, value in (reply.get("usage") or {}).items() if isinstance(value, int)}
        return {"choices": [{"message": texts, "finish_reason": str(choice["finish_reason"])}], "usage": usage}
    except (KeyError, IndexError, TypeError, AttributeError):
        return None


class KeptAnswers(RequestCache):
    """datatrove's cache of answers, in which an answer is on disk before another request is sent in its place.

    So a killed run pays again for what was under way, and for no more. datatrove's own connection reads; all that is
    written goes through one that writes at once.
    """

    async def initialize(self, rank: int) -> None:
        """Open the cache."""
        await super().initialize(rank)
        assert self.db_path is not None
        self.at_once = sqlite3.connect(self.db_path, isolation_level=None)
        # A write-ahead log outlives a kill of this process without a wait for the disk itself.
        self.at_once.execute("PRAGMA journal_mode=WAL")
        self.at_once.execute("PRAGMA synchronous=NORMAL")

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
        columns = "chunk_index, doc_id, rollout_idx, payload_hash, result, error_message"
        self.at_once.execute(f"INSERT OR REPLACE INTO request_cache ({columns}) VALUES (?, ?, ?, ?, ?, ?)", values)

    async def drop_chunk(self, chunk_index: int) -> None:
        """Forget the answers of documents that are all written."""
        self.at_once.execute("DELETE FROM request_cache WHERE chunk_index = ?", (chunk_index,))

    async def close(self, delete_file: bool = False) -> None:
        """Close both connections, where they were opened."""
        if self._conn is not None:
            self.at_once.close()
        await super().close(delete_file)


class Checkpoints(CheckpointManager):
    """datatrove's checkpoints, in an order that a kill at any moment leaves whole.

    A document's checkpoint and answers go once it is known on disk that its chunk is done, and not before.
    """

    async def update_last_chunk_index(self, rank: int) -> None:
        """Note the chunks that are done, in their order, and then forget what a restart would need of them."""
        folder = Path(str(self.checkpoints_local_dir))
        async with self.checkpoint_file_lock:
            while self.last_chunk_index + 1 in self.new_completed_chunks:
                self.last_chunk_index += 1
                chunk = self.last_chunk_index
                write_text(folder / "last_chunk" / f"{rank:05d}.txt", str(chunk))
                (folder / f"{rank:05d}" / f"chunk_{chunk:05d}.jsonl").unlink(missing_ok=True)
                self.new_completed_chunks.remove(chunk)
                await self.request_cache.drop_chunk(chunk)

    async def cleanup_last_chunk(self, rank: int, chunk_index: int) -> None:
        """Leave the last chunk's checkpoint: its documents may still be in the output file's buffer."""


class Runner(InferenceRunner):
    """datatrove's inference, with its checkpoints and its cache of answers, over `Server`."""

    def __init__(self, endpoint: Endpoint, trouble: Path, **settings: Any) -> None:
        """Take `Server`'s arguments, and datatrove's own, save `config`."""
        config = InferenceConfig(
            server_type="endpoint",
            model_name_or_path=endpoint.model,
            endpoint_url=endpoint.base_url,
            max_concurrent_generations=endpoint.concurrent_requests,
            # While one is written, another one's request is under way.
            max_concurrent_documents=endpoint.concurrent_requests + SPARE,
            metric_interval=3600,
        )
        super().__init__(config=config, **settings)
        self.endpoint, self.trouble = endpoint, trouble
        checkpoints, chunk = settings["checkpoints_local_dir"], settings["records_per_chunk"]
        self.request_cache = KeptAnswers(checkpoints)
        self.checkpoint_manager = Checkpoints(checkpoints, chunk, self.request_cache)

    def _init_server(self, rank: int) -> Server:
        return Server(self.endpoint, self.trouble)

    async def _save_document(
        self,
        document: Document,
        output_writer_context: Any,
        rank: int,
        chunk_index: int,
        count_processed_stat: bool = True,
    ) -> None:
        # datatrove's own notes an error, a full disk for one, and goes on without the document.
        await self.checkpoint_manager.write_document(document, rank, chunk_index, output_writer_context)

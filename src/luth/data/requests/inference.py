"""A served model behind datatrove's inference."""

import json
import logging
from pathlib import Path
from typing import Any

from datatrove.pipeline.inference.run_inference import InferenceConfig
from datatrove.pipeline.inference.types import InferenceError, ServerError
from datatrove.pipeline.writers import JsonlWriter

from luth.core.endpoints import Client, NoAnswer, Refused
from luth.core.errors import UserError
from luth.core.files import write_json, write_text
from luth.core.replies import Reply
from luth.data.datatrove_seams import ServedInference
from luth.data.part import ModelEndpoint
from luth.data.requests.jobs import Job
from luth.data.row_files import TROUBLE, answered_writer

# Where one request ends the run, datatrove cancels the others, which asyncio would report one by one.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
# Documents at hand beyond those whose requests are under way: while one is written, another's request is sent.
SPARE = 16
# In a step's folder: what the server said of itself, and which fields of requests it refuses.
SERVER = "server.json"
# Documents whose answers are kept together, until all of them are written.
CHUNK = 500


class Server:
    """What datatrove's inference sends its requests to."""

    def __init__(self, endpoint: ModelEndpoint, folder: Path) -> None:
        """Connect to nothing yet.

        Into `folder` goes why a request is sent again, for the progress bar, and what the server says of itself, for
        run.json.
        """
        self.endpoint, self.folder = endpoint, folder

    async def __aenter__(self) -> "Server":
        """Open the connections."""
        self.client = Client(self.endpoint, lambda reason: write_text(self.folder / TROUBLE, reason))
        await self.client.__aenter__()
        self.told = False
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        await self.client.__aexit__()

    async def _tell(self, reply: Reply) -> None:
        """Write what the server says of itself, once it has answered."""
        if not self.told:
            self.told = True
            facts = {**await self.client.facts(self.endpoint.model), "answers_as": reply.model}
            refused = {"refused_fields": self.client.refused} if self.client.refused else {}
            write_json(self.folder / SERVER, {**facts, **refused})

    async def make_request(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a chat request; return the reply in the API's form.

        Raises:
            InferenceError: the server refuses this request; datatrove keeps that as it keeps an answer.
            ServerError: the run must stop.
        """
        try:
            reply = await self.client.ask(payload)
        except UserError as error:
            raise ServerError(str(error)) from None
        except Refused as error:
            # By this word datatrove knows an error that will come again.
            raise InferenceError(None, f"BadRequestError: {error}") from None
        except NoAnswer as error:
            raise ServerError(
                f"{self.endpoint.base_url} does not answer: {error}: {error.advice}. "
                "What was answered is kept; the same command goes on"
            ) from None
        await self._tell(reply)
        message = {"content": reply.text or "", "reasoning": reply.thought or ""}
        return {"choices": [{"message": message, "finish_reason": reply.finish_reason}], "usage": reply.usage}


def servers(steps: Path) -> dict[str, Any]:
    """Return what the servers said of themselves, by the name of the step that asked them."""
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in sorted(steps.glob(f"*/{SERVER}"))}


def inference(job: Job, endpoint: ModelEndpoint, folder: Path) -> ServedInference:
    """Return the pipeline step that sends a job's requests; it leaves documents with results in `folder/answered`."""
    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path=endpoint.model,
        endpoint_url=endpoint.base_url,
        max_concurrent_generations=endpoint.concurrent_requests,
        max_concurrent_documents=endpoint.concurrent_requests + SPARE,
        metric_interval=3600,
    )
    writer: JsonlWriter = answered_writer(folder / "answered")
    return ServedInference(
        Server(endpoint, folder),
        config,
        rollout_fn=job,
        output_writer=writer,
        checkpoints_local_dir=str(folder / "checkpoints"),
        records_per_chunk=CHUNK,
    )

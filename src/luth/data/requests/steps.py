"""A step that asks a model: documents go through datatrove's inference, and what comes back is settled."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.data.recipe import Endpoint
from luth.data.requests.inference import Runner
from luth.data.requests.jobs import Job, apply
from luth.data.row_files import TROUBLE, answered_writer

# Documents of which a killed run's answers are kept together.
CHUNK = 500


class NumberEqualRows(PipelineStep):
    """Documents of equal content told apart by their ids, under which answers are kept."""

    name = "Number"

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Give the second one the id with -1 behind it, and so on."""
        seen: Counter[str] = Counter()
        for doc in data:
            number = seen[doc.id]
            seen[doc.id] += 1
            doc.id = f"{doc.id}-{number}" if number else doc.id
            yield doc


def runner(job: Job, endpoint: Endpoint, folder: Path) -> Runner:
    """Return the step that asks, and leaves documents with their results in `folder/answered`."""
    return Runner(
        endpoint,
        folder / TROUBLE,
        rollout_fn=job,
        output_writer=answered_writer(folder / "answered"),
        checkpoints_local_dir=str(folder / "checkpoints"),
        records_per_chunk=CHUNK,
    )


class Settle(BaseFilter):
    """Answered documents as rows, or among the rejected."""

    name = "Settle"

    def __init__(self, job: Job, rejected: JsonlWriter) -> None:
        """`job` is the one that asked."""
        super().__init__(rejected)
        self.job = job

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Take the result up."""
        reason = apply(self.job, doc)
        return True if reason is None else (False, reason)

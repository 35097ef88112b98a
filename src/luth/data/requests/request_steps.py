"""What stands before and after the requests about a step's documents."""

from collections import Counter
from collections.abc import Iterator

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.data.requests.jobs import Job, apply_result


class NumberEqualRows(PipelineStep):
    """Give documents of equal content ids of their own: answers are kept by id."""

    name = "Number"

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Append -1 to the id of the second one, and so on."""
        seen: Counter[str] = Counter()
        for doc in data:
            number = seen[doc.id]
            seen[doc.id] += 1
            doc.id = f"{doc.id}-{number}" if number else doc.id
            yield doc


class ApplyResults(BaseFilter):
    """Put a model's results into their documents; reject those without a good one."""

    name = "Results"

    def __init__(self, job: Job, rejected: JsonlWriter) -> None:
        """Take the job whose requests were sent."""
        super().__init__(rejected)
        self.job = job

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether the result is good; the reason is what is wrong with it."""
        reason = apply_result(self.job, doc)
        return True if reason is None else (False, reason)

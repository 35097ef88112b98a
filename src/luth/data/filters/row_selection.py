"""The filter that keeps rows by their metadata, language, keywords, length and number of turns."""

import re

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.core.text import prose
from luth.data.filters.language_model import identify
from luth.data.part import Select
from luth.data.sources.conversations import as_kept


class SelectRows(BaseFilter):
    """Keep the rows that `Select` describes; the reason for a rejection is the first condition that fails."""

    name = "Select"

    def __init__(self, select: Select, language: str, rejected: JsonlWriter) -> None:
        """Prepare the keywords' pattern."""
        super().__init__(rejected)
        self.select = select
        words = "|".join(re.escape(word) for word in select.keywords)
        self._keywords = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether a row is kept."""
        select, kept = self.select, doc.metadata.get("kept", {})
        for column, values in select.where.items():
            if kept.get(column) not in map(as_kept, values):
                return False, f"{column} is another"
        size = len(doc.text)
        if size < select.min_characters:
            return False, "too short"
        if select.max_characters is not None and size > select.max_characters:
            return False, "too long"
        questions = [message["content"] for message in doc.metadata["messages"] if message["role"] == "user"]
        if not select.min_turns <= len(questions) <= (select.max_turns or len(questions)):
            return False, "another number of turns"
        if self._keywords and not self._keywords.search(doc.text):
            return False, "no keyword"
        if select.languages and identify(prose(questions[0])) not in select.languages:
            return False, "in another language"
        return True

"""Tokens of rows, by a named model's tokenizer."""

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from luth.core.errors import UserError, about


def load_tokenizer(name: str) -> Any:
    """Return a model's tokenizer.

    Raises:
        UserError: there is none.
    """
    # transformers takes seconds to import, in every worker.
    from transformers import AutoTokenizer

    try:
        with about(name):
            return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError("bad-model", f"write: tokenizer: {name} is no model with a tokenizer: {reason}") from None


class CountTokens(PipelineStep):
    """Count the tokens of every row's messages, without the chat template, into `metadata["tokens"]`."""

    name = "Tokens"

    def __init__(self, tokenizer: str) -> None:
        """Load nothing yet: every worker loads the tokenizer with its first row."""
        super().__init__()
        self.tokenizer = tokenizer
        self._loaded: Any = None

    def run(self, data: Iterator[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Count the rows whose text has changed since they were counted."""
        for doc in data:
            if doc.metadata.get("counted") != doc.id:
                self._loaded = self._loaded or load_tokenizer(self.tokenizer)
                tokens = self._loaded(doc.text, add_special_tokens=False, verbose=False)["input_ids"]
                doc.metadata.update(tokens=len(tokens), counted=doc.id)
            yield doc

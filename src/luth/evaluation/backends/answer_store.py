"""Models' answers, kept on disk one by one: a run that was killed answers no question twice."""

import hashlib
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from lighteval.models.model_output import ModelResponse


class Answer(ModelResponse):
    """LightEval's response with two facts for the reader of a score.

    They are plain attributes, not fields, so that LightEval's files keep their columns.
    """

    truncated: bool = False
    unclosed: bool = False


def key(**request: Any) -> str:
    """Return a fingerprint of everything that an answer depends on beside the model's weights."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class AnswerStore:
    """Answers by `key`, in the JSON lines files of one folder; each process writes a file of its own.

    The folder's name must stand for the model's weights. A line that a kill left half written is ignored.
    """

    def __init__(self, folder: Path) -> None:
        """Read the answers in the folder."""
        self.folder = folder
        self._mine: Path | None = None
        self._known: dict[str, dict[str, Any]] = {}
        self.refresh()

    def __contains__(self, name: str) -> bool:
        """Tell whether there is an answer of this key."""
        return name in self._known

    def __getitem__(self, name: str) -> dict[str, Any]:
        """Return the answer of this key."""
        return self._known[name]

    def refresh(self) -> None:
        """Read the answers that other processes have written since."""
        for path in sorted(self.folder.glob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = entry["answer"]
                except (ValueError, KeyError, TypeError):
                    continue

    def put(self, name: str, answer: dict[str, Any]) -> None:
        """Keep an answer: it is in the file, and survives a kill of this process, when this returns."""
        if self._mine is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._mine = self.folder / f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.jsonl"
        with open(self._mine, "a", encoding="utf-8") as file:
            file.write(json.dumps({"key": name, "answer": answer}, ensure_ascii=False) + "\n")
        self._known[name] = answer

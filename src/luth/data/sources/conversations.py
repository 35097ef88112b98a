"""A source's row as a conversation: its shape, its text, its id."""

import hashlib
import json
from datetime import date, time
from typing import Any

from datatrove.data import Document

from luth.core.text import plain
from luth.rows.bad_row import BadRow
from luth.rows.forms import Messages, messages_of


def conversation(row: dict[str, Any], columns: dict[str, str]) -> Messages:
    """Return a row's messages, `role` and `content` each.

    Args:
        row: by column.
        columns: `Read.columns`.

    Raises:
        BadRow: a column is missing or holds something else, or the turns are not those of a conversation.
    """
    for column in columns.values():
        if column not in row:
            raise BadRow(f"no column {column!r}")
    return _checked(messages_of(row, columns))


def _checked(messages: Messages) -> Messages:
    for message in messages:
        if message["role"] not in ("system", "user", "assistant"):
            raise BadRow("a turn of another role")
        if not isinstance(message["content"], str):
            raise BadRow(f"a message of the {message['role']} that is no text")
        if not message["content"].strip():
            raise BadRow(f"an empty message of the {message['role']}")
    turns = [message["role"] for message in messages]
    if turns[0] == "system":
        turns = turns[1:]
    if not turns or any(role != ("user", "assistant")[number % 2] for number, role in enumerate(turns)):
        raise BadRow("user and assistant do not take turns")
    return [{"role": message["role"], "content": message["content"]} for message in messages]


def as_kept(value: Any) -> Any:
    """Return a column's value as JSON lines can hold it: a date in ISO 8601, a nested value as its JSON."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 63):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    return plain(value if isinstance(value, str) else shown(value))


def shown(row: Any) -> str:
    """Return any value as text: as JSON, unless it is text already."""
    if isinstance(row, str):
        return row
    try:
        return json.dumps(row, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deep to be shown)"


def row_id(messages: Messages) -> str:
    """Return a hash of a conversation's content, 32 hexadecimal digits: the same wherever it is read."""
    turns = json.dumps([[message["role"], message["content"]] for message in messages], ensure_ascii=False)
    return hashlib.sha256(turns.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def document(messages: Messages, part: str, kept: dict[str, Any]) -> Document:
    """Return a conversation as datatrove's document: `text` is all its messages, `metadata` has the rest."""
    metadata = {"part": part, "messages": messages, **({"kept": kept} if kept else {})}
    return Document(text=said(messages), id=row_id(messages), metadata=metadata)


def said(messages: Messages) -> str:
    """Return all messages of a conversation as one text."""
    return "\n\n".join(message["content"] for message in messages)

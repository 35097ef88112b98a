"""Conversations to train on: how a row is checked, and what it gives its chat template."""

import json
from typing import Any


def conversation_problem(messages: Any) -> str | None:
    """Return why `messages` is not a conversation to train on, or None if it is one.

    A conversation is an optional system turn, then user and assistant turns in alternation, the user first, the
    assistant last, all with text. An assistant turn may call tools instead of speaking; one or more tool turns with
    their answers then follow, before the assistant's next turn.
    """
    if not isinstance(messages, list) or not messages:
        return "no messages"
    for turn, message in enumerate(messages, 1):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or "content" not in message:
            return f"turn {turn} has no role or no content"
        content, calls = message["content"], message["role"] == "assistant" and message.get("tool_calls")
        if not (isinstance(content, str) and content.strip()) and not (calls and content in (None, "")):
            return f"turn {turn} ({message['role']}) has empty content"
    roles = [message["role"] for message in messages]
    spoken = messages[1:] if roles[0] == "system" else messages
    if not any(message["role"] == "assistant" for message in spoken):
        return "no assistant turn"
    expected = {"user"}
    for message in spoken:
        if message["role"] not in expected:
            return f"roles out of order ({', '.join(roles)}): user and assistant in turn, the assistant last"
        expected = _expected_after(message)
    return None if expected == {"user"} else f"the last turn ({roles[-1]}) is not an assistant's answer"


def _expected_after(message: dict[str, Any]) -> set[str]:
    if message["role"] == "user":
        return {"assistant"}
    if message["role"] == "tool":
        return {"tool", "assistant"}
    return {"tool"} if message.get("tool_calls") else {"user"}


ROW_COLUMNS = ("messages", "tools", "chat_template_kwargs")


def template_arguments(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's arguments to its chat template: `messages`, `tools` and the entries of `chat_template_kwargs`.

    The last two may be JSON texts, as in many datasets. Keys that are null are left out at every depth: Arrow gives
    each entry of a column the keys of all the others.
    """
    given = {key: json.loads(row[key]) if isinstance(row.get(key), str) else row.get(key) for key in ROW_COLUMNS}
    given = {key: _without_nulls(value) for key, value in given.items() if value is not None}
    return {
        "messages": given.pop("messages"),
        "tools": given.pop("tools", None),
        **given.get("chat_template_kwargs", {}),
    }


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value

"""Conversations to train on: how a row is read and checked, and what it gives its chat template."""

import json
from dataclasses import dataclass
from typing import Any

from luth.core.text import read_json
from luth.rows.bad_row import BadRow
from luth.rows.forms import Columns, messages_of

# Columns that are passed to the template beside the conversation.
TEMPLATE_COLUMNS = ("tools", "chat_template_kwargs")
# What formats call the arguments of a call; templates call them by the first name.
ARGUMENTS = ("arguments", "parameters", "input")
# What says of a message whether it is trained.
WEIGHTS = ("weight", "train", "training", "trainable", "loss", "loss_weight", "train_on_turn")
MASKS = ("mask", "masked")
# What a row's switches may not set: it is not the row's to say.
NO_SWITCHES = {
    *("messages", "conversations", "tools", "tokenizer", "template", "chat_template", "untrained"),
    *("add_generation_prompt", "continue_final_message", "return_assistant_tokens_mask"),
}


@dataclass(frozen=True)
class Conversation:
    """A row, ready for its template.

    Parameters:
        messages (`list[dict]`): `role`, `content` and what else a message has.
        arguments (`dict`): `tools` and the entries of `chat_template_kwargs`.
        untrained (`frozenset[int]`): the assistant's turns that are not trained, counted from 0 among its turns.
    """

    messages: list[dict[str, Any]]
    arguments: dict[str, Any]
    untrained: frozenset[int]


def conversation(row: dict[str, Any], columns: Columns) -> Conversation:
    """Read a row.

    JSON texts are read as JSON: tools, switches, calls and their arguments. An empty system message is left out.

    Args:
        row: by column.
        columns: which column holds which part; `tools` and `chat_template_kwargs` among them where they are there.

    Raises:
        BadRow: it is no conversation to train on.
    """
    own = {part: column for part, column in columns.items() if part not in TEMPLATE_COLUMNS}
    read = [_message(number, message) for number, message in enumerate(messages_of(row, own), 1)]
    if read[0][0]["role"] == "system" and not str(read[0][0]["content"] or "").strip():
        read = read[1:]
    messages = [message for message, _ in read]
    problem = conversation_problem(messages)
    if problem:
        raise BadRow(problem)
    trained = [trained for message, trained in read if message["role"] == "assistant"]
    if not any(trained):
        raise BadRow("no assistant turn is to be trained: each has weight 0 or train: false")
    untrained = frozenset(number for number, each in enumerate(trained) if not each)
    given = {part: _parsed(part, row[columns[part]]) for part in TEMPLATE_COLUMNS if part in columns}
    tools, switches = given.get("tools"), given.get("chat_template_kwargs") or {}
    if not isinstance(switches, dict):
        raise BadRow("its chat_template_kwargs is no object, such as {enable_thinking: false}")
    taken = [name for name in switches if name in NO_SWITCHES]
    if taken:
        raise BadRow(f"its chat_template_kwargs sets {taken[0]}, which is not set by a row")
    return Conversation(messages, {"tools": _tools(tools) if tools else None, **switches}, untrained)


def _parsed(part: str, value: Any) -> Any:
    try:
        return (json.loads(value) if value.strip() else None) if isinstance(value, str) else value
    except ValueError as error:
        raise BadRow(f"its {part} is text and no JSON: {error}: write it with json.dumps") from None


def _tools(tools: Any) -> list[dict[str, Any]]:
    """Return the schemas of tools: one alone, several, and each as it is or as JSON text."""
    listed = [_parsed("tools", tool) for tool in (tools if isinstance(tools, list) else [tools])]
    if not all(isinstance(tool, dict) for tool in listed):
        raise BadRow("its tools are no list of schemas, such as {type: function, function: {name: ...}}")
    return listed


def _message(number: int, message: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return a message as templates take it, and whether it is trained if it is the assistant's."""
    place = f"turn {number} ({message['role']})"
    said = {key: key.lower() in MASKS for key in message if key.lower() in (*WEIGHTS, *MASKS)}
    trained = all(
        _is_trained(place, key, message[key]) != masked for key, masked in said.items() if message[key] is not None
    )
    message = {key: value for key, value in message.items() if key not in said}
    if message["role"] == "function_call":
        message |= {"role": "assistant", "content": "", "tool_calls": message["content"]}
    # One call alone, as the first version of OpenAI's format has it.
    called = message.pop("function_call", None)
    if called and message.get("tool_calls"):
        raise BadRow(f"{place} has tool_calls and function_call: leave one of them out")
    if called:
        message["tool_calls"] = called
    if message.get("tool_calls"):
        message["tool_calls"] = _calls(place, message["tool_calls"])
    if message["role"] == "tool" and message["content"] is None:
        message["content"] = ""
    return message, trained


def _is_trained(place: str, key: str, value: Any) -> bool:
    if value not in (0, 1):
        raise BadRow(f"{place} has {key} {value!r}: 0, 1, true and false are known")
    return bool(value)


def _calls(place: str, calls: Any) -> Any:
    """Return a message's calls, with their arguments as mappings, whether they came so or as JSON text."""
    try:
        calls = read_json(calls) if isinstance(calls, str) else calls
        return [_call(call) for call in ([calls] if isinstance(calls, dict) else calls)]
    except (ValueError, TypeError, AttributeError):
        raise BadRow(
            f"{place} has calls, or arguments of a call, that are no JSON objects, or a call without a name"
        ) from None


def _call(call: dict[str, Any]) -> dict[str, Any]:
    if "function" in call:
        return {**call, "function": _call(call["function"])}
    if not isinstance(call.get("name"), str):
        raise ValueError("a call without a name")
    given = [key for key in ARGUMENTS if call.get(key) is not None]
    if len(given) > 1:
        raise ValueError("arguments under two names")
    arguments = call[given[0]] if given else None
    if isinstance(arguments, str):
        arguments = read_json(arguments) if arguments.strip() else {}
    arguments = {} if arguments is None else arguments
    if not isinstance(arguments, dict):
        raise ValueError("arguments that are no object")
    return {**{key: value for key, value in call.items() if key not in ARGUMENTS}, "arguments": arguments}


def conversation_problem(messages: Any) -> str | None:
    """Return why `messages` is not a conversation to train on, or None if it is one.

    A conversation is an optional system turn, then user and assistant turns in alternation, the user first, the
    assistant last, all with text. An assistant turn may call tools instead of speaking; one or more tool turns with
    their answers, which may be empty, then follow, before the assistant's next turn.
    """
    if not isinstance(messages, list) or not messages:
        return "no messages"
    for turn, message in enumerate(messages, 1):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or "content" not in message:
            return f"turn {turn} has no role or no content"
        content, calls = message["content"], message["role"] == "assistant" and message.get("tool_calls")
        if not isinstance(content, str) and content is not None:
            return f"turn {turn} ({message['role']}) has content that is no text: {str(content)[:40]}"
        if message["role"] != "tool" and not (content and content.strip()) and not (calls and not content):
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
    return None if roles[-1] == "assistant" else f"the last turn ({roles[-1]}) is not an assistant's answer"


def _expected_after(message: dict[str, Any]) -> set[str]:
    if message["role"] == "user":
        return {"assistant"}
    if message["role"] == "tool":
        return {"tool", "assistant"}
    return {"tool"} if message.get("tool_calls") else {"user"}


def without_nulls(value: Any) -> Any:
    """Return a value of Arrow's without null keys, at every depth: Arrow gives each entry the keys of all the others.

    What stands in a text, such as JSON, is not touched.
    """
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value

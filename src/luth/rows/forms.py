"""The forms in which people keep conversations: recognised by their columns, and read as messages."""

from collections.abc import Iterable
from typing import Any

from luth.core.text import read_json
from luth.rows.bad_row import BadRow

# What the turns of a conversation may call who speaks, in any case, and what templates call it.
ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
ROLES |= {"model": "assistant", "bot": "assistant", "prompter": "user"}
ROLES |= {"ai": "assistant", "chatgpt": "assistant", "developer": "system", "ipython": "tool"}
ROLES |= {"tool": "tool", "observation": "tool", "function": "tool", "function_call": "function_call"}
TURNS = ("messages", "conversations", "conversation")
QUESTIONS = ("prompt", "instruction", "question", "query")
ANSWERS = ("completion", "output", "answer", "response")
# Columns beside a question or the turns that belong to the conversation, by what they hold.
INPUTS, SYSTEMS = ("input", "context"), ("system", "system_prompt")
FORMS = "messages; conversations; prompt and completion; instruction, input and output; question and answer"
Columns = dict[str, str]
Messages = list[dict[str, Any]]


class NoForm(ValueError):
    """Columns that are no form of a conversation, or two at once."""


def recognised(names: Iterable[str]) -> Columns:
    """Return which column holds which part of a conversation.

    Args:
        names: of all columns; case does not count.

    Returns:
        The name of the column by part: {messages: M}, {conversations: C}, {conversation: C}, or one of `QUESTIONS`
        and one of `ANSWERS`, with `input` and `history` where they are there; `system` beside any.

    Raises:
        NoForm: there is no form, or more than one.
    """
    names = [*names]
    by_part = {name.lower(): name for name in reversed(names)}
    turns, answers = ([part for part in parts if part in by_part] for parts in (TURNS, ANSWERS))
    questions = [part for part in QUESTIONS if part in by_part]
    if not questions and "input" in by_part and answers == ["output"]:
        questions = ["input"]
    inputs = [part for part in INPUTS if part in by_part and part not in questions]
    systems = [part for part in SYSTEMS if part in by_part]
    pairs = [f"{question} with {answer}" for question in questions for answer in answers]
    found = [*turns, *pairs]
    if not found:
        raise NoForm(_no_form(names, questions, answers))
    several = found if len(found) > 1 else inputs if pairs and len(inputs) > 1 else systems
    if len(several) > 1:
        raise NoForm(
            f"{'conversations in more than one form' if several is found else 'more than one column for one part'}: "
            f"{'; '.join(several)}: name the columns to train on with columns: [{', '.join(_parts(several[0]))}]"
        )
    parts = {part: by_part[part] for part in (*turns, *questions, *(answers if pairs else ()))}
    if pairs:
        history = [(part, part) for part in ("history",) if part in by_part]
        parts |= {part: by_part[name] for part, name in (*zip(["input"], inputs, strict=False), *history)}
    return parts | {part: by_part[name] for part, name in zip(["system"], systems, strict=False)}


def _parts(form: str) -> list[str]:
    return form.split(" with ")


def _no_form(names: list[str], questions: list[str], answers: list[str]) -> str:
    remedy = "rename: {COLUMN: question, OTHER: answer} names them"
    if len(names) == 1 and not questions and not answers:
        plain = "plain text has no turns to train on, " if names[0].lower() in ("text", "content") else ""
        said = f"the column {names[0]} alone: {plain}a conversation has "
        remedy = remedy if plain else f"rename: {{{names[0]}: messages}} says that it holds turns"
    else:
        said = f"the columns {', '.join(names)}, and a conversation has "
    halves = [f"a {part} without an answer" for part in questions] + [
        f"an {part} without a question" for part in answers
    ]
    half = f" (here is {halves[0]})" if halves else ""
    return f"{said}{FORMS}{half}: {remedy}"


def described(columns: Columns, names: Iterable[str]) -> str:
    """Return one line: in which form a source's conversations are, and which of its columns are not read."""
    kept = {part: column for part, column in columns.items() if part not in ("tools", "chat_template_kwargs")}
    form = next(iter(kept))
    form = {"messages": "messages", "conversations": "ShareGPT", "instruction": "Alpaca"}.get(form, "")
    if not form:
        form = "messages" if "conversation" in kept else " and ".join(part for part in kept if part in PAIRED)
    column = "column" if len(columns) == 1 else "columns"
    unread = [name for name in names if name not in columns.values()]
    more = f"; not read: {', '.join(unread)}" if unread else ""
    return f"conversations in {form} form: {column} {', '.join(columns.values())}{more}"


PAIRED = (*QUESTIONS, "input", *ANSWERS)


def messages_of(row: dict[str, Any], columns: Columns) -> Messages:
    """Return a row's messages: `role`, one of `ROLES`' values, `content`, and what else a message has.

    A prompt that is a list of messages has its assistant turns marked `train: false`: the completion is what is
    learned.

    Args:
        row: by column.
        columns: which column holds which part, as `recognised` returns it.

    Raises:
        BadRow: the turns have no roles or contents, or a part is no text.
    """
    parts = {part: row[column] for part, column in columns.items()}
    form = next((part for part in TURNS if part in parts), None)
    messages = _turns(parts[form], form) if form else _question_and_answer(parts)
    system = _text(parts, "system")
    if not system:
        return messages
    if messages[0]["role"] == "system":
        if messages[0]["content"]:
            raise BadRow("a system column and a system message")
        messages = messages[1:]
    return [{"role": "system", "content": system}, *messages]


def _turns(value: Any, form: str) -> Messages:
    if isinstance(value, str):
        # Some parquet and csv files hold nested columns as JSON.
        try:
            value = read_json(value)
        except ValueError:
            text = "the turns are text and no JSON"
            raise BadRow(text, said=f"{text}: write them with json.dumps") from None
    if isinstance(value, dict):
        value = next((value[key] for key in TURNS if key in value), None) or _rows_of(value)
    if not isinstance(value, list) or not value:
        raise BadRow("no turns", said="no messages")
    names = ("from", "value") if form == "conversations" else ("role", "content")
    return [_turn(number, turn, names) for number, turn in enumerate(value, 1)]


def _rows_of(value: dict[str, Any]) -> Any:
    """Return the messages of {role: [...], content: [...]}, as older versions of datasets store them."""
    columns = [column for column in value.values() if isinstance(column, list)]
    if len(columns) < max(len(value), 2) or len({len(column) for column in columns}) > 1:
        return None
    return [dict(zip(value, items, strict=True)) for items in zip(*columns, strict=True)]


def _turn(number: int, turn: Any, names: tuple[str, str]) -> dict[str, Any]:
    missing = BadRow(f"a turn without {' or '.join(names)}", said=f"turn {number} has no role or no content")
    if not isinstance(turn, dict):
        raise missing
    role = turn.get("role", turn.get("from"))
    content = turn.get("content", turn.get("value"))
    if not isinstance(role, str) or not {"content", "value", "tool_calls"} & turn.keys():
        raise missing
    known = ROLES.get(role.strip().lower())
    if known is None:
        roles = ", ".join(sorted(ROLES))
        raise BadRow("a turn of another role", said=f"turn {number} has the role {role!r}: known are {roles}")
    others = {key: value for key, value in turn.items() if key not in ("role", "from", "content", "value")}
    return {"role": known, "content": _joined(content, number, known), **others}


# What kinds of text are called in a message's parts.
TEXTS = ("text", "input_text", "output_text")


def _joined(content: Any, number: int, role: str) -> Any:
    """Return the text of a message's parts, [{type: text, text: ...}]; any other content as it is."""
    if not isinstance(content, list):
        return content
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else type(part).__name__
        if kind not in TEXTS or not isinstance(part.get("text"), str):
            said = f"turn {number} ({role}) has content of the type {kind!r}: text alone is read"
            raise BadRow(f"a message of the {role} that is no text", said=said)
    return "".join(part["text"] for part in content)


def _question_and_answer(parts: dict[str, Any]) -> Messages:
    asked, answered = (
        next((part for part in each if part in parts), None) for each in ((*QUESTIONS, "input"), ANSWERS)
    )
    question, answer = parts[str(asked)], parts[answered] if answered else None
    if turns := _turns_in_text(question):
        # A csv file's messages; an answer that happens to be such a list stays text where the question is none.
        question, answer = turns, _turns_in_text(answer) or answer
    for part, value in ((asked, question), (answered, answer)):
        if isinstance(value, list) and not all(isinstance(turn, dict) for turn in value):
            raise BadRow(f"its {part} is a list, neither text nor turns with role and content")
    if isinstance(question, list):
        messages = [{**turn, "train": False} for turn in _turns(question, "messages")]
    else:
        more = _text(parts, "input") if asked != "input" else None
        if more and isinstance(question, str):
            question = f"{question}\n\n{more}"
        messages = [*_history(parts.get("history")), {"role": "user", "content": question}]
    if answered:
        messages += (
            _turns(answer, "messages") if isinstance(answer, list) else [{"role": "assistant", "content": answer}]
        )
    return messages


def _turns_in_text(value: Any) -> list[Any] | None:
    """Return the turns that a text holds as JSON; None where it holds none."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return None
    try:
        turns = read_json(value)
    except ValueError:
        return None
    found = isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns)
    return turns if found and all({"role", "from"} & turn.keys() for turn in turns) else None


def _history(value: Any) -> Messages:
    """Return the turns before an instruction, given as pairs of question and answer."""
    try:
        value = read_json(value) if isinstance(value, str) and value.strip() else value
    except ValueError:
        raise BadRow("its history is text and no JSON") from None
    if not value:
        return []
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise BadRow("its history is no list of pairs of question and answer")
    return [
        {"role": role, "content": text}
        for pair in value
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]


def _text(parts: dict[str, Any], part: str) -> str | None:
    value = parts.get(part)
    if value is not None and not isinstance(value, str):
        raise BadRow(f"its {part} is no text")
    return value if value and value.strip() else None

"""What a server's reply holds: the answer, the thought before it, or what went wrong."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from luth.core.text import plain

# Seconds; no server may ask for a longer wait.
LONGEST_WAIT = 60.0
# What follows a model's name where a server calls it by its date, its revision or its file.
VARIANT = re.compile(r"([@:].*|[-_.]?v?\d[-_.\d]*|(-[\w.]+)?\.gguf)?")


@dataclass
class Reply:
    """A chat completion.

    Parameters:
        text: what was answered; None where the server sent no text.
        thought: what was thought before it, where the server sends that apart.
        finish_reason: `length` where the answer was cut short.
        usage: tokens by the API's names, and `retries`: how often the request was sent again.
        model: the name by which the server calls the model that answered; empty where it says none.
        fingerprint: the API's system_fingerprint; empty where there is none.
    """

    text: str | None
    thought: str | None
    finish_reason: str
    usage: dict[str, int]
    model: str = ""
    fingerprint: str = ""


def read_chat(content: Any) -> Reply:
    """Return what a chat completion says, its texts such that UTF-8 can hold them.

    Raises:
        KeyError, IndexError, TypeError, AttributeError: it is none.
    """
    choice = content["choices"][0]
    message = choice["message"]
    text = message.get("content")
    thought = message.get("reasoning_content") or message.get("reasoning")
    return Reply(
        text=None if text is None else plain(text),
        thought=None if thought is None else plain(thought),
        finish_reason=str(choice.get("finish_reason")),
        usage={name: count for name, count in (content.get("usage") or {}).items() if isinstance(count, int)},
        model=str(content.get("model") or ""),
        fingerprint=str(content.get("system_fingerprint") or ""),
    )


def same_model(asked: str, said: str) -> bool:
    """Tell whether a server's name for a model may stand for the one that was asked for.

    Servers answer with a date or a revision behind the name, or with the file's path.
    """
    one, other = (name.casefold().rstrip("/").rpartition("/")[2] for name in (asked, said))
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and VARIANT.fullmatch(longer[len(shorter) :]) is not None


def error_text(response: httpx.Response) -> str:
    """Return what an error's response says, without the status, which is said beside it."""
    try:
        content = response.json()
        error = content.get("error", content.get("detail", content.get("message", response.text)))
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError):
        text = response.text
    status = rf"\W*(?:(?:http|error|status)?\s*(?:error|code)?\W*)?{response.status_code}\b[\s:.,-]*"
    return re.sub(rf"^(?:{status})+", "", text, flags=re.IGNORECASE) or response.reason_phrase


def retry_after(response: httpx.Response) -> float:
    """Return the seconds that a server asks to wait, 0 where it asks for none."""
    try:
        return min(LONGEST_WAIT, float(response.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0

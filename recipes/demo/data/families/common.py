"""What every family uses."""

Conversation = list[dict[str, str]]


def turn(user: str, assistant: str) -> Conversation:
    """Return a conversation of one question and its answer."""
    return [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]


def capital(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[0].upper() + text[1:]

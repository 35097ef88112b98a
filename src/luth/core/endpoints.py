"""What a served model's errors say, for all steps that ask one: how long to wait, and one line without a key in it."""

import re

import openai

LONGEST_WAIT = 60.0


def short_error(error: Exception, key: str) -> str:
    """Say an error in one short line; a server may repeat what was sent, so keys are left out."""
    # The client says the status as well, which callers say first.
    text = re.sub(r"^Error code: \d+ - ", "", " ".join(str(error).split()))
    text = text if key == "none" else text.replace(key, "(the key)")
    return re.sub(r"(sk-|hf_|Bearer )\S+", "(a key)", text)[:200] or type(error).__name__


def asked_pause(error: openai.APIStatusError) -> float:
    """Return the seconds that a server asks to wait, `LONGEST_WAIT` at most; 0 where it asks for none."""
    try:
        return min(LONGEST_WAIT, float(error.response.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0

"""Which tokens are trained: the assistant's turns with their end-of-turn token, and nothing else."""

import re
from collections.abc import Collection
from itertools import pairwise
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from luth.core.errors import UserError
from luth.templates import template_file

IGNORED = -100
COMMENT_OR_MARKER = re.compile(r"(\{#.*?#\})|\{%([-+]?)\s*(?:end)?generation\s*([-+]?)%\}", re.DOTALL)


def read_training_template(path: str) -> str:
    """Read a .jinja chat template with generation markers.

    Args:
        path: a file, or the name of a template of this package, such as `smollm2.jinja`.

    Raises:
        UserError: the file is missing, is not Jinja, or has no markers: nothing would be trained.
    """
    try:
        template = template_file(path).read_text(encoding="utf-8")
        render_jinja_template([], chat_template=template)
    except OSError:
        raise UserError("bad-template", f"chat_template_path: {path}: no such file: see src/luth/templates/") from None
    except TemplateSyntaxError as error:
        raise UserError("bad-template", f"{path}, line {error.lineno}: {error.message}") from error
    if inference_template(template) == template:
        raise UserError(
            "bad-template", f"{path} has no {{% generation %}} markers: which tokens to train cannot be known"
        )
    return template


def inference_template(template: str) -> str:
    """Return a training template without its generation markers, which other engines do not know.

    It renders the same text.

    Each marker leaves an empty comment behind, which trims the white space around it as the marker did.
    """
    return COMMENT_OR_MARKER.sub(lambda found: found[1] or f"{{#{found[2]} {found[3]}#}}", template)


def mask(
    messages: list[dict[str, Any]],
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    tools: list[dict[str, Any]] | None = None,
    untrained: Collection[int] = (),
    **chat_template_kwargs: Any,
) -> dict[str, list[int]]:
    """Tokenise one conversation.

    The text is cut where training starts and stops, and each piece is tokenised by itself. So a prompt ends in the
    tokens that it has at inference, whatever the answer begins with. This is for byte-level vocabularies: one that
    puts a space before every text (SentencePiece) would put it before every piece.

    A token that is written out in a message, as in "<|im_end|>", becomes that token, as it does at inference. It
    does not change which tokens are trained.

    `untrained` are assistant turns that are not trained, counted from 0 among the assistant's.

    Returns:
        `input_ids` and `labels`, both of the conversation's length in tokens; a label is the token itself where it
        is trained, else -100 (as PyTorch's cross-entropy and TRL's collator take it).

    Raises:
        UserError: the template refuses the conversation, or cannot render it; the message is the template's own.
    """
    # transformers' own annotations leave out what its template engine takes.
    variables: dict[str, Any] = {**tokenizer.special_tokens_map, **chat_template_kwargs, "tools": tools}
    try:
        [text], [spans] = render_jinja_template(
            # Arrow gives every message the keys of all: those that are None were not there. transformers' own
            # apply_chat_template leaves them out too.
            [[{key: value for key, value in message.items() if value is not None} for message in messages]],
            chat_template=template,
            return_assistant_tokens_mask=True,
            **variables,
        )
    except (TemplateError, TypeError, ValueError) as error:
        raise UserError("bad-template", " ".join(str(error).split())) from error
    kept = without_untrained(spans, messages, untrained)  # pyright: ignore[reportArgumentType]
    borders = [0, *(border for span in kept for border in span), len(text)]
    encoded: dict[str, list[int]] = {"input_ids": [], "labels": []}
    for number, (start, end) in enumerate(pairwise(borders)):
        ids = tokenizer.encode(text[start:end], add_special_tokens=False)
        encoded["input_ids"] += ids
        encoded["labels"] += ids if number % 2 else [IGNORED] * len(ids)
    return encoded


def without_untrained(
    spans: list[tuple[int, int]], messages: list[dict[str, Any]], untrained: Collection[int]
) -> list[tuple[int, int]]:
    """Return the spans of the assistant's turns save some, which are counted from 0 among its turns.

    Raises:
        UserError: the template has another number of spans than the assistant has turns.
    """
    turns = sum(message["role"] == "assistant" for message in messages)
    if untrained and len(spans) != turns:
        raise UserError("bad-template", f"weight: 0 needs one generation block a turn: here {len(spans)} for {turns}")
    return [span for turn, span in enumerate(spans) if turn not in untrained]

"""Which tokens are trained: the assistant's turns with their end-of-turn token, and nothing else."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from luth.core.errors import UserError
from luth.templates import template_file

IGNORED = -100
COMMENT_OR_MARKER = re.compile(r"(\{#.*?#\})|\{%([-+]?)\s*(?:end)?generation\s*([-+]?)%\}", re.DOTALL)
Messages = list[dict[str, Any]]
Span = tuple[int, int]
THINKING: tuple[dict[str, Any], ...] = ({"enable_thinking": True}, {"enable_thinking": False})


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
    if not has_markers(template):
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


@lru_cache(maxsize=64)
def has_markers(template: str) -> bool:
    """Say whether a template has generation markers."""
    return inference_template(template) != template


def render(
    messages: Messages, tokenizer: PreTrainedTokenizerBase, template: str, **variables: Any
) -> tuple[str, list[Span]]:
    """Return a conversation's text, and the spans of it that stand between generation markers, in characters.

    Raises:
        UserError: the template refuses the conversation, or cannot render it; the message is the template's own.
    """
    # transformers' own annotations leave out what its template engine takes.
    more: dict[str, Any] = {**tokenizer.special_tokens_map, **variables}
    # Arrow gives every message the keys of all: those that are None were not there. transformers' own
    # apply_chat_template leaves them out too.
    given = [{key: value for key, value in message.items() if value is not None} for message in messages]
    marked = has_markers(template)
    spans: Any
    try:
        rendered: Any = render_jinja_template(
            [given], chat_template=template, return_assistant_tokens_mask=marked, **more
        )
    except (TemplateError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise UserError("bad-template", " ".join(str(error).split())) from error
    [text], spans = rendered
    return text, spans[0] if marked else []


def mask(
    messages: Messages,
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    tools: list[dict[str, Any]] | None = None,
    untrained: Collection[int] = (),
    **chat_template_kwargs: Any,
) -> dict[str, list[int]]:
    """Tokenise one conversation.

    Trained is what stands between generation markers, but neither the prompt at its beginning (what the template
    itself writes where an answer is to begin) nor what follows its last end-of-turn token: the model writes neither.

    A prompt ends in the tokens that it has at inference, whatever the answer begins with. All tokens are those of the
    whole text, save where one would hold the end of a prompt and the beginning of an answer.

    A token that is written out in a message, as in "<|im_end|>", becomes that token, as it does at inference. It
    does not change which tokens are trained.

    `untrained` are assistant turns that are not trained, counted from 0 among the assistant's.

    Returns:
        `input_ids` and `labels`, both of the conversation's length in tokens; a label is the token itself where it
        is trained, else -100 (as PyTorch's cross-entropy and TRL's collator take it).

    Raises:
        UserError: the template refuses the conversation, or cannot render it; the message is the template's own.
    """
    return tokenise([marked(messages, tokenizer, template, tools, untrained, **chat_template_kwargs)], tokenizer)[0]


@dataclass(frozen=True)
class Marked:
    """A conversation's text.

    Parameters:
        text (`str`): as its template writes it.
        spans (`list[tuple[int, int]]`): the assistant's turns in it, in characters.
        skipped (`set[tuple[int, int]]`): those of them that are not trained.
    """

    text: str
    spans: list[Span]
    skipped: set[Span]


def marked(
    messages: Messages,
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    tools: list[dict[str, Any]] | None = None,
    untrained: Collection[int] = (),
    **chat_template_kwargs: Any,
) -> Marked:
    """Write one conversation, as `mask` tokenises it."""
    text, spans = render(messages, tokenizer, template, tools=tools, **chat_template_kwargs)
    turn = written_turn(tokenizer, template, json.dumps(chat_template_kwargs, sort_keys=True, default=str))
    trained = trained_spans(text, spans, turn)
    return Marked(text, trained, _spans_of(untrained, trained, messages))


def tokenise(texts: list[Marked], tokenizer: PreTrainedTokenizerBase) -> list[dict[str, list[int]]]:
    """Return what `mask` returns for each text. One call of the tokenizer for many texts costs less than many calls.

    Raises:
        UserError, ValueError, TypeError: one of the texts cannot be tokenised.
    """
    if pieces_stand_alone(tokenizer):
        return _by_pieces(texts, tokenizer)
    return [_whole(each.text, each.spans, each.skipped, tokenizer) for each in texts]


def _spans_of(turns: Collection[int], spans: list[Span], messages: Messages) -> set[Span]:
    """Return the spans of some of the assistant's turns."""
    number = sum(message["role"] == "assistant" for message in messages)
    if turns and len(spans) != number:
        raise UserError("bad-template", f"weight: 0 needs one generation block a turn: here {len(spans)} for {number}")
    return {spans[turn] for turn in turns}


@dataclass(frozen=True)
class Turn:
    """What a template writes around an assistant's turn.

    Parameters:
        prompts (`list[str]`): what it may write where an answer is to begin, with thinking on and off.
        end (`str`, *optional*): the end-of-turn token.
    """

    prompts: list[str]
    end: str | None


@lru_cache(maxsize=64)
def written_turn(tokenizer: PreTrainedTokenizerBase, template: str, chat_template_kwargs: str = "{}") -> Turn:
    """Return what the template writes around an assistant's turn, with these arguments (JSON text) of a row."""
    given = json.loads(chat_template_kwargs)
    user, answer = {"role": "user", "content": "Question"}, "Answer"

    def text(*messages: dict[str, Any], **variables: Any) -> str:
        try:
            return render(list(messages), tokenizer, template, **{**given, **variables})[0]
        except UserError:
            return ""

    # A row that says nothing of thinking has turns of both kinds.
    switches: list[dict[str, Any]] = [{}] if given.get("enable_thinking") is not None else [{}, *THINKING]
    question, answered = text(user), text(user, {"role": "assistant", "content": answer})
    asked = [text(user, add_generation_prompt=True, **switch) for switch in switches]
    prompts = [prompt[shared_length(question, prompt) :] for prompt in asked]
    # What a prompt has that the turn has not, such as the beginning of a thought, is no part of the turn.
    turn = answered[shared_length(question, answered) :]
    shared = [prompt[: shared_length(prompt, turn)] for prompt in prompts]
    rest = answered.rpartition(answer)[2].lstrip()
    added = map(str, tokenizer.added_tokens_decoder.values())
    ends = sorted((token for token in added if rest.startswith(token)), key=len)
    return Turn(sorted({*prompts, *shared} - {""}), ends[-1] if ends else None)


def shared_length(first: str, second: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))


def trained_spans(text: str, spans: list[Span], turn: Turn) -> list[Span]:
    """Return what is trained of the spans between markers: without the prompts and what follows the turns' ends."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            start = joined.pop()[0]
        joined.append((start, end))
    return [(_answer_start(text, span, turn), _turn_end(text, span, turn)) for span in joined]


def _answer_start(text: str, span: Span, turn: Turn) -> int:
    start, end = span
    # Prompts that the span's beginning touches, the earliest and then the longest first.
    found = []
    for prompt in turn.prompts:
        at = text.find(prompt, max(0, start - len(prompt)), start + len(prompt))
        if at >= 0:
            found.append((at, -(at + len(prompt))))
    return min(max(start, -min(found)[1]), end) if found else start


def _turn_end(text: str, span: Span, turn: Turn) -> int:
    start, end = span
    last = text.rfind(turn.end, start, end) if turn.end else -1
    return last + len(turn.end) if turn.end and last >= 0 else end


@lru_cache(maxsize=8)
def pieces_stand_alone(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Say whether a text that is cut in two and tokenised piece by piece gives the tokens that it has as a whole.

    Byte-level vocabularies do, save for tokens that the cut goes through. SentencePiece's put a space before every
    text; tokens that take in the white space beside them lose it to a cut.
    """
    added = tokenizer.added_tokens_decoder.values()
    if any(token.lstrip or token.rstrip for token in added):
        return False

    def ids(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False)

    pairs = [("\n", "a"), (":", "a"), *((str(token), "a") for token in [*added][:1])]
    return all(ids(before + after) == ids(before) + ids(after) for before, after in pairs)


def _ids(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Return every text's tokens: what calling the tokenizer gives, without the time that its offsets take."""
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    # As the call sets them. A saved tokenizer may come with both.
    backend.no_truncation()
    backend.no_padding()
    backend.encode_special_tokens = tokenizer.split_special_tokens
    return [encoded.ids for encoded in backend.encode_batch_fast(texts, add_special_tokens=False)]


def _by_pieces(texts: list[Marked], tokenizer: PreTrainedTokenizerBase) -> list[dict[str, list[int]]]:
    pieces = [[*pairwise([0, *chain.from_iterable(each.spans), len(each.text)])] for each in texts]
    cut = [each.text[start:end] for each, spans in zip(texts, pieces, strict=True) for start, end in spans]
    ids = iter(_ids(cut, tokenizer))
    masked = []
    for each, spans in zip(texts, pieces, strict=True):
        encoded: dict[str, list[int]] = {"input_ids": [], "labels": []}
        # The spans first: zip then takes no piece of the next text.
        for number, (span, piece) in enumerate(zip(spans, ids, strict=False)):
            encoded["input_ids"] += piece
            encoded["labels"] += piece if number % 2 and span not in each.skipped else [IGNORED] * len(piece)
        masked.append(encoded)
    return masked


@dataclass(frozen=True)
class Token:
    """A token with the characters of the text that it stands for."""

    id: int
    start: int
    end: int


def _whole(
    text: str, trained: list[Span], skipped: set[Span], tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[int]]:
    cuts = {0, len(text)}
    borders = [border for span in trained for border in span]
    while True:
        tokens = [token for start, end in pairwise(sorted(cuts)) for token in _piece(text, start, end, tokenizer)]
        crossed = {
            border
            for border in borders
            for token in tokens
            if token.start < border < token.end and token.id not in added_ids(tokenizer)
        }
        if not crossed:
            break
        cuts |= crossed
    taken = [span for span in trained if span not in skipped]
    inside = [any(start <= token.start < end for start, end in taken) for token in tokens]
    return {
        "input_ids": [token.id for token in tokens],
        "labels": [token.id if on else IGNORED for token, on in zip(tokens, inside, strict=True)],
    }


@lru_cache(maxsize=8)
def added_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the ids of the tokens that take in the white space beside them where they are told to."""
    return frozenset(tokenizer.added_tokens_decoder)


def _piece(text: str, start: int, end: int, tokenizer: PreTrainedTokenizerBase) -> list[Token]:
    """Return the tokens of a piece of the text, without the space that a text of its own would get."""
    if start == 0:
        return _tokens(text[:end], 0, tokenizer)
    for before in ("\n", ":", "a"):
        tokens = _tokens(before + text[start:end], start - 1, tokenizer)
        if all(token.end <= start or token.start >= start for token in tokens):
            return [token for token in tokens if token.end > start]
    raise UserError("bad-template", f"the tokenizer joins {text[start : start + 8]!r} to whatever stands before it")


def _tokens(text: str, offset: int, tokenizer: PreTrainedTokenizerBase) -> list[Token]:
    encoded: Any = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    places = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    return [Token(token, start + offset, end + offset) for token, (start, end) in places]

"""Conversations and choices in tokens, for local and served models alike: the ids of the model's own chat template."""

from typing import Any, Literal

from transformers import PreTrainedTokenizerBase

from luth.core.errors import UserError

Messages = list[dict[str, str]]
Tokenisation = Literal["template", "lighteval"]


def without_system_role(messages: Messages) -> Messages:
    """Return the messages with the system prompt before the first question, for templates without a system role."""
    if messages[0]["role"] != "system":
        return messages
    first = {**messages[1], "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
    return [first, *messages[2:]]


def template_arguments(thinking: bool | None) -> dict[str, Any]:
    """Return the chat template's arguments: enable_thinking, or none where the recipe leaves thinking at null."""
    return {} if thinking is None else {"enable_thinking": thinking}


def render(tokenizer: PreTrainedTokenizerBase, messages: Messages, thinking: bool | None) -> str:
    """Return the prompt's text, up to where the answer begins.

    Raises:
        UserError: the template, a program of the model's authors, refuses the messages or fails on them.
    """
    conversation: Any = messages
    try:
        text = tokenizer.apply_chat_template(
            conversation, tokenize=False, add_generation_prompt=True, **template_arguments(thinking)
        )
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError("bad-model", f"the chat template makes no prompt of the questions: {reason}") from error
    assert isinstance(text, str)
    return text


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase,
    messages: Messages,
    thinking: bool | None,
    tokenisation: Tokenisation = "template",
) -> list[int]:
    """Return the prompt's tokens.

    Args:
        tokenizer: the model's.
        messages: the conversation, which ends with the user's question.
        thinking: for the template's enable_thinking.
        tokenisation: `template` for the template's own ids, with which the model was trained and is served;
            `lighteval` for those of LightEval 0.13, whose tokenizer adds its special tokens to the rendered text.

    Raises:
        UserError: the template refuses the messages.
    """
    if tokenisation == "lighteval":
        return list(tokenizer.encode(render(tokenizer, messages, thinking)))
    conversation: Any = messages
    ids: Any = tokenizer.apply_chat_template(
        conversation, tokenize=True, return_dict=False, add_generation_prompt=True, **template_arguments(thinking)
    )
    return list(ids)


def choice_ids(
    tokenizer: PreTrainedTokenizerBase,
    messages: Messages,
    choices: list[str],
    thinking: bool | None,
    tokenisation: Tokenisation = "template",
) -> tuple[list[int], list[list[int]]]:
    """Return the prompt's tokens, and for each choice the tokens that follow them.

    With `template`, the prompt is `prompt_ids`, whole, and a choice is what the tokenizer makes of its text behind the
    prompt's. With `lighteval`, the white space at the prompt's end, such as the line break after "assistant", is taken
    from the prompt and counted with every choice, and choices are encoded alone: what LightEval 0.13 does.

    Raises:
        UserError: the template refuses the messages, or a choice has no tokens.
    """
    text = render(tokenizer, messages, thinking)
    if tokenisation == "lighteval":
        bare = text.rstrip()
        context = list(tokenizer.encode(bare))
        if context and context[-1] == tokenizer.eos_token_id:
            context.pop()
        found = [_encode(tokenizer, text[len(bare) :] + choice) for choice in choices]
    else:
        context = prompt_ids(tokenizer, messages, thinking)
        found = _following(tokenizer, text, context, choices)
    if not all(found):
        raise UserError("bad-task-file", f"the choice {choices[found.index([])]!r} has no tokens: it cannot be scored")
    return context, found


def _encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False))


def _following(
    tokenizer: PreTrainedTokenizerBase, text: str, context: list[int], choices: list[str]
) -> list[list[int]]:
    """Return the tokens of each choice where it stands behind a prompt, whose tokens are given."""
    # The prompt's last line is enough, and short, wherever its tokens are those that the whole prompt ends with.
    end = text[text.rstrip().rfind("\n") + 1 :]
    ids = _encode(tokenizer, end)
    if context[len(context) - len(ids) :] != ids:
        end = text
    # Where the prompt's last characters and a choice's first ones make one token, the choice is encoded behind others:
    # some tokenizers put a space before a text that stands alone.
    before = {start: _encode(tokenizer, start) for start in (end, "\n", ":")}
    return [_behind(tokenizer, before, choice) for choice in choices]


def _behind(tokenizer: PreTrainedTokenizerBase, before: dict[str, list[int]], choice: str) -> list[int]:
    """Return a choice's tokens behind the first text of `before` that keeps its own tokens there."""
    for start, ids in before.items():
        whole = _encode(tokenizer, start + choice)
        if whole[: len(ids)] == ids:
            return whole[len(ids) :]
    return _encode(tokenizer, choice)

"""Hybrid and reasoning models: the switch in the chat template, and the thought cut off an answer."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc
from transformers import PreTrainedTokenizerBase

from luth.core.errors import UserError

Tags = list[tuple[str, str]]
PROBE = "luth-probe"


@dataclass
class Reply:
    """A model's text in two parts: the thought, None where there is none, and the answer, empty where none follows."""

    thought: str | None
    answer: str
    unclosed: bool


def template_arguments(thinking: bool | None) -> dict[str, Any]:
    """Return the chat template's arguments: enable_thinking, or none where the recipe leaves thinking at null."""
    return {} if thinking is None else {"enable_thinking": thinking}


def render(manager: PromptManager, tokenizer: PreTrainedTokenizerBase, doc: Doc, thinking: bool | None) -> str:
    """Return the prompt, in the words of LightEval's prompt manager and the tokenizer's chat template."""
    messages: Any = manager.prepare_prompt_api(doc)
    text = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True, **template_arguments(thinking)
    )
    assert isinstance(text, str)
    return text


def has_switch(manager: PromptManager, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether the chat template heeds enable_thinking."""
    doc = Doc(query=PROBE, choices=[""], gold_index=0)
    return render(manager, tokenizer, doc, True) != render(manager, tokenizer, doc, False)


def require_switch(
    manager: PromptManager, tokenizer: PreTrainedTokenizerBase, model: str, thinking: bool | None
) -> None:
    """Check, on a prompt of its own, that `thinking` reaches the template and changes what the model reads.

    Raises:
        UserError: the template has no such switch, or LightEval makes messages in another way than expected.
    """
    doc = Doc(query=PROBE, choices=[""], gold_index=0)
    messages: Any = manager.prepare_prompt_api(doc)
    if not isinstance(messages, list) or messages[-1:] != [{"role": "user", "content": PROBE}]:
        raise UserError(
            "wrong-version",
            f"lighteval {version('lighteval')} makes prompts in a way that is not known here: install the version in "
            "constraints.txt",
        )
    if thinking is None:
        return
    if not has_switch(manager, tokenizer):
        raise UserError(
            "bad-recipe-value",
            f"thinking: the chat template of {model} has no enable_thinking switch: set thinking to null for it",
        )


def split_thought(
    text: str, tags: Tags, opened: bool = False, expected: bool = False, cut_short: bool = False
) -> Reply:
    """Cut every thought off a text.

    Args:
        text: what the model wrote.
        tags: pairs that open and close a thought.
        opened: the prompt ends with an opening tag, so that the text begins inside a thought.
        expected: thinking is on: a text that is cut short and has no tag is a thought without end.
        cut_short: the text ends because its room was used up.
    """
    thoughts: list[str] = []
    answer = text
    has_thought = False
    for start_tag, end_tag in tags:
        if opened or (end_tag in answer and start_tag not in answer.split(end_tag)[0]):
            # The template opened the thought: only its end is in the text.
            thought, closing, rest = answer.partition(end_tag)
            if not closing:
                continue
            thoughts.append(thought)
            answer, has_thought = rest, True
        while start_tag in answer:
            before, _, rest = answer.partition(start_tag)
            thought, closing, after = rest.partition(end_tag)
            thoughts.append(thought)
            has_thought = True
            if not closing:
                return Reply("".join(thoughts), "", unclosed=True)
            answer = before + after
    if not has_thought and (opened or (expected and cut_short)):
        return Reply(text, "", unclosed=True)
    if has_thought:
        return Reply("\n".join(thoughts), answer.strip(), unclosed=False)
    return Reply(None, answer, unclosed=False)

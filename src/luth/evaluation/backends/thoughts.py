"""The thoughts of hybrid and reasoning models, cut off their answers."""

from dataclasses import dataclass

Tags = list[tuple[str, str]]


@dataclass
class Reply:
    """A model's text in two parts: the thought, None where there is none, and the answer, empty where none follows."""

    thought: str | None
    answer: str
    unclosed: bool


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

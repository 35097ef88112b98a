"""Which chat template a run trains with, and whether it renders as the model's own does."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import trl
from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template

from luth.core.errors import UserError
from luth.templates import date_fixed
from luth.training.masking import (
    Messages,
    has_markers,
    pieces_stand_alone,
    read_training_template,
    render,
    shared_length,
    trained_spans,
    written_turn,
)

# In this order: the first that renders as the model's own template does is taken.
OURS = ("qwen3.jinja", "lfm2.jinja", "smollm2.jinja", "llama3_2.jinja", "chatml.jinja")
# Templates that write today's date write this one in training, so that the same rows give the same tokens every day.
# It is the one that Llama's templates name where they know none.
DAY = date(2024, 7, 26)
PAGE = "docs/how-to/add-a-model-family.md"
SHOWN = 40


@dataclass(frozen=True)
class TrainingTemplate:
    """A chat template to train with.

    Parameters:
        name (`str`): its file, or what it is.
        source (`str`): its text.
        chosen (`str`): by which rule it was taken.
        documented (`set[str]`): how it may differ from the model's own: names of `DIFFERENCES`.
    """

    name: str
    source: str
    chosen: str
    documented: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """What rows are rendered with."""
        return date_fixed(self.source, DAY)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of its text, in hexadecimal."""
        return hashlib.sha256(self.source.encode()).hexdigest()


@dataclass(frozen=True)
class Probe:
    """A conversation that both templates render.

    `known` is what the model's own text must hold for the probe to be asked: other models have no format for it.
    """

    name: str
    messages: Messages
    variables: dict[str, Any] = field(default_factory=dict)
    known: str = ""


@dataclass(frozen=True)
class Difference:
    """What the two templates write for a probe, and by which documented difference, if any."""

    probe: Probe
    own: str
    training: str
    documented: str | None


def _turns(*contents: str) -> Messages:
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(contents)]


SYSTEM: Messages = [{"role": "system", "content": "Rules."}]
ONE, TWO = _turns("Question 1", "Answer 1"), _turns("Question 1", "Answer 1", "Question 2", "Answer 2")
THOUGHT = {"reasoning_content": "Thought 1"}
PROMPT: dict[str, Any] = {"add_generation_prompt": True}
TOOL = {"name": "tool_1", "description": "Tool", "parameters": {"type": "object", "properties": {}}}
TOOLS: dict[str, Any] = {"tools": [{"type": "function", "function": TOOL}]}
CALL = {"type": "function", "function": {"name": "tool_1", "arguments": {"key_1": "value 1", "key_2": 2}}}
CALLED: Messages = [
    *ONE[:1],
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "name": "tool_1", "content": "Result 1"},
]
PROBES = (
    Probe("one turn", ONE),
    Probe("a system prompt", [*SYSTEM, *ONE]),
    Probe("two turns", TWO),
    Probe("white space", _turns(" Question 1\n", "\n Answer 1 \n")),
    Probe("the prompt", ONE[:1], PROMPT),
    Probe("the prompt of a second turn", [*SYSTEM, *TWO[:3]], PROMPT),
    Probe("the prompt with thinking on", ONE[:1], {**PROMPT, "enable_thinking": True}),
    Probe("the prompt with thinking off", ONE[:1], {**PROMPT, "enable_thinking": False}),
    Probe("a thought", [ONE[0], {**ONE[1], **THOUGHT}], known="Thought 1"),
    Probe("an earlier thought", [ONE[0], {**ONE[1], **THOUGHT}, *TWO[2:]]),
    Probe("tools", ONE[:1], {**PROMPT, **TOOLS}, known="tool_1"),
    Probe("tools and a system prompt", [*SYSTEM, *ONE[:1]], {**PROMPT, **TOOLS}, known="tool_1"),
    Probe("a tool call", [*CALLED, ONE[1]], TOOLS, known="value 1"),
    Probe("the prompt after a tool call", CALLED, {**PROMPT, **TOOLS}, known="value 1"),
)


def _without_earlier_thoughts(text: str, messages: Messages) -> str:
    """Return a rendered conversation without the think blocks before its last turn."""
    last = next(message["content"] for message in reversed(messages) if message["role"] != "assistant")
    at = text.rfind(last)
    return re.sub(r"<think>.*?</think>\s*", "", text[:at], flags=re.DOTALL) + text[at:]


# How a training template may differ from the model's own, if its header has the line "Differs from the model's own:"
# with the name: what both write is the same after this.
DIFFERENCES: dict[str, Callable[[str, Messages], str]] = {"earlier think blocks": _without_earlier_thoughts}
HEADER = re.compile(r"\s*\{#.*?Differs from the model's own:\s*([^.\n]+?)\s*[.\n].*?#\}", re.DOTALL)


def training_template(path: str | None, tokenizer: PreTrainedTokenizerBase, model: str) -> TrainingTemplate:
    """Return the template to train with: the recipe's, or the one that fits the model's own.

    Args:
        path: chat_template_path; None takes the first that fits of Luth's templates, the model's own if it has
            generation markers, and TRL's.
        tokenizer: with the model's own chat template, or none.
        model: its name, for messages.

    Raises:
        UserError: the template cannot be read, differs from the model's own in what its header does not document, or
            there is none for this model.
    """
    if not tokenizer.is_fast and not pieces_stand_alone(tokenizer):
        raise UserError(
            "bad-model", f"{model}: its tokenizer cannot say where a token stands: save a fast one with it"
        )
    own = own_template(tokenizer)
    if own is not None and ONE[1]["content"] not in _own_text(own, tokenizer, model):
        raise UserError(
            "bad-template",
            f"{model}: its own chat template does not write an answer that is plain text: mend the model's "
            f"chat_template.jinja, or take it away and name a template of your own ({PAGE})",
        )
    if path is None:
        if own is None:
            raise UserError(
                "bad-template",
                f"{model} has no chat template: set chat_template_path: chatml.jinja with eos_token: <|im_end|>, or a "
                f"template of your own ({PAGE})",
            )
        return fitting_template(tokenizer, own, model)
    template = _with_whole_answers(_read(path, "chat_template_path"), tokenizer)
    found = [] if own is None else _undocumented(template, tokenizer, own)
    if own is not None and found:
        try:
            remedy = f"leave chat_template_path out: {fitting_template(tokenizer, own, model).name} fits"
        except UserError:
            remedy = f"put generation markers into a copy of the model's own ({PAGE})"
        raise UserError("bad-template", f"{path}: {first_difference(found[0], model)}: {remedy}")
    return template


def _with_whole_answers(template: TrainingTemplate, tokenizer: PreTrainedTokenizerBase) -> TrainingTemplate:
    """Return a template whose markers hold what the model writes, all of it, and nothing that the user says.

    Raises:
        UserError: they hold a question, or begin after something that no prompt ends with.
    """
    text, spans = render(ONE, tokenizer, template.text)
    turn = written_turn(tokenizer, template.text)
    trained = trained_spans(text, spans, turn)
    if any(ONE[0]["content"] in text[start:end] for start, end in trained):
        raise UserError("bad-template", f"{template.name}: its generation markers hold what the user says ({PAGE})")
    before = text[: trained[0][0]] if trained else ""
    question = render(ONE[:1], tokenizer, template.text)[0]
    prompts = [prompt for prompt in turn.prompts if before.endswith(prompt)]
    if trained and not prompts and before != question:
        written = before[shared_length(before, question) :]
        raise UserError(
            "bad-template",
            f"{template.name}: its generation markers begin after {written!r}, which its prompt "
            f"(add_generation_prompt) has not, so that the model writes it and is not trained to: begin them before "
            f"it, or end the prompt with it ({PAGE})",
        )
    return template


def own_template(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """Return the chat template that came with the model, or None."""
    template: Any = tokenizer.chat_template
    return template.get("default") if isinstance(template, dict) else template


def fitting_template(tokenizer: PreTrainedTokenizerBase, own: str, model: str) -> TrainingTemplate:
    """Return the training template that renders as the model's own does.

    Raises:
        UserError: there is none.
    """
    for name in OURS:
        ours = _read(name, "the first of Luth's that renders as the model's own template")
        if not _undocumented(ours, tokenizer, own):
            return ours
    if has_markers(own):
        marked_own = TrainingTemplate(f"the chat template of {model}", own, "it has generation markers")
        return _with_whole_answers(marked_own, tokenizer)
    version = f"TRL {trl.__version__}"
    advice = f"put generation markers into a copy of it, and name that as chat_template_path ({PAGE})"
    try:
        text = get_training_chat_template(tokenizer)
    except ValueError:
        text = None
    if text is None:
        raise UserError(
            "bad-template",
            f"{model}: neither Luth nor {version} has its chat template with generation markers: {advice}",
        )
    # TRL writes think blocks into every turn, and says so in the templates' headers.
    name = next((path.name for path in TRL_TEMPLATES.glob("*_training.jinja") if _text(path) == text), "a template")
    template = TrainingTemplate(
        f"trl/chat_templates/{name}", text, f"{version} has it for the model's own template", frozenset(DIFFERENCES)
    )
    if found := _undocumented(template, tokenizer, own):
        raise UserError("bad-template", f"{template.name}: {first_difference(found[0], model)}: {advice}")
    return template


TRL_TEMPLATES = Path(trl.__file__).parent / "chat_templates"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _read(path: str, chosen: str) -> TrainingTemplate:
    source = read_training_template(path)
    line = HEADER.match(source)
    documented = frozenset(re.split(r",\s*", line[1]) if line else [])
    if unknown := documented - DIFFERENCES.keys():
        raise UserError(
            "bad-template",
            f"{path}: its header says that it differs in {min(unknown)!r}; what can be checked is: "
            f"{', '.join(DIFFERENCES)}",
        )
    return TrainingTemplate(path, source, chosen, documented)


def _undocumented(template: TrainingTemplate, tokenizer: PreTrainedTokenizerBase, own: str) -> list[Difference]:
    return [found for found in differences(template, tokenizer, own)[1] if found.documented is None]


def differences(
    template: TrainingTemplate, tokenizer: PreTrainedTokenizerBase, own: str
) -> tuple[int, list[Difference]]:
    """Return how many probes the model's own template renders, and where the training template writes another text."""
    own, asked, found = date_fixed(own, DAY), 0, []
    for probe in PROBES:
        theirs = _rendered(probe, tokenizer, own)
        # What the model's own template refuses, or has no format for, says nothing.
        if theirs is None or probe.known not in theirs:
            continue
        asked += 1
        ours = _rendered(probe, tokenizer, template.text)
        if ours is None:
            found.append(Difference(probe, theirs, "", None))
        elif ours != theirs:
            same = (
                name
                for name in sorted(template.documented)
                if DIFFERENCES[name](ours, probe.messages) == DIFFERENCES[name](theirs, probe.messages)
            )
            found.append(Difference(probe, theirs, ours, next(same, None)))
    return asked, found


def _own_text(own: str, tokenizer: PreTrainedTokenizerBase, model: str) -> str:
    try:
        return render(ONE, tokenizer, own)[0]
    except UserError as error:
        raise UserError("bad-template", f"{model}: its own chat template cannot be rendered: {error}") from error


def _rendered(probe: Probe, tokenizer: PreTrainedTokenizerBase, template: str) -> str | None:
    try:
        return render(probe.messages, tokenizer, template, **probe.variables)[0]
    except UserError:
        return None


def first_difference(found: Difference, model: str) -> str:
    """Say in one line where two texts part."""
    own, training = found.own, found.training
    if not training:
        return (
            f"it does not render as the model's own chat template: it refuses {found.probe.name}, which {model} knows"
        )
    at = shared_length(own, training)
    before = own[max(0, at - SHOWN // 2) : at]
    return (
        f"it does not render {found.probe.name} as the chat template of {model}: after {before!r} the model's own "
        f"writes {_begin(own, at)} and this one {_begin(training, at)}"
    )


@dataclass(frozen=True)
class Own:
    """The model's own chat template, which the rows are compared with.

    Parameters:
        text (`str`): the template.
        documented (`tuple[str, ...]`): how the training template may differ from it: names of `DIFFERENCES`.
        system (`bool`): whether it takes a system turn.
    """

    text: str
    documented: tuple[str, ...]
    system: bool = True


def to_compare(template: TrainingTemplate, tokenizer: PreTrainedTokenizerBase) -> Own | None:
    """Return what rows are compared with; None where the training template is the model's own, or it has none."""
    own = own_template(tokenizer)
    if own is None or own == template.source:
        return None
    own = date_fixed(own, DAY)
    return Own(own, (*sorted(template.documented),), _rendered(PROBES[1], tokenizer, own) is not None)


def row_difference(
    text: str, messages: Messages, arguments: dict[str, Any], tokenizer: PreTrainedTokenizerBase, own: Own
) -> str | None:
    """Say where a row's text is not what the model's own template writes; None where it is.

    Rows like the probes are not asked: those templates agree on them. A template may do something else from some turn
    on, with a thought inside a content, or with tools of another kind.
    """
    called = [call.get("function", call)["name"] for message in messages for call in message.get("tool_calls") or []]
    known = arguments.get("tools") is None and all(message.keys() <= {"role", "content"} for message in messages)
    known = known and (own.system or messages[0]["role"] != "system")
    if known and len(messages) <= LONGEST and not any(ODD.search(str(message["content"])) for message in messages):
        return None
    try:
        theirs = render(messages, tokenizer, own.text, **arguments)[0]
    except UserError as error:
        return f"the model's own chat template refuses it: {error}"
    # A format that the model's own template leaves out without a word, the training template's header explains.
    if theirs == text or not all(name in theirs for name in called):
        return None
    if arguments.get("tools") and theirs == render(messages, tokenizer, own.text, **{**arguments, "tools": None})[0]:
        return None
    for name in own.documented:
        alike = ("".join(DIFFERENCES[name](each, messages).split()) for each in (text, theirs))
        if len({*alike}) == 1:
            return None
    at = shared_length(theirs, text)
    return (
        f"the chat template of the model writes {_begin(theirs, at)} after {theirs[max(0, at - SHOWN // 2) : at]!r}, "
        f"and the training template {_begin(text, at)}"
    )


# Messages of the longest probe; what templates look for in contents.
LONGEST = 5
ODD = re.compile("<|/no_think|/think")


def _begin(text: str, at: int) -> str:
    return repr(text[at : at + SHOWN]) if at < len(text) else "nothing more"


def describe(template: TrainingTemplate, tokenizer: PreTrainedTokenizerBase) -> str:
    """Say which template is used, and how it stands to the model's own."""
    lines = [f"Chat template: {template.name} ({template.chosen})."]
    own = own_template(tokenizer)
    if own is not None:
        asked, found = differences(template, tokenizer, own)
        lines.append(f"{asked - len(found)} of {asked} probes render as with the model's own.")
        for name in sorted({str(each.documented) for each in found}):
            probes = [each.probe.name for each in found if each.documented == name]
            lines.append(f"Documented difference, {name}: {', '.join(probes)}.")
    text, spans = render(ONE, tokenizer, template.text)
    if trained_spans(text, spans, written_turn(tokenizer, template.text)) != spans:
        lines.append("Its markers also hold a prompt, or text after an end-of-turn token: Luth does not train that.")
    if template.text != template.source:
        lines.append(f"It writes today's date: in training {DAY:%Y-%m-%d}.")
    return " ".join(lines)

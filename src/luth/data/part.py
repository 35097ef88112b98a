"""The keys of one part of a dataset: its source, its selection, and what models are asked about its rows."""

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field, NonNegativeInt, PositiveInt

from luth.core.endpoints import Endpoint
from luth.core.recipes import nearest

# What a source's columns may be mapped to: the usual shapes of an instruction dataset.
SHAPES = (
    ("messages",),
    ("conversations",),
    ("prompt", "completion"),
    ("prompt",),
    ("instruction", "output"),
    ("question", "answer"),
)
OPTIONAL = ("input", "system")
Probability = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Score = Annotated[int, Field(ge=1, le=5)]


def _reversed_ranges(block: Any) -> list[str]:
    """Return one line for every `min_X` above its `max_X`."""
    problems = []
    for key, least in vars(block).items():
        most = getattr(block, key.replace("min_", "max_", 1), None) if key.startswith("min_") else None
        if most is not None and least > most:
            problems.append(f"{key}: {least} is above {key.replace('min_', 'max_', 1)}, {most}")
    return problems


@dataclass
class Read:
    """Where rows come from, and which of its columns are the conversation.

    Parameters:
        path: a dataset on the Hub, or files of this machine: parquet, JSON or csv, one or a pattern.
        name, split, revision: of a dataset on the Hub; not of files.
        columns: which column holds which part of a conversation: {messages: M}, {conversations: C}, {prompt: P,
            completion: C}, {prompt: P} alone (an answer is generated), {instruction: I, input: IN, output: O},
            {question: Q, answer: A}; `system` beside any but the first two. A conversation must end with an answer,
            unless one is generated.
        keep: columns that are kept beside the conversation, for `select: where`.
        limit: how many rows to read at most, from the start.
        max_characters: longer rows are rejected.
        licence: what the card says of the source.
    """

    path: str
    columns: dict[str, str]
    name: str | None = None
    split: str = "train"
    revision: str | None = None
    keep: list[str] = field(default_factory=list)
    limit: PositiveInt | None = None
    max_characters: PositiveInt = 200_000
    licence: str | None = None

    def conflicts(self) -> list[str]:
        """Return what is wrong with the path and the columns."""
        problems = [] if self.path.strip() else ["path is blank: name a dataset on the Hub, or files"]
        known = {key for shape in SHAPES for key in shape} | set(OPTIONAL)
        unknown = [key for key in self.columns if key not in known]
        if unknown:
            return [*problems, *(f"columns: unknown key {key!r}{nearest(key, known)}" for key in unknown)]
        shape = tuple(key for key in self.columns if key not in OPTIONAL)
        if set(shape) not in [set(shape) for shape in SHAPES]:
            shapes = "; ".join(", ".join(shape) for shape in SHAPES)
            problems.append(f"columns: {', '.join(shape) or 'nothing'} is no shape of a conversation: use {shapes}")
        if "input" in self.columns and "instruction" not in shape:
            problems.append("columns: input needs instruction beside it")
        if "system" in self.columns and shape in (("messages",), ("conversations",)):
            problems.append(f"columns: {shape[0]} has system messages of its own: leave system out")
        return problems


@dataclass
class Select:
    """Which rows are kept; all conditions must hold.

    Parameters:
        where: values that a kept column may have, such as {language: [fra], bad_entry: [false]}; a nested value is
            compared as its JSON.
        languages: of the first user message, identified, such as [en]. Name the recipe's own for a part that is not
            translated.
        keywords: one of them is in the row, as a word, in any case.
        min_characters, max_characters: of the whole conversation.
        min_turns, max_turns: how many messages of the user.
    """

    FILTER: ClassVar = "luth.data.filters.row_selection:SelectRows"

    where: dict[str, list[Any]] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    min_characters: NonNegativeInt = 0
    max_characters: PositiveInt | None = None
    min_turns: NonNegativeInt = 1
    max_turns: PositiveInt | None = None


@dataclass(kw_only=True)
class ModelEndpoint(Endpoint):
    """A server, and the model to ask there.

    Parameters:
        model: the name under which the server has the model.
    """

    model: str


@dataclass
class Request:
    """What a model is asked about a row. All of the sampling is sent: no default of a server or a model counts.

    Parameters:
        endpoint: one of the recipe's.
        prompt: a file of src/luth/data/requests/prompts, or a path. The row's text stands in place of [[text]], for a
            judge in place of [[conversation]] and [[criteria]].
        temperature, top_p, top_k, min_p, repetition_penalty, max_new_tokens: of the sampling, by vLLM's names.
        thinking: true or false for hybrid models' chat templates (enable_thinking); null for others.
        attempts: how often an answer that fails the checks is asked for, with another seed each time.
    """

    endpoint: str
    prompt: str
    temperature: NonNegative = 0.7
    top_p: Probability = 0.8
    top_k: int = -1
    min_p: Probability = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    max_new_tokens: PositiveInt = 2048
    thinking: bool | None = None
    attempts: PositiveInt = 2

    def conflicts(self) -> list[str]:
        """Return what no type says."""
        return _reversed_ranges(self)


@dataclass
class Translate(Request):
    """The messages are translated to the recipe's language; where an answer is generated, not the last answer.

    Code, formulas, addresses and placeholders must come back unchanged.

    Parameters:
        min_ratio, max_ratio: of a translation's characters to the original's.
    """

    prompt: str = "translate.md"
    max_new_tokens: PositiveInt = 1024
    min_ratio: NonNegative = 0.5
    max_ratio: NonNegative = 2.5


@dataclass
class Generate(Request):
    """The last answer of a conversation is written anew in the recipe's language."""

    prompt: str = "answer.md"


@dataclass
class Judge(Request):
    """A model scores the conversation by a rubric.

    Parameters:
        criteria: names with the question that each stands for, answered from 1 (no) to 5 (wholly).
        thresholds: the least score of a criterion, by name; one that is not named rejects nothing.
    """

    prompt: str = "judge.md"
    temperature: NonNegative = 0.0
    top_p: Probability = 1.0
    max_new_tokens: PositiveInt = 1024
    criteria: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, Score] = field(default_factory=dict)

    def conflicts(self) -> list[str]:
        """Return thresholds of no criterion."""
        unknown = [name for name in self.thresholds if name not in self.criteria]
        problems = [f"thresholds: {name!r} is no criterion{nearest(name, self.criteria)}" for name in unknown]
        return problems if self.criteria else ["criteria: none is named", *problems]


@dataclass
class Part:
    """One source and its own steps, in this order; a step that is not named is left out."""

    read: Read
    select: Select | None = None
    translate: Translate | None = None
    generate: Generate | None = None
    judge: Judge | None = None

    def requests(self) -> dict[str, Request]:
        """Return the steps that ask a model, by name."""
        return {name: block for name, block in vars(self).items() if isinstance(block, Request)}

    def conflicts(self) -> list[str]:
        """Return what no type says of the part's steps."""
        problems = [f"read: {problem}" for problem in self.read.conflicts()]
        if set(self.read.columns) <= {"prompt", "system"} and self.generate is None:
            problems.append("a prompt alone has no answer: name a completion column, or add generate")
        if self.select:
            problems += [f"select: {problem}" for problem in _reversed_ranges(self.select)]
            lost = [column for column in self.select.where if column not in self.read.keep]
            problems += [f"select: where: {column!r} is not kept: add it to read: keep" for column in lost]
        for name, request in self.requests().items():
            problems += [f"{name}: {problem}" for problem in request.conflicts()]
        return problems


# A recipe names a part's steps in this order.
PART_STEPS = tuple(step.name for step in dataclasses.fields(Part))

"""The keys of a dataset's recipe."""

from dataclasses import dataclass, field
from typing import Any, Literal

# A part's steps, then those of all parts together; a recipe names them in this order.
PART_STEPS = ("read", "select", "translate", "generate", "judge")
ASKING = ("translate", "generate", "judge")
COMMON_STEPS = ("language", "quality", "deduplicate", "decontaminate", "mix", "write", "push")
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


@dataclass
class Read:
    """Where rows come from, and which of its columns are the conversation.

    Parameters:
        path: a dataset on the Hub, or files of this machine: parquet, jsonl or csv, one or a pattern.
        name, split, revision: of a dataset on the Hub; not of files.
        columns: what is a conversation's part, and in which column it stands: {messages: M}, {conversations: C},
            {prompt: P, completion: C}, {prompt: P} alone (an answer is generated), {instruction: I, input: IN,
            output: O}, {question: Q, answer: A}; `system` beside any but the first two. A conversation ends with an
            answer, save where one is generated.
        keep: columns that are kept beside the conversation, for `select: where`.
        limit: rows read at most, from the start.
        max_characters: longer rows are rejected.
        licence: what the card says of the source.
    """

    path: str
    columns: dict[str, str]
    name: str | None = None
    split: str = "train"
    revision: str | None = None
    keep: list[str] = field(default_factory=list)
    limit: int | None = None
    max_characters: int = 200_000
    licence: str | None = None


@dataclass
class Select:
    """Which rows are taken up; all that is said must hold.

    Parameters:
        where: values that a kept column may have, such as {language: [fra], bad_entry: [false]}; what is nested is
            kept as its JSON.
        languages: of the first user message, identified, such as [en]; the recipe's own where it is to be kept as is.
        keywords: one of them stands in the row, as a word, whatever its case.
        min_characters, max_characters: of the whole conversation.
        min_turns, max_turns: user's messages.
    """

    where: dict[str, list[Any]] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    min_characters: int = 0
    max_characters: int | None = None
    min_turns: int = 1
    max_turns: int | None = None


@dataclass
class Endpoint:
    """An OpenAI-compatible server.

    Parameters:
        base_url: up to and with /v1.
        model: the name under which it serves the model.
        api_key_env: the environment variable that holds the key, which is never written anywhere; OPENAI_API_KEY
            need not be set, another that is named must be.
        concurrent_requests: how many are under way at a time, over all tasks.
        timeout: seconds after which a request is given up and sent again.
        api_max_retry: how often a request is sent again, each time after a longer wait, before the run stops.
    """

    base_url: str
    model: str
    api_key_env: str = "OPENAI_API_KEY"
    concurrent_requests: int = 32
    timeout: float = 600.0
    api_max_retry: int = 6


@dataclass
class Asking:
    """How a model is asked.

    Parameters:
        endpoint: one of the recipe's.
        prompt: a file of src/luth/data/requests/prompts, or a path; what is asked about stands in place of [[text]],
            or for a judge of [[conversation]] and [[criteria]].
        temperature, top_p, max_new_tokens: of the sampling.
        thinking: true or false for hybrid models' chat templates (enable_thinking); null for others.
        attempts: how often an answer that fails the checks is asked for, with another seed each time.
    """

    endpoint: str
    prompt: str
    temperature: float = 0.7
    top_p: float = 0.8
    max_new_tokens: int = 2048
    thinking: bool | None = None
    attempts: int = 2


@dataclass
class Translate(Asking):
    """The messages put into the recipe's language, save the last answer where one is generated.

    Fenced code, code between backticks, formulas, addresses and placeholders must come back as they were.

    Parameters:
        min_ratio, max_ratio: of a translation's characters to the original's.
    """

    prompt: str = "translate.md"
    max_new_tokens: int = 1024
    min_ratio: float = 0.5
    max_ratio: float = 2.5


@dataclass
class Generate(Asking):
    """The last answer of a conversation, written anew in the recipe's language."""

    prompt: str = "answer.md"


@dataclass
class Judge(Asking):
    """A model's answers to a rubric.

    Parameters:
        criteria: names with the question that each stands for, answered from 1 (no) to 5 (wholly).
        thresholds: the least that a criterion must have, by name; one that is not named rejects nothing.
    """

    prompt: str = "judge.md"
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 1024
    criteria: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, int] = field(default_factory=dict)


@dataclass
class Part:
    """One source and what is done with it alone; a step that is not named is not taken."""

    read: Read
    select: Select | None = None
    translate: Translate | None = None
    generate: Generate | None = None
    judge: Judge | None = None


@dataclass
class IdentifyLanguage:
    """Every message is in the recipe's language, as far as it can be told.

    A stretch of text is in another one where that has a probability above `other`, and the recipe's own below `own`.

    Parameters:
        characters: of a stretch, 50 or more; a change of language shows in one that begins after it.
        other, own: probabilities.
    """

    characters: int = 60
    other: float = 0.6
    own: float = 0.1


@dataclass
class Quality:
    """Rules that reject a row; all of them by default.

    Parameters:
        rules: their names; refusal and boilerplate know French and English.
        phrases: a row that holds one of them, whatever its case, is rejected: what a model says of itself, or says to
            refuse, a translation too, in another language.
        typography: null, or `french`: apostrophes, quotes and no-break spaces as French has them, outside code, JSON
            and formulas.
    """

    rules: list[str] = field(
        default_factory=lambda: [
            "empty",
            "repetition",
            "truncation",
            "refusal",
            "boilerplate",
            "latex",
            "markdown",
            "mojibake",
        ]
    )
    phrases: list[str] = field(default_factory=list)
    typography: Literal["french"] | None = None


@dataclass
class Deduplicate:
    """Rows that say the same as another one, in the same part or in one named before it.

    Parameters:
        ngram: words of a shingle.
        buckets, hashes_per_bucket: of the MinHash bands: a pair of similarity s is found with probability
            1 - (1 - s^hashes)^buckets.
    """

    ngram: int = 5
    buckets: int = 20
    hashes_per_bucket: int = 8


@dataclass
class Decontaminate:
    """Rows that hold a benchmark's item.

    Words that three items of one benchmark share are its way of asking, and show nothing.

    Parameters:
        items: a folder that scripts/evaluate.py --write_items wrote.
        ngram: so many words of an item in a row are a hit; an item of fewer words is one as a whole.
        min_words: items of fewer words are hits only where a sentence, or a few, are one from end to end.
    """

    items: str
    ngram: int = 13
    min_words: int = 6


@dataclass
class Mix:
    """How the parts come together.

    Parameters:
        caps: rows of a part at most, by name, the same ones in every run.
        test_size: rows that are held out as a test split; copies of one conversation are all in it, or none.
        seed: of the order.
    """

    caps: dict[str, int] = field(default_factory=dict)
    test_size: int = 0
    seed: int = 0


@dataclass
class Write:
    """The dataset's folder.

    Parameters:
        shards: parquet files of the training split.
        tokenizer: a model whose tokens are counted; null for none.
        title, licence: of the card.
        description: what the card says first, beside the counts.
    """

    shards: int = 1
    tokenizer: str | None = None
    title: str = "An instruction dataset"
    description: str | None = None
    licence: str = "other"


@dataclass
class Push:
    """To the Hub.

    Parameters:
        repo_id: of the dataset.
        private: whether it is.
    """

    repo_id: str
    private: bool = True


@dataclass
class Steps:
    """What is done with all parts together; a step that is not named is not taken, save mix and write."""

    language: IdentifyLanguage | None = None
    quality: Quality | None = None
    deduplicate: Deduplicate | None = None
    decontaminate: Decontaminate | None = None
    mix: Mix = field(default_factory=Mix)
    write: Write = field(default_factory=Write)
    push: Push | None = None


@dataclass
class DataRecipe:
    """A dataset in one language, from its sources.

    Parameters:
        language: its ISO 639-1 code, such as fr.
        language_name: what the prompts call it, such as French.
        parts: sources by name.
        steps: what is done with all of them.
        endpoints: servers by name.
        tasks: files that every part is divided into; the dataset does not depend on it.
        slurm: for --executor slurm: arguments of datatrove's SlurmPipelineExecutor (partition, time, ...).
        output_dir: where everything goes; the dataset itself lies in `output_dir/dataset`.
    """

    language: str
    language_name: str
    parts: dict[str, Part]
    output_dir: str
    steps: Steps = field(default_factory=Steps)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    tasks: int = 4
    slurm: dict[str, Any] = field(default_factory=dict)

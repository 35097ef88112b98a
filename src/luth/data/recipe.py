"""The keys of a dataset's recipe, their bounds, and what no type says of them."""

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt

from luth.core.recipes import Folder, nearest
from luth.data.part import ModelEndpoint, Part, Probability
from luth.languages import typographies

# A part's name is a folder's.
LONGEST_NAME = 100


@dataclass
class IdentifyLanguage:
    """Reject rows with text in another language.

    A stretch of text is in another language where the probability of that one is above `other`, and that of the
    recipe's own below `own`.

    Parameters:
        characters: length of a stretch. Below 50, a language cannot be told.
        other, own: probabilities.
    """

    FILTER: ClassVar = "luth.data.filters.language:InLanguage"

    characters: Annotated[int, Field(ge=50)] = 60
    other: Probability = 0.6
    own: Probability = 0.1


# The rules of luth.data.filters.quality, in the order in which a row's first fault is looked for.
QUALITY_RULES = ("empty", "repetition", "truncation", "refusal", "boilerplate", "latex", "markdown", "mojibake")


def _typography(name: str) -> str:
    if name not in typographies():
        raise ValueError(f"no language of this name has a typography: {', '.join(typographies())}")
    return name


@dataclass
class Quality:
    """Rules that reject a row; all of them by default.

    Parameters:
        rules: their names. `refusal`, `boilerplate` and `truncation` look for the words of the recipe's language, if
            src/luth/languages has a file for it, and for those of the models that write data.
        phrases: a row that holds one of them, whatever its case, is rejected. For a language without a file: what a
            model says of itself, and says to refuse.
        typography: null, or a language with a typography, by its name in lower case: its apostrophes, quotes and
            no-break spaces are set outside code, JSON and formulas.
    """

    FILTER: ClassVar = "luth.data.filters.quality:QualityRules"

    rules: list[str] = field(default_factory=lambda: list(QUALITY_RULES))
    phrases: list[str] = field(default_factory=list)
    typography: Annotated[str, AfterValidator(_typography)] | None = None


@dataclass
class Deduplicate:
    """Reject rows that say the same as another one, in the same part or in one named before it.

    Parameters:
        ngram: words of a shingle.
        buckets, hashes_per_bucket: of the MinHash bands: a pair of similarity s is found with probability
            1 - (1 - s^hashes)^buckets.
    """

    ngram: PositiveInt = 5
    buckets: PositiveInt = 20
    hashes_per_bucket: PositiveInt = 8


@dataclass
class Decontaminate:
    """Reject rows that hold a benchmark's item.

    Words that three items of one benchmark share are its way of asking, and do not count.

    Parameters:
        items: a folder that scripts/evaluate.py --write_items wrote.
        ngram: how many words of an item in a row are a hit; an item of fewer words must be there whole.
        min_words: an item of fewer words is a hit only where it is one or more sentences from end to end.
    """

    FILTER: ClassVar = "luth.data.filters.decontamination:NoBenchmarkItems"

    items: str
    ngram: PositiveInt = 13
    min_words: PositiveInt = 6


@dataclass
class Mix:
    """How the parts come together.

    Parameters:
        caps: how many rows of a part at most, by name; the same rows in every run.
        test_size: how many rows are held out as a test split; copies of one conversation are all in it, or none.
        seed: of the order.
    """

    caps: dict[str, PositiveInt] = field(default_factory=dict)
    test_size: NonNegativeInt = 0
    seed: int = 0


@dataclass
class Write:
    """The dataset's folder.

    Parameters:
        shards: how many parquet files the training split has.
        tokenizer: a model whose tokens are counted; null for none.
        title, licence: of the card.
        description: what the card says first, beside the counts.
    """

    shards: PositiveInt = 1
    tokenizer: str | None = None
    title: str = "An instruction dataset"
    description: str | None = None
    licence: str = "other"


@dataclass
class Push:
    """To the Hub.

    Parameters:
        repo_id: of the dataset.
        private: whether only its owner sees it.
    """

    repo_id: str
    private: bool = True


@dataclass
class Steps:
    """What is done with all parts together, in this order. A step that is not named is left out, save mix, write."""

    language: IdentifyLanguage | None = None
    quality: Quality | None = None
    deduplicate: Deduplicate | None = None
    decontaminate: Decontaminate | None = None
    mix: Mix = field(default_factory=Mix)
    write: Write = field(default_factory=Write)
    push: Push | None = None

    def conflicts(self) -> list[str]:
        """Return what no type says of the steps."""
        problems = []
        if self.decontaminate and self.decontaminate.ngram < self.decontaminate.min_words:
            ngram, least = self.decontaminate.ngram, self.decontaminate.min_words
            problems.append(f"decontaminate: ngram: {ngram} is below min_words, {least}")
        if self.push:
            try:
                validate_repo_id(self.push.repo_id)
            except HFValidationError as error:
                problems.append(f"push: repo_id: {error}")
        return problems


# A recipe names the steps in this order.
COMMON_STEPS = tuple(step.name for step in dataclasses.fields(Steps))


@dataclass
class DataRecipe:
    """A dataset in one language, from its sources.

    Parameters:
        language: its ISO 639-1 code, such as fr.
        language_name: what the prompts call it, such as French.
        parts: sources by name.
        steps: what is done with all of them.
        endpoints: servers by name.
        tasks: how many files every part is divided into; the dataset does not depend on it.
        slurm: for --executor slurm: arguments of datatrove's SlurmPipelineExecutor (partition, time, ...).
        output_dir: where everything goes; the dataset itself is in `output_dir/dataset`.
    """

    language: str
    language_name: str
    parts: dict[str, Part]
    output_dir: Folder
    steps: Steps = field(default_factory=Steps)
    endpoints: dict[str, ModelEndpoint] = field(default_factory=dict)
    tasks: PositiveInt = 4
    slurm: dict[str, Any] = field(default_factory=dict)

    def conflicts(self) -> list[str]:
        """Return what no type says: names of parts and endpoints, and what the blocks say of themselves."""
        problems = [] if self.parts else ["parts: none is named"]
        for name, part in self.parts.items():
            if not name.replace("-", "").replace("_", "").isalnum() or len(name) > LONGEST_NAME:
                signs = f"letters, digits, - and _, {LONGEST_NAME} at most"
                problems.append(f"parts: {name!r} is no name for a folder: {signs}")
            problems += [f"parts: {name}: {problem}" for problem in part.conflicts()]
            for step, request in part.requests().items():
                if request.endpoint not in self.endpoints:
                    close = nearest(request.endpoint, self.endpoints)
                    where = f"parts: {name}: {step}: endpoint"
                    problems.append(f"{where}: {request.endpoint!r} is not under endpoints{close}")
        for name, endpoint in self.endpoints.items():
            problems += [f"endpoints: {name}: {problem}" for problem in endpoint.conflicts()]
        problems += [f"steps: {problem}" for problem in self.steps.conflicts()]
        unknown = [name for name in self.steps.mix.caps if name not in self.parts]
        problems += [f"steps: mix: caps: there is no part {name!r}{nearest(name, self.parts)}" for name in unknown]
        return problems

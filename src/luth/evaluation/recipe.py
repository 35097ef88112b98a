"""The keys of an evaluation recipe."""

import datetime
import os
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, FiniteFloat, NonNegativeFloat, PositiveInt

from luth.core.endpoints import Endpoint
from luth.core.recipes import Folder

# Room for a thought and the answer after it; what a task allows an answer alone is too little.
THINKING_TOKENS = 8192
Thinking = bool | Literal["both"] | None
STRICT = ConfigDict(extra="forbid")
# The generation parameters of the transformers backend; the others are for servers.
LOCAL = ("temperature", "top_k", "top_p", "min_p", "max_new_tokens")
# These have an effect only where answers are sampled.
SAMPLING = ("top_k", "top_p", "min_p")


@dataclass
class Generation:
    """How answers are generated, by LightEval's names.

    Parameters:
        temperature: 0 is greedy, and then nothing else about sampling may be set.
        top_k, top_p, min_p, presence_penalty, frequency_penalty, repetition_penalty: as in transformers and vLLM; null
            for none (neither a server's defaults nor the model's own generation_config.json are used).
        max_new_tokens: null for what each task allows (1024, or less where the answer is a letter).
    """

    __pydantic_config__ = STRICT

    temperature: NonNegativeFloat = 0.0
    top_k: PositiveInt | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: FiniteFloat | None = None
    frequency_penalty: FiniteFloat | None = None
    repetition_penalty: FiniteFloat | None = None
    max_new_tokens: PositiveInt | None = None

    def given(self) -> dict[str, Any]:
        """Return what is set, the temperature always."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass
class ModelEntry:
    """A model with settings of its own.

    Parameters:
        model_name: folder, Hub id, or the name under which an endpoint serves it.
        revision: of a Hub id.
        thinking: in place of the recipe's; "recipe" for the recipe's.
        tokenizer: folder or Hub id of another model, whose tokenizer and chat template are taken: that of the
            fine-tuned one for a base without a template (with its embeddings for tokens that the base lacks), or that
            of a served model, where `model_name` is neither folder nor id; null for its own.
    """

    __pydantic_config__ = STRICT

    model_name: str
    revision: str | None = None
    thinking: Thinking | Literal["recipe"] = "recipe"
    tokenizer: str | None = None


@dataclass
class EvalRecipe:
    """What to evaluate and how. Keys that LightEval has bear LightEval's names.

    Parameters:
        models: local folders, Hub ids or served names, or mappings with `ModelEntry`'s keys; `--model` on the command
            line replaces the list.
        tasks: names of tasks, or groups: luth_fr, luth_en, luth_all, gpqa_fr, musr_fr, bbh_fr.
        output_dir: results lie in `output_dir/results/MODEL/results_*.json`, answers in `output_dir/details/`.
        custom_tasks: Python files of your own with TASKS and, if wanted, GROUPS: docs/how-to/add-a-benchmark.md.
        endpoint: a server to ask; null for the transformers backend, to which the next three keys belong.
        dtype: torch dtype that the model is loaded in.
        batch_size: prompts that are continued side by side.
        batch_tokens: tokens read in one forward pass, where prompts or questions are read; null for 4,096 on a CPU and
            32,768 on a GPU, or as many as half of its free memory holds.
        max_samples: items of every task, or of each by name, the same for every model: LightEval shuffles with a
            fixed seed and takes the first; null, or a task not named, for all.
        system_prompt: put before every conversation; null for what the chat template does by itself.
        tokenisation: of prompts and choices: template for the chat template's own ids, a choice's behind them;
            lighteval for LightEval's habits, to compare with tables made by it: a second beginning of text where the
            template writes one, and the prompt's last line break counted with every choice.
        date: today, for templates that ask for it, so that scores do not depend on the day; a server has its own.
        thinking: goes to the chat template as enable_thinking: true, false, both (two rows), null for nothing.
        generation_parameters: how answers are generated.
        thinking_generation_parameters: the same while thinking, with 8192 new tokens unless they are set.
        reasoning_tags: pairs that open and close a thought.
        num_runs: generate every answer so many times, each time with another seed, where it is sampled.
        seed: of the first run; the second has the next number, and so on.
        bad_rows: what to do with a dataset's row that makes no item: stop, or skip it, counted and named.
    """

    models: list[str | ModelEntry]
    tasks: list[str]
    output_dir: Folder
    custom_tasks: list[str] = field(default_factory=list)
    endpoint: Endpoint | None = None
    dtype: Literal["float32", "bfloat16", "float16", "auto"] = "bfloat16"
    batch_size: PositiveInt = 128
    batch_tokens: PositiveInt | None = None
    max_samples: PositiveInt | dict[str, PositiveInt] | None = None
    system_prompt: str | None = None
    tokenisation: Literal["template", "lighteval"] = "template"
    date: datetime.date = datetime.date(2025, 1, 1)
    thinking: Thinking = None
    generation_parameters: Generation = field(default_factory=Generation)
    thinking_generation_parameters: Generation = field(default_factory=Generation)
    reasoning_tags: list[tuple[str, str]] = field(default_factory=lambda: [("<think>", "</think>")])
    num_runs: PositiveInt = 1
    seed: int = 0
    bad_rows: Literal["stop", "skip"] = "stop"

    def entries(self) -> list[ModelEntry]:
        """Return the models, each with its own settings."""
        return [model if isinstance(model, ModelEntry) else ModelEntry(model) for model in self.models]

    def samples(self, task: str) -> int | None:
        """Return how many items of a task are evaluated, None for all."""
        return self.max_samples.get(task) if isinstance(self.max_samples, dict) else self.max_samples

    def conflicts(self) -> list[str]:
        """Return what the types of the keys do not say: empty lists, repetitions, values that exclude each other."""
        lines = []
        if not self.models:
            lines.append("models: the list is empty: name a model, or give one with --model")
        models = [(os.path.normpath(entry.model_name), entry.revision) for entry in self.entries()]
        lines += [
            f"models: {name} is there twice" for name, _ in dict.fromkeys(m for m in models if models.count(m) > 1)
        ]
        if not self.tasks:
            lines.append("tasks: the list is empty: name a task or a group, such as luth_all")
        for key in ("generation_parameters", "thinking_generation_parameters"):
            lines += self._generation_conflicts(key, getattr(self, key).given())
        if not all(start and end for start, end in self.reasoning_tags):
            lines.append("reasoning_tags: a tag is empty")
        if self.endpoint:
            return lines + self._endpoint_conflicts(self.endpoint)
        return lines

    def _endpoint_conflicts(self, endpoint: Endpoint) -> list[str]:
        lines = [f"endpoint: {problem}" for problem in endpoint.conflicts()]
        if any(entry.revision for entry in self.entries()):
            lines.append("models: a server has no revisions: leave revision out, or load the model yourself")
        return lines

    def _generation_conflicts(self, recipe_key: str, parameters: dict[str, Any]) -> list[str]:
        lines = []
        for key in parameters:
            if key not in LOCAL and not self.endpoint:
                lines.append(f"{recipe_key}: the transformers backend has no {key}: use an endpoint, or leave it out")
            if key in SAMPLING and parameters["temperature"] == 0:
                lines.append(f"{recipe_key}: {key} has no effect at temperature 0: set a temperature, or leave it out")
        return lines


@dataclass
class Row:
    """One line of the table of scores: a model in one mode and one run, with the tasks that it is evaluated on.

    `scoring` says how a server's log-likelihoods are had; None where they are not, and on the transformers backend.
    `tokenizer` is the model whose tokenizer is taken; None for the model's own.
    """

    model: str
    revision: str | None
    thinking: bool | None
    tasks: list[str]
    generation: Generation
    seed: int
    run: int | None
    scoring: Any = None
    tokenizer: str | None = None

    @property
    def suffix(self) -> str:
        """What tells this row from the same model's others, in names of folders and in tables."""
        mode = {None: "", True: "@thinking", False: "@no-thinking"}[self.thinking]
        revision = f"@{self.revision.replace('/', '-')}" if self.revision else ""
        return revision + mode + (f"@run-{self.run}" if self.run is not None else "")


def rows(recipe: EvalRecipe, tasks: list[str], log_likelihood: list[str]) -> list[Row]:
    """Lay out the table's rows: every model, in every mode that its settings name, and every run.

    Log-likelihood tasks never think, and nothing of theirs is sampled: they are in the first row that does not think.
    """
    table: list[Row] = []
    for entry in recipe.entries():
        modes = recipe.thinking if entry.thinking == "recipe" else entry.thinking
        for thinking in [False, True] if modes == "both" else [modes]:
            generation = recipe.thinking_generation_parameters if thinking else recipe.generation_parameters
            if thinking and generation.max_new_tokens is None:
                generation = replace(generation, max_new_tokens=THINKING_TOKENS)
            runs = recipe.num_runs if generation.temperature > 0 else 1
            for run in range(1, runs + 1):
                own_tasks = [task for task in tasks if task not in log_likelihood or (not thinking and run == 1)]
                if own_tasks:
                    number = run if runs > 1 else None
                    seed = recipe.seed + run - 1
                    row = Row(entry.model_name, entry.revision, thinking, own_tasks, generation, seed, number)
                    table.append(replace(row, tokenizer=entry.tokenizer))
        if modes is True and log_likelihood:
            plain = recipe.generation_parameters
            row = Row(entry.model_name, entry.revision, False, log_likelihood, plain, recipe.seed, None)
            table.append(replace(row, tokenizer=entry.tokenizer))
    return table

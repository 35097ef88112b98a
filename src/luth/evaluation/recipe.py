"""The keys of an evaluation recipe."""

import math
import os
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict

from luth.core.errors import UserError

# What a task allows an answer, no thought fits into.
THINKING_TOKENS = 8192
Thinking = bool | Literal["both"] | None
STRICT = ConfigDict(extra="forbid")
# Of LightEval's generation parameters, those that an answer can depend on here; the backends take different ones.
LOCAL = ("temperature", "top_k", "top_p", "min_p", "max_new_tokens")
RANGES = {
    "temperature": (0, math.inf),
    "top_k": (1, math.inf),
    "top_p": (1e-9, 1),
    "min_p": (0, 1),
    "max_new_tokens": (1, math.inf),
}
REMOTE = (*LOCAL, "presence_penalty", "frequency_penalty", "repetition_penalty")


@dataclass
class Generation:
    """How answers are generated, by LightEval's names.

    Parameters:
        temperature: 0 is greedy, and then nothing else about sampling may be set.
        top_k, top_p, min_p, presence_penalty, frequency_penalty, repetition_penalty: as in transformers and vLLM; null
            for none (the model's own generation_config.json is not used).
        max_new_tokens: null for what each task allows (1024, or less where the answer is a letter).
    """

    __pydantic_config__ = STRICT

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    max_new_tokens: int | None = None

    def given(self) -> dict[str, Any]:
        """Return what is set, the temperature always."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass
class Endpoint:
    """An OpenAI-compatible server, such as `vllm serve` or `transformers serve`.

    Parameters:
        base_url: up to and with /v1.
        api_key_env: the environment variable that holds the key, if the server wants one; the key itself is never
            written anywhere.
        concurrent_requests: how many are under way at a time.
        timeout: seconds after which a request is given up and sent again.
        api_max_retry: how often a request is sent again, each time after a longer wait, before its item counts as
            failed.
    """

    __pydantic_config__ = STRICT

    base_url: str
    api_key_env: str = "OPENAI_API_KEY"
    concurrent_requests: int = 8
    timeout: float = 600.0
    api_max_retry: int = 6


@dataclass
class ModelEntry:
    """A model with settings of its own.

    Parameters:
        model_name: folder, Hub id, or the name under which an endpoint serves it.
        revision: of a Hub id.
        thinking: in place of the recipe's; "recipe" for the recipe's.
    """

    __pydantic_config__ = STRICT

    model_name: str
    revision: str | None = None
    thinking: Thinking | Literal["recipe"] = "recipe"


@dataclass
class EvalRecipe:
    """What to evaluate and how. Keys that LightEval has bear LightEval's names.

    Parameters:
        models: local folders, Hub ids or served names, or mappings with `ModelEntry`'s keys; `--model` on the command
            line replaces the list.
        tasks: names from src/luth/tasks.py, or groups: luth_fr, luth_en, luth_all, gpqa_fr, musr_fr, bbh_fr.
        output_dir: results lie in `output_dir/results/MODEL/results_*.json`, answers in `output_dir/details/`.
        endpoint: a server to ask; null for the transformers backend, to which the next three keys belong.
        dtype: torch dtype that the model is loaded in.
        batch_size: prompts that are continued side by side.
        batch_tokens: tokens read in one forward pass, where prompts or questions are read.
        max_samples: items of every task, or of each by name, the same for every model: LightEval shuffles with a
            fixed seed and takes the first; null, or a task not named, for all.
        system_prompt: put before every conversation; null for what the chat template does by itself.
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
    output_dir: str
    endpoint: Endpoint | None = None
    dtype: Literal["float32", "bfloat16", "float16", "auto"] = "bfloat16"
    batch_size: int = 128
    batch_tokens: int = 4096
    max_samples: int | dict[str, int] | None = None
    system_prompt: str | None = None
    thinking: Thinking = None
    generation_parameters: Generation = field(default_factory=Generation)
    thinking_generation_parameters: Generation = field(default_factory=Generation)
    reasoning_tags: list[tuple[str, str]] = field(default_factory=lambda: [("<think>", "</think>")])
    num_runs: int = 1
    seed: int = 0
    bad_rows: Literal["stop", "skip"] = "stop"

    def entries(self) -> list[ModelEntry]:
        """Return the models, each with its own settings."""
        return [model if isinstance(model, ModelEntry) else ModelEntry(model) for model in self.models]

    def samples(self, task: str) -> int | None:
        """Return how many items of a task are evaluated, None for all."""
        return self.max_samples.get(task) if isinstance(self.max_samples, dict) else self.max_samples

    def check(self) -> None:
        """Raise `UserError` for values that no evaluation can have."""
        for name in ("batch_size", "batch_tokens", "num_runs"):
            if getattr(self, name) < 1:
                raise UserError("bad-recipe-value", f"{name}: {getattr(self, name)} is less than 1")
        if not self.models:
            raise UserError("bad-recipe-value", "models: the list is empty: name a model, or give one with --model")
        names = [(os.path.normpath(entry.model_name), entry.revision) for entry in self.entries()]
        for name, revision in names:
            if names.count((name, revision)) > 1:
                raise UserError("bad-recipe-value", f"models: {name} is there twice")
        if not self.tasks:
            raise UserError("bad-recipe-value", "tasks: the list is empty: name a task or a group, such as luth_fr")
        for name in ("generation_parameters", "thinking_generation_parameters"):
            self._check_generation(name, getattr(self, name).given())
        if not all(start and end for start, end in self.reasoning_tags):
            raise UserError("bad-recipe-value", "reasoning_tags: a tag is empty")
        if self.endpoint:
            self._check_endpoint(self.endpoint)

    def _check_endpoint(self, endpoint: Endpoint) -> None:
        address = urlsplit(endpoint.base_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UserError(
                "bad-recipe-value", f"base_url: {endpoint.base_url!r} is no address: http://HOST:PORT/v1 is one"
            )
        if address.username or address.password:
            raise UserError(
                "bad-recipe-value",
                "base_url: put the key into the environment variable that api_key_env names, not here",
            )
        for name, least in (("concurrent_requests", 1), ("timeout", 0.001), ("api_max_retry", 0)):
            if getattr(endpoint, name) < least:
                raise UserError("bad-recipe-value", f"{name}: {getattr(endpoint, name)} is less than {least}")
        if any(entry.revision for entry in self.entries()):
            raise UserError(
                "bad-recipe-value",
                "models: a revision cannot be asked of a server: leave it out, or load the model yourself",
            )

    def _check_generation(self, name: str, given: dict[str, Any]) -> None:
        known = REMOTE if self.endpoint else LOCAL
        for key, value in given.items():
            if key not in known:
                raise UserError(
                    "bad-recipe-value",
                    f"{name}: the transformers backend has no {key}: use an endpoint, or leave it out",
                )
            if key in ("top_k", "top_p", "min_p") and given["temperature"] == 0:
                raise UserError(
                    "bad-recipe-value",
                    f"{name}: {key} has no effect at temperature 0: set a temperature, or leave it out",
                )
            least, most = RANGES.get(key, (-math.inf, math.inf))
            if not least <= value <= most:
                raise UserError("bad-recipe-value", f"{name}: {key}: {value} is not from {least} to {most}")


@dataclass
class Row:
    """One line of the table: a model in one mode and one run, with the tasks that it is asked."""

    model: str
    revision: str | None
    thinking: bool | None
    tasks: list[str]
    generation: Generation
    seed: int
    run: int | None

    @property
    def suffix(self) -> str:
        """What tells this row from the same model's others, in names of folders and in tables."""
        mode = {None: "", True: "@thinking", False: "@no-thinking"}[self.thinking]
        revision = f"@{self.revision.replace('/', '-')}" if self.revision else ""
        return revision + mode + (f"@run-{self.run}" if self.run is not None else "")


def rows(recipe: EvalRecipe, tasks: list[str], log_likelihood: list[str]) -> list[Row]:
    """Lay out a recipe's rows: every model, in every mode it is asked in, and every run.

    Log-likelihood tasks never think and nothing of theirs is drawn: one run of them, not thinking.
    """
    found: list[Row] = []
    for model in recipe.entries():
        wanted = recipe.thinking if model.thinking == "recipe" else model.thinking
        for thinking in [False, True] if wanted == "both" else [wanted]:
            generation = recipe.thinking_generation_parameters if thinking else recipe.generation_parameters
            if thinking and generation.max_new_tokens is None:
                generation = replace(generation, max_new_tokens=THINKING_TOKENS)
            several = recipe.num_runs if generation.temperature > 0 else 1
            for run in range(1, several + 1):
                asked = [task for task in tasks if task not in log_likelihood or (not thinking and run == 1)]
                if asked:
                    number = run if several > 1 else None
                    seed = recipe.seed + run - 1
                    found.append(Row(model.model_name, model.revision, thinking, asked, generation, seed, number))
        if wanted is True and log_likelihood:
            plain = recipe.generation_parameters
            found.append(Row(model.model_name, model.revision, False, log_likelihood, plain, recipe.seed, None))
    return found

"""Models whose layers mix positions by attention alone: sequences lie side by side, and nothing is padded.

Log-likelihoods: a question's context is computed once, its choices behind it, each seeing the context and itself, at
the positions it would have alone; the output projection runs only where a choice's token is predicted. Generation: a
prompt takes the place of one that is finished, instead of waiting for the slowest of its batch.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import PreTrainedModel

from luth.checkpoints.families import all_full_attention
from luth.core.memory import free_memory
from luth.evaluation.inference.attention import SIDE_BY_SIDE, Cache, Layout, NextTokens, Sequences, token_bytes
from luth.evaluation.inference.questions import Completion, Likelihood, Prompt, Question, scored
from luth.evaluation.inference.sampling import Sampling, generator

# On CPUs PyTorch multiplies a bfloat16 matrix of fewer rows 10 to 30 times slower, so steps are filled up to these.
FEWEST_ROWS_ON_CPU = 16


def fits(model: PreTrainedModel) -> bool:
    """Tell whether this model's layers are all full attention, which takes a layout."""
    return all_full_attention(model.config)


def _forward(
    model: PreTrainedModel, tokens: list[int], positions: list[int], where: list[int], layout: Layout
) -> torch.Tensor:
    """Return the logits that follow the tokens at `where`: (len(where), vocabulary)."""
    device = model.device
    before: Any = model.config._attn_implementation
    model.set_attn_implementation(SIDE_BY_SIDE)
    try:
        output = model(
            input_ids=torch.tensor([tokens], device=device),
            position_ids=torch.tensor([positions], device=device),
            logits_to_keep=torch.tensor(where, device=device),
            use_cache=False,
            layout=layout,
        )
    finally:
        model.set_attn_implementation(before)
    return output.logits[0]


@torch.inference_mode()
def likelihoods(
    model: PreTrainedModel, questions: list[Question], batch_tokens: int
) -> Iterator[tuple[Question, Likelihood]]:
    """Score every question's continuations, about `batch_tokens` tokens in a forward pass."""
    batch: list[Question] = []
    size = 0
    for question in questions:
        length = len(question.context) + sum(len(tokens) - 1 for tokens in question.continuations)
        if batch and size + length > batch_tokens:
            yield from _score(model, batch)
            batch, size = [], 0
        batch.append(question)
        size += length
    if batch:
        yield from _score(model, batch)


def _score(model: PreTrainedModel, batch: list[Question]) -> Iterator[tuple[Question, Likelihood]]:
    tokens: list[int] = []
    positions: list[int] = []
    where: list[int] = []
    lengths, masks = [], []
    for question in batch:
        start, end = len(tokens), len(question.context)
        tokens += question.context
        positions += range(end)
        for continuation in question.continuations:
            # The last token of a continuation is predicted, and predicts nothing.
            first = len(tokens)
            tokens += continuation[:-1]
            positions += range(end, end + len(continuation) - 1)
            where += [start + end - 1, *range(first, len(tokens))]
        lengths.append(len(tokens) - start)
        masks.append(_mask(question, model.device))
    logits = _forward(model, tokens, positions, where, Sequences(lengths, masks))
    yield from scored(batch, logits)


def _mask(question: Question, device: torch.device) -> torch.Tensor | None:
    """Return which tokens see which, or None where attention is causal: at most one choice has tokens of its own."""
    sizes = [len(tokens) - 1 for tokens in question.continuations if len(tokens) > 1]
    if len(sizes) < 2:
        return None
    end = len(question.context)
    seen = torch.ones((end + sum(sizes),) * 2, dtype=torch.bool, device=device).tril_()
    start = end
    for size in sizes:
        seen[start : start + size, end:start] = False
        start += size
    return seen


@dataclass
class _Running:
    """A prompt that is being continued."""

    prompt: Prompt
    draws: torch.Generator
    new: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        return len(self.prompt.tokens) + len(self.new)


@torch.inference_mode()
def completions(
    model: PreTrainedModel,
    prompts: list[Prompt],
    sampling: Sampling,
    stop_tokens: set[int],
    batch_size: int,
    batch_tokens: int,
    advance: Callable[[int], object] = lambda tokens: None,
) -> Iterator[tuple[Prompt, Completion]]:
    """Continue every prompt until a stop token or its `max_new_tokens`, at most `batch_size` prompts at a time.

    There are fewer at a time where half of the free memory does not hold so many at their longest. A prompt's place is
    given to the next one as soon as a few are free, so that several prompts are read in one forward pass. `advance` is
    told how many tokens each step adds.
    """
    waiting = list(reversed(prompts))
    running: list[_Running] = []
    longest = max(len(prompt.tokens) + prompt.max_new_tokens for prompt in prompts)
    size = places(min(batch_size, len(prompts)), longest * token_bytes(model), free_memory(model.device))
    cache = Cache(model.config, rows_of_a_step(size, model.device), model.dtype, model.device)
    while waiting or running:
        if waiting and size - len(running) >= (max(1, size // 8) if running else 1):
            free = size - len(running)
            fresh = _read(model, waiting, free, cache, len(running), batch_tokens, sampling)
            running += fresh
            advance(len(fresh))
        else:
            _step(model, running, cache, sampling)
            advance(len(running))
        row = len(running) - 1
        while row >= 0:
            state = running[row]
            stopped = state.new[-1] in stop_tokens
            if stopped or len(state.new) >= state.prompt.max_new_tokens:
                yield state.prompt, Completion(state.new[:-1] if stopped else state.new, truncated=not stopped)
                last = running.pop()
                if row < len(running):
                    cache.move(len(running), row, last.length)
                    running[row] = last
            row -= 1


def places(wanted: int, place_bytes: int, free: int) -> int:
    """Return how many prompts are continued at a time: at most `wanted`, and what half of the free memory holds.

    `place_bytes` are what the keys and values of the longest prompt and answer take, `free` the bytes that are free.
    """
    return max(1, min(wanted, free // 2 // place_bytes))


def rows_of_a_step(running: int, device: torch.device) -> int:
    """Return how many rows a step computes, and the cache holds, for so many running prompts: idle ones on a CPU."""
    return max(running, FEWEST_ROWS_ON_CPU) if device.type == "cpu" else running


def _read(
    model: PreTrainedModel,
    waiting: list[Prompt],
    free: int,
    cache: Cache,
    row: int,
    batch_tokens: int,
    sampling: Sampling,
) -> list[_Running]:
    """Take prompts from the end of `waiting` into `free` rows of the cache from `row` on, and begin each one."""
    fresh: list[_Running] = []
    size = 0
    while waiting and len(fresh) < free and (not fresh or size + len(waiting[-1].tokens) <= batch_tokens):
        prompt = waiting.pop()
        fresh.append(_Running(prompt, generator(prompt.seed)))
        size += len(prompt.tokens)
    lengths = [state.length for state in fresh]
    cache.make_room(max(lengths) + 1)
    ends = torch.tensor(lengths).cumsum(0) - 1
    logits = _forward(
        model,
        [token for state in fresh for token in state.prompt.tokens],
        [position for length in lengths for position in range(length)],
        ends.tolist(),
        Sequences(lengths, [None] * len(fresh), cache, row),
    )
    _extend(fresh, logits, sampling)
    return fresh


def _step(model: PreTrainedModel, running: list[_Running], cache: Cache, sampling: Sampling) -> None:
    """Add one token to every running prompt."""
    idle = [0] * (rows_of_a_step(len(running), model.device) - len(running))
    positions = [state.length - 1 for state in running]
    cache.make_room(max(positions) + 1)
    layout = NextTokens(cache, torch.tensor(positions + idle, device=model.device))
    tokens = [state.new[-1] for state in running] + idle
    logits = _forward(model, tokens, positions + idle, list(range(len(tokens))), layout)
    _extend(running, logits[: len(running)], sampling)


def _extend(running: list[_Running], logits: torch.Tensor, sampling: Sampling) -> None:
    tokens = sampling.next_tokens(logits, [state.draws for state in running])
    for state, token in zip(running, tokens, strict=True):
        state.new.append(token)

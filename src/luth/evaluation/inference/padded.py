"""Any causal language model: one padded row a choice or prompt, the output projection only where it is needed."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, PreTrainedModel

from luth.evaluation.inference.questions import Completion, Likelihood, Prompt, Question, scored
from luth.evaluation.inference.sampling import Sampling, generator


@torch.inference_mode()
def likelihoods(
    model: PreTrainedModel, questions: list[Question], batch_tokens: int
) -> Iterator[tuple[Question, Likelihood]]:
    """Score every question's continuations, about `batch_tokens` tokens, padding included, in a forward pass.

    Choices of one token each share one row. Padding is on the right, where a causal model does not see it.
    """
    batch: list[Question] = []
    for question in sorted(questions, key=lambda question: -_longest(question)):
        if batch and _longest(batch[0]) * sum(_rows(one) for one in (*batch, question)) > batch_tokens:
            yield from _score(model, batch)
            batch = []
        batch.append(question)
    if batch:
        yield from _score(model, batch)


def _rows(question: Question) -> int:
    return 1 if all(len(tokens) == 1 for tokens in question.continuations) else len(question.continuations)


def _longest(question: Question) -> int:
    return len(question.context) + max(len(tokens) for tokens in question.continuations) - 1


def _score(model: PreTrainedModel, batch: list[Question]) -> Iterator[tuple[Question, Likelihood]]:
    length = max(_longest(question) for question in batch)
    tokens, rows, columns = [], [], []
    for question in batch:
        for number, continuation in enumerate(question.continuations):
            if number == 0 or _rows(question) > 1:
                row = question.context + continuation[:-1]
                tokens.append(row + [0] * (length - len(row)))
            rows += [len(tokens) - 1] * len(continuation)
            columns += range(len(question.context) - 1, len(question.context) - 1 + len(continuation))
    where = (torch.tensor(rows), torch.tensor(columns))
    projection: Any = model.get_output_embeddings()
    hook = projection.register_forward_pre_hook(lambda _, hidden: (hidden[0][where],))
    try:
        # No mask: what is on the right is not seen, and without one the fastest attention runs.
        logits = model(input_ids=torch.tensor(tokens, device=model.device), use_cache=False).logits
    finally:
        hook.remove()
    yield from scored(batch, logits)


@torch.inference_mode()
def completions(
    model: PreTrainedModel,
    prompts: list[Prompt],
    sampling: Sampling,
    stop_tokens: set[int],
    batch_size: int,
    advance: Callable[[int], object] = lambda tokens: None,
) -> Iterator[tuple[Prompt, Completion]]:
    """Continue every prompt with transformers' `generate`, `batch_size` prompts of like length at a time.

    `advance` is told how many tokens each step adds.
    """
    queue = sorted(prompts, key=lambda prompt: (prompt.max_new_tokens, len(prompt.tokens)))
    while queue:
        size = next((n for n, one in enumerate(queue) if one.max_new_tokens != queue[0].max_new_tokens), len(queue))
        batch, queue = queue[: min(batch_size, size)], queue[min(batch_size, size) :]
        length = max(len(prompt.tokens) for prompt in batch)
        pad = min(stop_tokens)
        padding = [length - len(prompt.tokens) for prompt in batch]
        draws = [generator(prompt.seed) for prompt in batch]
        generating: Any = model
        output = generating.generate(
            torch.tensor([[pad] * n + one.tokens for n, one in zip(padding, batch, strict=True)], device=model.device),
            attention_mask=torch.tensor([[0] * n + [1] * (length - n) for n in padding], device=model.device),
            generation_config=_greedy(batch[0].max_new_tokens, stop_tokens, pad),
            logits_processor=LogitsProcessorList(
                [_Counted(length, stop_tokens, advance), *([_Drawn(sampling, draws)] if sampling.temperature else [])]
            ),
        )
        for prompt, row in zip(batch, output[:, length:].tolist(), strict=True):
            end = next((at for at, token in enumerate(row) if token in stop_tokens), None)
            yield prompt, Completion(row[:end], truncated=end is None)


class _Counted(LogitsProcessor):
    """Counts the rows that a step continues: those without a stop token behind the prompt, which is `length` long."""

    def __init__(self, length: int, stop_tokens: set[int], advance: Callable[[int], object]) -> None:
        self.length, self.stop_tokens, self.advance = length, torch.tensor(sorted(stop_tokens)), advance

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        stopped = torch.isin(input_ids[:, self.length :], self.stop_tokens.to(input_ids.device)).any(1)
        self.advance(len(stopped) - int(stopped.sum()))
        return scores


class _Drawn(LogitsProcessor):
    """Draws each row's token from the row's own generator and rules out all others; greedy generation takes it."""

    def __init__(self, sampling: Sampling, draws: list[torch.Generator]) -> None:
        self.sampling, self.draws = sampling, draws

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        chosen = torch.tensor(self.sampling.next_tokens(scores, self.draws), device=scores.device)
        return torch.full_like(scores, float("-inf")).scatter_(-1, chosen[:, None], 0.0)


def _greedy(max_new_tokens: int, stop_tokens: set[int], pad: int) -> GenerationConfig:
    """Set every parameter: transformers takes those left out from the model's own generation_config.json."""
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        eos_token_id=sorted(stop_tokens),
        pad_token_id=pad,
        do_sample=False,
        temperature=None,
        top_k=None,
        top_p=None,
        min_p=None,
        repetition_penalty=1.0,
    )

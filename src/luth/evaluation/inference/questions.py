"""What a model is asked, in tokens, and what it answers."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass
class Question:
    """A context and the continuations whose likelihood is wanted, in tokens; `index` is its place in the request."""

    index: int
    context: list[int]
    continuations: list[list[int]]


@dataclass
class Likelihood:
    """For each continuation: its log-probability in nats, and whether it is what greedy decoding would give."""

    logprobs: list[float]
    greedy: list[bool]


@dataclass
class Prompt:
    """A prompt to continue, in tokens, by `max_new_tokens` at most; `seed` decides what is sampled for it."""

    index: int
    tokens: list[int]
    max_new_tokens: int
    seed: int = 0


@dataclass
class Completion:
    """The tokens that continue a prompt, the token that ends them left out; `truncated`: there was no such token."""

    tokens: list[int]
    truncated: bool


def scored(batch: list[Question], logits: torch.Tensor) -> Iterator[tuple[Question, Likelihood]]:
    """Score every continuation of a batch.

    `logits` (tokens, vocabulary) predict the tokens of all continuations, in the batch's order. log_softmax rounds as
    LightEval's does: logsumexp is nearer to float64, and over 50 tokens further than 1e-4 from LightEval.
    """
    wanted = torch.tensor([t for q in batch for c in q.continuations for t in c], device=logits.device)
    scores = logits.log_softmax(-1).gather(-1, wanted[:, None]).squeeze(-1).tolist()
    greedy = (logits.argmax(-1) == wanted).tolist()
    at = 0
    for question in batch:
        found = Likelihood([], [])
        for continuation in question.continuations:
            stop = at + len(continuation)
            found.logprobs.append(sum(scores[at:stop]))
            found.greedy.append(all(greedy[at:stop]))
            at = stop
        yield question, found

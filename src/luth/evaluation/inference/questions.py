"""Questions and prompts for a model, in tokens, and its answers."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

# How many logits are scored at once: on a CPU as many as its cache holds, on a GPU 1 GiB in fp32.
CPU_ELEMENTS = 2**22
GPU_ELEMENTS = 2**28


@dataclass
class Question:
    """A context and the continuations to score, in tokens; `index` is the question's place among the requests."""

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
    """A prompt in tokens, continued by at most `max_new_tokens`; `seed` decides which tokens are sampled for it."""

    index: int
    tokens: list[int]
    max_new_tokens: int
    seed: int = 0


@dataclass
class Completion:
    """The tokens that continue a prompt, without the stop token; `truncated` where none came."""

    tokens: list[int]
    truncated: bool


def scored(batch: list[Question], logits: torch.Tensor) -> Iterator[tuple[Question, Likelihood]]:
    """Score every continuation of a batch.

    `logits` (tokens, vocabulary) predict the tokens of all continuations, in the batch's order. log_softmax rounds as
    LightEval's own computation does. logsumexp would be more exact, and over 50 tokens more than 1e-4 from LightEval.
    """
    wanted = torch.tensor([t for q in batch for c in q.continuations for t in c], device=logits.device)
    rows = max(1, (CPU_ELEMENTS if logits.device.type == "cpu" else GPU_ELEMENTS) // logits.shape[-1])
    parts = [_scored(*part) for part in zip(logits.split(rows), wanted.split(rows), strict=True)]
    scores, greedy = (torch.cat(found).tolist() for found in zip(*parts, strict=True))
    at = 0
    for question in batch:
        likelihood = Likelihood([], [])
        for continuation in question.continuations:
            stop = at + len(continuation)
            likelihood.logprobs.append(sum(scores[at:stop]))
            likelihood.greedy.append(all(greedy[at:stop]))
            at = stop
        yield question, likelihood


def _scored(logits: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    logits = logits.float()
    return logits.log_softmax(-1).gather(-1, wanted[:, None]).squeeze(-1), logits.argmax(-1) == wanted

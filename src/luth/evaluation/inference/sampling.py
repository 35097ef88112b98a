"""The next token: the likeliest, or one drawn by a random generator of the prompt's own."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn, by transformers' names. Temperature 0 is greedy, and then nothing else may be set."""

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None

    def warpers(self) -> LogitsProcessorList:
        """Return transformers' own warpers, in the order in which its `generate` applies them."""
        warpers = LogitsProcessorList([TemperatureLogitsWarper(float(self.temperature))])
        if self.top_k:
            warpers.append(TopKLogitsWarper(self.top_k))
        if self.top_p is not None and self.top_p < 1:
            warpers.append(TopPLogitsWarper(self.top_p))
        if self.min_p:
            warpers.append(MinPLogitsWarper(self.min_p))
        return warpers

    def next_tokens(self, logits: torch.Tensor, generators: list[torch.Generator]) -> list[int]:
        """Choose a token for every row of `logits` (rows, vocabulary).

        Each row draws from its own generator: its tokens depend neither on the other rows of the batch nor on where a
        killed run goes on.
        """
        # Of bfloat16 a CPU finds the largest slower than it turns it into fp32.
        logits = logits.float()
        if self.temperature == 0:
            return logits.argmax(-1).tolist()
        # The warpers do not look at the tokens so far, their first argument.
        no_tokens: Any = None
        probabilities = self.warpers()(no_tokens, logits).softmax(-1)
        draws = torch.stack([torch.rand(1, generator=generator, dtype=torch.float64) for generator in generators])
        # The probabilities of 128 rows are 78 MB: they stay on their device, and the draws go there. In float64 the
        # order in which a device adds them up changes no token.
        cumulative = probabilities.double().cumsum(-1)
        thresholds = draws.to(cumulative.device) * cumulative[:, -1:]
        drawn = torch.searchsorted(cumulative, thresholds, right=True).squeeze(-1)
        return drawn.clamp(max=logits.shape[-1] - 1).tolist()


def generator(seed: int) -> torch.Generator:
    """Return a random generator on the CPU, so that a seed draws the same on every device."""
    return torch.Generator().manual_seed(seed)

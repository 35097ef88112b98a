"""How many tokens a run has, and how long its rows and micro-batches are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from luth.core.errors import UserError
from luth.training.planning.footprint import MicroBatch
from luth.training.planning.setting import Setting

# Rows of a source that are tokenised.
SAMPLE = 1000
# How full packs are: the best-fit packing of rows whose mean is a thirtieth of a pack leaves less than 1.5% free.
FILLED = 0.985
# Global batches that stand for all.
BATCHES = 20


@dataclass(frozen=True)
class Tokens:
    """The rows of an epoch, of which a sample was looked at.

    Attributes:
        rows: how many there are to train on.
        total: their tokens.
        error: one standard error of the total, as a part of it; 0 where every row was looked at.
        lengths: tokens of the rows of the sample, shape (sampled,).
        weights: how many rows each of them stands for, shape (sampled,).
        trained: the part of the tokens that is trained.
        longest: the most tokens of a row; None where not every row was looked at: it may have max_length.
    """

    rows: int
    total: float
    error: float
    lengths: numpy.ndarray
    weights: numpy.ndarray
    trained: float
    longest: int | None

    @property
    def reach(self) -> float:
        """The mean over tokens of their row's length."""
        squares = float((self.lengths.astype(float) ** 2 * self.weights).sum())
        return squares / float((self.lengths * self.weights).sum())


@dataclass(frozen=True)
class Batches:
    """The micro-batches of a run.

    Attributes:
        mean, largest: one of them; with padding.
        reach: as of `time`.
        tokens: of a mean one, without padding.
        steps: optimiser steps of an epoch.
    """

    mean: MicroBatch
    largest: MicroBatch
    reach: float
    tokens: float
    steps: float


def assumed(total: float, mean: float, trained: float, error: float = 0.0) -> Tokens:
    """Return tokens of which only the total and the mean are known: lengths as they are in Luth-SFT, exponential.

    Args:
        total: tokens of an epoch.
        mean: tokens of a row.
        trained: the part that is trained.
        error: of the total, as a part of it.
    """
    chance = (numpy.arange(SAMPLE) + 0.5) / SAMPLE
    lengths = numpy.maximum(1, -mean * numpy.log1p(-chance)).round().astype(int)
    rows = max(1, round(total / mean))
    return Tokens(rows, total, error, lengths, numpy.full(SAMPLE, rows / SAMPLE), trained, None)


def counted(
    sources: Sequence[tuple[int, Sequence[int], Sequence[int]]], max_length: int | None, held_out: float = 0.0
) -> Tokens:
    """Estimate an epoch's tokens from a sample of each source.

    Args:
        sources: of each the number of its rows, and of its sampled rows the tokens and the trained tokens; 0 tokens
            for a row that cannot be trained on.
        max_length: longer rows are dropped.
        held_out: the part of the rows that is not trained on, or from 1 on their number.

    Raises:
        UserError: no row of the sample can be trained on.
    """
    rows, total, variance, trained, whole = 0.0, 0.0, 0.0, 0.0, True
    lengths, weights = [], []
    for size, tokens, of_them in sources:
        read, scored = numpy.array(tokens), numpy.array(of_them)
        kept = (read > 0) & (read <= (max_length or numpy.inf))
        each = size / len(read)
        rows += each * kept.sum()
        total += each * read[kept].sum()
        trained += each * scored[kept].sum()
        if len(read) < size:
            whole = False
            variance += size**2 * float(numpy.where(kept, read, 0).var()) / len(read)
        lengths.append(read[kept])
        weights.append(numpy.full(kept.sum(), each))
    seen = numpy.concatenate(lengths)
    if len(seen) == 0:
        raise UserError("no-rows-left", "no row of the sample can be trained on: see --preview 0")
    left = 1 - (held_out if held_out < 1 else min(1.0, held_out / rows))
    return Tokens(
        round(rows * left),
        total * left,
        float(variance**0.5 / total),
        seen,
        numpy.concatenate(weights) * left,
        float(trained / total),
        int(seen.max()) if whole else None,
    )


def batches_of(recipe: dict[str, Any], setting: Setting, tokens: Tokens) -> Batches:
    """Return what the micro-batches of a recipe look like.

    Args:
        recipe: its keys; `packing`, `max_length`, the sampling strategy and the batch sizes are read.
        setting: what `setting_of` made of it.
        tokens: of an epoch.
    """
    per_device = int(recipe.get("per_device_train_batch_size") or 8)
    # What longer rows are dropped at; null is no limit.
    most = recipe.get("max_length", 1024) or int(tokens.lengths.max())
    if recipe.get("packing"):
        whole = min(most * per_device, round(tokens.total))
        filled = whole * FILLED
        micro = MicroBatch(round(filled), round(filled * tokens.trained))
        packs = tokens.total / (most * FILLED)
        return Batches(micro, _scored(whole, tokens), tokens.reach, filled, max(1.0, packs // setting.sequences))
    chance = numpy.random.default_rng(0)
    drawn = chance.choice(tokens.lengths, (BATCHES, setting.sequences), p=tokens.weights / tokens.weights.sum())
    if recipe.get("train_sampling_strategy") == "group_by_length":
        drawn.sort(axis=1)
    rows = drawn.reshape(-1, per_device)
    # A padded row costs attention its whole length.
    lengths = rows if setting.packed else numpy.broadcast_to(rows.max(1, keepdims=True), rows.shape)
    reach = float((lengths.astype(float) ** 2).sum() / lengths.sum())
    mean = float(rows.sum(1).mean())
    if tokens.longest is None:
        longest = most * per_device
    elif setting.packed:
        longest = int(numpy.sort(tokens.lengths)[-per_device:].sum())
    else:
        longest = tokens.longest * per_device
    micro = MicroBatch(round(float(lengths.sum(1).mean())), round(mean * tokens.trained))
    return Batches(micro, _scored(longest, tokens), reach, mean, max(1.0, tokens.rows // setting.sequences))


def _scored(longest: int, tokens: Tokens) -> MicroBatch:
    """Return the largest micro-batch: more of its tokens may be trained than of most."""
    return MicroBatch(longest, round(longest * min(1, 1.25 * tokens.trained)))

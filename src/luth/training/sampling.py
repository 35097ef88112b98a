"""The order in which conversations are seen when those of like length share a micro-batch."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class LengthGroupedBatches(Sampler[int]):
    """Random global batches, each sorted by length, so that its micro-batches need little padding.

    The rows of a global batch are as random as without grouping, and so are its loss and gradient. (The sampler of
    transformers sorts 50 batches together and leaves them sorted from long to short: batches of one kind of row, and
    a run of fewer steps sees the long rows only.) The order depends on the seed and the epoch alone, so a resumed run
    repeats it.
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int) -> None:
        """`lengths` are in tokens, `batch_size` in rows per optimiser step over all processes."""
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, as accelerate does at its start."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Rows in an epoch."""
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        """Yield row indices."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        for at in range(0, len(order), self.batch_size):
            yield from sorted(order[at : at + self.batch_size], key=lambda row: -self.lengths[row])

"""The order in which conversations are seen when those of like length share a batch."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

POOL = 16


class LengthGroupedBatches(Sampler[int]):
    """A random order in which every global batch holds rows of like length.

    Rows are shuffled, pools of 16 global batches are sorted by length and cut into batches, and all batches are
    shuffled. (The sampler of transformers leaves each pool of 50 batches sorted from long to short, so that a run of
    fewer steps sees long rows only.) The order depends on the seed and the epoch alone, so a resumed run repeats it.
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
        """Yield row indices; rows that fill no global batch come last."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        size = self.batch_size
        pools = [order[at : at + POOL * size] for at in range(0, len(order), POOL * size)]
        rows = [row for pool in pools for row in sorted(pool, key=lambda row: -self.lengths[row])]
        batches = [rows[at : at + size] for at in range(0, len(rows), size)]
        full = [batch for batch in batches if len(batch) == size]
        for place in torch.randperm(len(full), generator=generator).tolist():
            yield from full[place]
        for batch in batches[len(full) :]:
            yield from batch

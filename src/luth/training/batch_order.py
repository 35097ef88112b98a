"""The order in which rows are seen: whole global batches, the same whatever the number of processes."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from luth.core.errors import UserError


class GlobalBatches(Sampler[int]):
    """Order the rows of an epoch in whole global batches, by the seed and the epoch alone.

    Rows that do not fill a last global batch are left out, different ones in each epoch: a smaller last batch would be
    padded with repeated rows, more of them with more processes. A resumed run repeats the order.

    With `group_by_length` the batches are random too. Only the rows inside each are sorted, so that its micro-batches
    need little padding: loss and gradient are those of a random batch. (The sampler of transformers sorts 50 batches
    together and leaves them sorted from long to short: each batch holds rows of one length, and a short run sees long
    rows only.)
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int, strategy: str) -> None:
        """`lengths` are in tokens, `batch_size` in rows per optimiser step over all processes.

        `strategy` is transformers' train_sampling_strategy: random, group_by_length or sequential.
        """
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.strategy = strategy
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, as accelerate does at its start."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Rows in an epoch."""
        return len(self.lengths) // self.batch_size * self.batch_size

    def __iter__(self) -> Iterator[int]:
        """Yield row indices."""
        order = self._order(self.epoch)
        for at in range(0, len(self), self.batch_size):
            batch = order[at : at + self.batch_size]
            if self.strategy == "group_by_length":
                batch.sort(key=lambda row: -self.lengths[row])
            yield from batch

    def tokens(self, epoch: int) -> list[int]:
        """Return how many tokens each global batch of an epoch has, in turn."""
        order = torch.tensor(self._order(epoch)[: len(self)], dtype=torch.long)
        return torch.tensor(self.lengths)[order].view(-1, self.batch_size).sum(1).tolist()

    def _order(self, epoch: int) -> list[int]:
        rows = len(self.lengths)
        if self.strategy == "sequential":
            return list(range(rows))
        return torch.randperm(rows, generator=torch.Generator().manual_seed(self.seed + epoch)).tolist()


def require_one_batch(rows: int, batch_size: int, kind: str, processes: int | None) -> None:
    """Raise `UserError` if the rows, or packs (their `kind`), do not fill one global batch."""
    if rows < batch_size:
        raise UserError(
            "bad-recipe-value",
            f"{rows} {kind} do not fill one global batch of {batch_size} over {processes} process(es): lower "
            f"global_batch_size, and per_device_train_batch_size or the processes with it",
        )

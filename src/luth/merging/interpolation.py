"""Merges of two checkpoints computed in memory, a tensor at a time, and compared with what MergeKit makes.

SLERP and linear are MergeKit's formulas (merge_methods/slerp.py and linear.py, 0.1.5), in float64 and rounded once.
Methods that add lambda times a task vector to the base lie on the line through the base and MergeKit's merge at lambda
1. methods.py says which method lies where.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch

from luth.checkpoints.models import read_tensor, tensor_files, tensor_shapes
from luth.core.errors import UserError

# Above it two tensors count as parallel, and SLERP is linear between them: MergeKit's dot_threshold.
PARALLEL = 0.9995
# Below it a tensor counts as zero, and has no direction: MergeKit's eps.
ZERO = 1e-8
# float64 copies are made of so many elements at a time.
BLOCK = 1 << 20
# What arithmetic in float32, MergeKit's, may lose against float64, of the larger of the two values.
WORKING_PRECISION = 1e-6


class Pair:
    """Two checkpoints of one shape, the base and the other end, and the merges between them. Tensors stay on disk."""

    def __init__(self, base: Path, other: Path, read_as: torch.dtype, dtype: torch.dtype, spherical: bool) -> None:
        """Read the names of the tensors in both folders' safetensors files.

        Args:
            base: the base's folder.
            other: the other end's folder: the fine-tuned model, or MergeKit's merge at lambda 1.
            read_as: the dtype that values are rounded to before they are merged, as MergeKit does.
            dtype: of the merge.
            spherical: True for merges on the arc between the two (SLERP), False for merges on the line.
        """
        self.dtype, self._read_as, self._spherical = dtype, read_as, spherical
        self._names = list(tensor_shapes(base))
        self._files = (tensor_files(base), tensor_files(other))
        self._cosines: dict[str, float] = {}

    def tensors(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the base's and the other checkpoint's tensor of that name."""
        base, other = (read_tensor(files[name], name).to(self._read_as) for files in self._files)
        return base, other

    def merged(self, share: float) -> Iterator[tuple[str, torch.Tensor]]:
        """Give every tensor of a merge; a share of 0 gives the base's weights, 1 the other checkpoint's."""
        for name in self._names:
            yield name, combine(*self.tensors(name), *self.coefficients(name, share), self.dtype)

    def coefficients(self, name: str, share: float) -> tuple[float, float]:
        """Return the factors of the base's tensor and of the other's, for the tensor `name`."""
        if not self._spherical:
            return 1 - share, share
        # The angle is the same for every share.
        if name not in self._cosines:
            self._cosines[name] = cosine(*self.tensors(name))
        return slerp_coefficients(self._cosines[name], share)


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    """Return the cosine of the angle between two tensors of one shape, taken as vectors; 0 where one is zero."""
    a, b = a.reshape(-1), b.reshape(-1)
    dot = squares_a = squares_b = 0.0
    for x, y in zip(a.split(BLOCK), b.split(BLOCK), strict=True):
        x, y = x.double(), y.double()
        dot += float(x @ y)
        squares_a += float(x @ x)
        squares_b += float(y @ y)
    norms = math.sqrt(squares_a), math.sqrt(squares_b)
    if min(norms) <= ZERO:
        return 0.0
    return max(-1.0, min(1.0, dot / norms[0] / norms[1]))


def slerp_coefficients(cosine: float, t: float) -> tuple[float, float]:
    """Return the factors of the two ends of the arc at `t`, 0 to 1; linear where they are nearly parallel.

    Source: Shoemake, Animating rotation with quaternion curves, 1985; the threshold is MergeKit's.
    """
    if abs(cosine) > PARALLEL or t in (0, 1):
        return 1 - t, t
    angle = math.acos(cosine)
    return math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)


def combine(a: torch.Tensor, b: torch.Tensor, weight_a: float, weight_b: float, dtype: torch.dtype) -> torch.Tensor:
    """Return `weight_a * a + weight_b * b`, rounded once to `dtype`; `a` or `b` itself where the other weighs 0."""
    if (weight_a, weight_b) == (1, 0):
        return a.to(dtype)
    if (weight_a, weight_b) == (0, 1):
        return b.to(dtype)
    result = torch.empty(a.shape, dtype=dtype)
    blocks = (tensor.reshape(-1).split(BLOCK) for tensor in (a, b, result))
    for x, y, out in zip(*blocks, strict=True):
        out.copy_(weight_a * x.double() + weight_b * y.double())
    return result


def require_equal(pair: Pair, share: float, made: Path) -> float:
    """Compare a checkpoint that MergeKit made with the same merge computed in memory.

    Every value may differ by one unit in the last place of the merge's dtype, and by what float32 arithmetic loses.

    Returns:
        the largest difference between two values.

    Raises:
        UserError: a tensor is missing, or differs by more than that.
    """
    files, largest = tensor_files(made), 0.0
    for name, ours in pair.merged(share):
        theirs = read_tensor(files[name], name) if name in files else None
        if theirs is None or theirs.shape != ours.shape:
            raise UserError("bad-merge", f"mergekit-yaml made no tensor {name} of shape {tuple(ours.shape)}")
        terms = sum(abs(weight) for weight in pair.coefficients(name, share))
        parts = (tensor.reshape(-1).split(BLOCK) for tensor in (ours, theirs, *pair.tensors(name)))
        for blocks in zip(*parts, strict=True):
            mine, made_there, base, other = (block.double() for block in blocks)
            # Where one magnitude is just below a power of two, the unit above it is the larger one.
            unit = torch.finfo(ours.dtype).eps * torch.maximum(mine.abs(), made_there.abs())
            lost = WORKING_PRECISION * terms * torch.maximum(base.abs(), other.abs())
            apart = (mine - made_there).abs()
            if not bool((apart <= unit + lost).all()):
                raise UserError("bad-merge", f"{name} is up to {float(apart.max()):.2e} apart from mergekit-yaml's")
            largest = max(largest, float(apart.max()))
    return largest

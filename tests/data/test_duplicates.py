"""Signatures against datatrove's own."""

import numpy as np
from datatrove.pipeline.dedup import MinhashDedupSignature

from luth.data.duplicates import MERSENNE, Signatures
from luth.data.recipe import Deduplicate


def test_signatures_are_datatroves(tmp_path):
    ours = Signatures(tmp_path, Deduplicate(), ["part"])
    edges = [0, 1, MERSENNE - 1, MERSENNE, MERSENNE + 1, 2**64 - 1]
    drawn = np.random.default_rng(0).integers(0, 2**64, 500, dtype=np.uint64, endpoint=False)
    for shingles in (np.array(edges, np.uint64), drawn, drawn[:1]):
        column = shingles.reshape(-1, 1)
        assert ours.get_signature(column) == MinhashDedupSignature.get_signature(ours, column)

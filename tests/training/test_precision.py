"""Precision of what is saved; the sums are tried by real launches (tests/end_to_end/test_distribution.py)."""

import pytest
import torch

from luth.training.precision import saved_dtype


@pytest.mark.parametrize(("dtype", "name"), [(torch.float32, "F32"), (torch.bfloat16, "BF16")])
def test_the_precision_of_saved_weights_is_read_from_them(dtype, name, make_model, tmp_path):
    assert saved_dtype(make_model(tmp_path / "model", dtype=dtype)) == name

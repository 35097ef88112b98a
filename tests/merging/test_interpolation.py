"""Merges in memory against the formulas in NumPy, tensor by tensor, and against what MergeKit makes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from luth.core.errors import UserError
from luth.merging.interpolation import Pair, require_equal, slerp_coefficients

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "out/demo"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def formula(base, other, share, method):
    """Linear, or the arc by Kahan's angle, which loses nothing near 0; with the size of its terms, for rounding."""
    a, b = base.double().numpy(), other.double().numpy()
    first, second = 1 - share, share
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    if method == "slerp" and abs((u * v).sum()) <= 0.9995:
        angle = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
        first, second = np.sin((1 - share) * angle) / np.sin(angle), np.sin(share * angle) / np.sin(angle)
    return first * a + second * b, abs(first * a) + abs(second * b)


def rounded(values):
    """The nearest bfloat16, ties to even, by its bits."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def require_formula(merged, base, other, share, method, dtype):
    """Fail unless every tensor is the formula's: float32 to 1e-6 relative, bfloat16 to one unit in the last place."""
    first, second = ({name: tensor.to(DTYPES[dtype]) for name, tensor in one.items()} for one in (base, other))
    assert set(merged) == set(first) and any(tensor.ndim == 1 for tensor in merged.values())
    for name, tensor in merged.items():
        assert tensor.dtype == DTYPES[dtype]
        found, (expected, terms) = tensor.double().numpy(), formula(first[name], second[name], share, method)
        if dtype == "float32":
            np.testing.assert_array_less(abs(found - expected), 1e-6 * terms + 1e-30, err_msg=name)
        else:
            expected = rounded(expected)
            unit = 2.0**-7 * np.maximum(abs(found), abs(expected))
            np.testing.assert_array_less(abs(found - expected), unit + 1e-6 * terms + 1e-30, err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distance", ["near", "far"])
@pytest.mark.parametrize("method", ["slerp", "linear"])
def test_every_tensor_is_the_formula_s(near_and_far, method, distance, dtype):
    base, others = near_and_far()
    weights, moved = (load_file(folder / "model.safetensors") for folder in (base, others[distance]))
    parallel = [abs(torch.cosine_similarity(weights[name].flatten(), moved[name].flatten(), 0)) for name in weights]
    assert min(parallel) > 0.9995 if distance == "near" else min(parallel) < 0.9
    pair = Pair(base, others[distance], DTYPES[dtype], DTYPES[dtype], spherical=method == "slerp")
    for share in (0.3, 0.95):
        require_formula(dict(pair.merged(share)), weights, moved, share, method, dtype)
    for share, parent in ((0, weights), (1, moved)):
        merged = dict(pair.merged(share))
        assert all(torch.equal(merged[name], parent[name].to(DTYPES[dtype])) for name in parent)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1, 1), st.floats(0, 1))
def test_the_arc_keeps_the_length_and_divides_the_angle(cosine, t):
    first, second = slerp_coefficients(cosine, t)
    if abs(cosine) > 0.9995:
        assert (first, second) == (1 - t, t)
        return
    length = first**2 + second**2 + 2 * first * second * cosine
    assert length == pytest.approx(1, abs=1e-9)
    assert np.arccos(np.clip(first + second * cosine, -1, 1)) == pytest.approx(t * np.arccos(cosine), abs=1e-6)


def test_what_mergekit_made_otherwise_is_seen(near_and_far, tmp_path):
    base, others = near_and_far()
    pair = Pair(base, others["far"], torch.float32, torch.float32, spherical=False)
    merged = dict(pair.merged(0.5))
    save_file(merged, tmp_path / "model.safetensors")
    assert require_equal(pair, 0.5, tmp_path) == 0
    name = "model.norm.weight"
    save_file({**merged, name: merged[name] * (1 + 1e-5)}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=name):
        require_equal(pair, 0.5, tmp_path)
    del merged[name]
    save_file(merged, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=f"no tensor {name}"):
        require_equal(pair, 0.5, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distance", ["near", "far", "demo"])
def test_mergekit_s_merges_are_the_formula_s_and_ours(near_and_far, tmp_path, distance, dtype):
    if distance == "demo":
        if not (DEMO / "sft").exists():
            pytest.skip("make demo makes this pair")
        base, other = DEMO / "base", DEMO / "sft"
    else:
        base, others = near_and_far()
        other = others[distance]
    weights, moved = (load_file(folder / "model.safetensors") for folder in (base, other))
    for method, share in (("slerp", 0.3), ("linear", 0.3), ("slerp", 0), ("slerp", 1)):
        models = [{"model": str(base), "parameters": {"weight": 1 - share}}] if method == "linear" else []
        recipe = {"merge_method": method, "base_model": str(base), "dtype": dtype, "parameters": {"t": share}}
        recipe["models"] = [*models, {"model": str(other), "parameters": {"weight": share}}]
        out = tmp_path / f"{method}-{share}"
        (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        command = [Path(sys.executable).with_name("mergekit-yaml"), tmp_path / "recipe.yaml", out]
        subprocess.run(command, check=True, capture_output=True)
        made = load_file(out / "model.safetensors")
        made.pop("lm_head.weight", None)
        require_formula(made, weights, moved, share, method, dtype)
        require_equal(Pair(base, other, DTYPES[dtype], DTYPES[dtype], spherical=method == "slerp"), share, out)
        for end, parent in ((0, weights), (1, moved)):
            if share == end:
                assert all(torch.equal(made[name], parent[name].to(DTYPES[dtype])) for name in made)

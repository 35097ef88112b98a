"""The table of merge methods against MergeKit's own, and docs/how-to/add-a-merge-method.md followed to the letter."""

import re
from pathlib import Path

import pytest
import torch
from mergekit.config import MergeConfiguration
from mergekit.merge import MergeOptions, run_merge
from mergekit.merge_methods import registered_methods
from mergekit.merge_methods.base import BasePolicy
from safetensors.torch import load_file

from luth.core.recipes import build
from luth.merging import methods
from luth.merging.interpolation import Pair, require_equal
from luth.merging.methods import METHODS, mergekit_recipe, sweepable
from luth.merging.recipe import MergeRecipe

ROOT = Path(__file__).parents[2]


def merge(recipe, folder):
    """Run MergeKit in this process, which is the program's own way, without its start."""
    build("merge", recipe, MergeRecipe)
    run_merge(MergeConfiguration.model_validate(recipe), str(folder), MergeOptions(quiet=True))
    return folder


def test_the_table_is_mergekit_s():
    specs = {
        method.spec.name: {parameter.name for parameter in method.spec.parameters} for method in registered_methods()
    }
    assert set(METHODS) == set(specs)
    ignoring = {method.spec.name for method in registered_methods() if method.spec.contract.base == BasePolicy.IGNORED}
    assert {name for name, method in METHODS.items() if method.ignores_base} == ignoring
    # Task arithmetic trims nothing: its density is read and then not used.
    unused = {"task_arithmetic": {"density"}}
    for name, method in METHODS.items():
        assert set(method.reads) | unused.get(name, set()) == specs[name], name
        if method.sweep:
            assert {method.sweep.coefficient, *method.sweep.required, *method.sweep.optional} <= set(method.reads)


def require_path(name, parameters, base, tuned, folder):
    """Fail unless coefficient 0 is the base, and a merge between lies where the table says."""
    sweep = sweepable()[name]

    def made(coefficient):
        recipe = mergekit_recipe(name, str(base), str(tuned), coefficient, parameters, "float32")
        return merge(recipe, folder / f"{name}-{coefficient}")

    weights, at_0 = load_file(base / "model.safetensors"), load_file(made(0.0) / "model.safetensors")
    assert [key for key, tensor in weights.items() if not torch.equal(tensor, at_0[key])] == []
    between = made(0.4)
    assert not torch.equal(load_file(between / "model.safetensors")["model.norm.weight"], weights["model.norm.weight"])
    if sweep.path is None:
        again = mergekit_recipe(name, str(base), str(tuned), 0.4, parameters, "float32")
        require_same(between, merge(again, folder / "again"))
        return
    end = made(1.0) if sweep.path == "task-vector" else tuned
    pair = Pair(base, end, torch.float32, torch.float32, spherical=sweep.path == "arc")
    require_equal(pair, 0.4, between)


def require_same(first, second):
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (first, second))
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


@pytest.mark.parametrize("name", sweepable())
def test_merges_that_are_swept_lie_where_the_table_says(name, near_and_far, tmp_path):
    base, others = near_and_far()
    require_path(name, dict.fromkeys(METHODS[name].sweep.required, 0.5), base, others["far"], tmp_path)


def test_a_method_is_added_as_the_document_says(near_and_far, tmp_path, monkeypatch):
    page = (ROOT / "docs/how-to/add-a-merge-method.md").read_text("utf-8")
    (entry,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    added = eval("{" + entry + "}", vars(methods))
    (name,) = added
    assert METHODS[name].reads == added[name].reads
    monkeypatch.setitem(METHODS, name, added[name])
    base, others = near_and_far()
    require_path(name, dict.fromkeys(added[name].sweep.required, 0.5), base, others["far"], tmp_path)

"""Merging through the scripts' door, MergeKit run for real on tiny models."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from luth.core.errors import UserError
from luth.languages import known
from luth.merging.mergekit import run_mergekit
from luth.merging.recipe import parents, with_base

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pair(make_model, tmp_path):
    return make_model(tmp_path / "base", seed=0), make_model(tmp_path / "tuned", seed=1)


@pytest.fixture
def write_recipe(tmp_path):
    def write(base, tuned, **changes):
        recipe = {
            "merge_method": "slerp",
            "base_model": str(base),
            "models": [{"model": str(tuned)}],
            "parameters": {"t": 0.7},
            "dtype": "float32",
            **changes,
        }
        path = tmp_path / "merge.yaml"
        path.write_text(yaml.safe_dump(recipe), "utf-8")
        return path

    return write


def slerp(a, b, t):
    """The formula of Shoemake 1985, by itself, in double precision."""
    a, b = a.double(), b.double()
    cosine = (a.flatten() @ b.flatten() / (a.norm() * b.norm())).clamp(-1, 1).item()
    if abs(cosine) > 0.9995:
        return (1 - t) * a + t * b
    angle = math.acos(cosine)
    return (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)


def test_slerp_is_the_formula_and_the_base_keeps_tokenizer_and_template(pair, write_recipe, run, python, tmp_path):
    base, tuned = pair
    out = tmp_path / "merged"
    code, said, err = run("merge", write_recipe(base, tuned), out)
    assert code == 0, err
    merged, first, second = (load_file(folder / "model.safetensors") for folder in (out, base, tuned))
    assert set(merged) == set(first)
    for name, tensor in merged.items():
        torch.testing.assert_close(tensor.double(), slerp(first[name], second[name], 0.7), rtol=1e-5, atol=1e-6)
    assert (out / "chat_template.jinja").read_text() == (base / "chat_template.jinja").read_text()
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "finished" and record["recipe"]["parameters"] == {"t": 0.7}
    assert set(record["inputs"]) == {str(base), str(tuned)} and len(record["answers"]) == len(known())
    assert len(list(out.glob("*.safetensors"))) == 1 and (out / "README.md").read_text().splitlines().count("# merged")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    plain = Path(sys.executable).with_name("mergekit-yaml")
    subprocess.run([python, plain, write_recipe(base, tuned), tmp_path / "plain"], check=True, capture_output=True)
    theirs = load_file(tmp_path / "plain" / "model.safetensors")
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in merged.items())

    code, said, err = run("merge", write_recipe(base, tuned), out)
    assert code == 0 and "nothing to do" in said
    code, said, err = run("merge", write_recipe(base, tuned, parameters={"t": 0.2}), out)
    assert code == 2 and "[output-unusable]" in err and "(different: parameters)" in err


def test_parents_that_do_not_fit(pair, write_recipe, run, make_model, tmp_path):
    base, _ = pair
    wide = make_model(tmp_path / "wide", vocab_size=1000)
    other = make_model(tmp_path / "qwen", "qwen3")
    empty = tmp_path / "empty"
    empty.mkdir()
    words = make_model(tmp_path / "words", seed=3)
    spelled = (words / "tokenizer.json").read_text("utf-8").replace('"<think>"', '"<pense>"')
    (words / "tokenizer.json").write_text(spelled, "utf-8")
    broken = make_model(tmp_path / "broken", seed=2)
    weights = load_file(broken / "model.safetensors")
    save_file({name: tensor for name, tensor in weights.items() if "norm" not in name}, broken / "model.safetensors")
    for model, code, fact in (
        (tmp_path / "none", "bad-model", "none"),
        (empty, "bad-model", "empty"),
        (wide, "bad-merge", "model.embed_tokens.weight is"),
        (other, "bad-merge", "llama model"),
        (broken, "bad-merge", "absent in"),
        (words, "bad-merge", "vocabularies"),
    ):
        status, _, err = run("merge", write_recipe(base, model), tmp_path / "x")
        assert status == 2 and fact in err and f"[{code}]" in err and err.count("\n") == 1, err
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("changes", "code", "fact"),
    [
        ({"parameters": {"t": 1.4}}, "bad-recipe-value", "t: 1.4 is outside 0"),
        (
            {"parameters": {"t": [{"filter": "mlp", "value": [0, 1.5]}, {"value": 0.5}]}},
            "bad-recipe-value",
            "t: 1.5 is outside 0",
        ),
        (
            {"parameters": {"t": [{"filtre": "mlp", "value": 0.3}, {"value": 0.5}]}},
            "bad-recipe-key",
            "'filtre' (did you mean 'filter'?)",
        ),
        ({"parameters": {"t": 0.5, "densty": 0.5}}, "bad-recipe-value", "slerp has no 'densty'"),
        (
            {"merge_method": "ties", "parameters": {"densty": 0.5}},
            "bad-recipe-value",
            "'densty' (did you mean 'density'?)",
        ),
        ({"merge_method": "sce", "parameters": {"topk": 0.5}}, "bad-recipe-value", "(did you mean 'select_topk'?)"),
        ({"merge_method": "slurp"}, "bad-recipe-value", "'slurp' (did you mean 'slerp'?)"),
        ({"merge_methods": "slerp"}, "bad-recipe-key", "'merge_methods' (did you mean 'merge_method'?)"),
        ({"models": None}, "bad-recipe-value", "'models', 'slices' and 'modules'"),
        ({"models": [{"modle": "x"}]}, "bad-recipe-key", "'modle' (did you mean 'model'?)"),
        ({"slices": [{"sources": [{"model": "x", "layer_range": [0, 1]}]}]}, "bad-recipe-value", "and one alone"),
        (
            {"models": None, "slices": [{"sources": [{"model": "x", "layer_range": [0, 1]}], "paramters": {}}]},
            "bad-recipe-key",
            "'paramters' (did you mean 'parameters'?)",
        ),
        ({"tokenizer": {"sorce": "union"}}, "bad-recipe-key", "'sorce' (did you mean 'source'?)"),
        ({"tokenizer_source": "unoin"}, "bad-recipe-value", "'unoin' (did you mean 'union'?)"),
        ({"tokenizer_source": "union", "tokenizer": {"source": "base"}}, "bad-recipe-value", "keep one of them"),
        ({"dtype": "bf16"}, "bad-recipe-value", "dtype: MergeKit has no 'bf16'"),
        ({"out_dtype": "int8"}, "bad-recipe-value", "out_dtype: MergeKit has no 'int8'"),
        ({"chat_template": "none"}, "bad-recipe-value", "chat_template: 'none' is neither"),
        ({"chat_template": "templates/chatml.jinja"}, "bad-recipe-value", "nor Jinja text"),
        ({"chat_template": "{% for m in messages %}{{ m }}"}, "bad-recipe-value", "'endfor'"),
        ({"chat_template": "{{ raise_exception('no system role') }}"}, "bad-recipe-value", "no system role"),
        ({"merge_method": "ties", "parameters": {"density": 1.5}}, "bad-recipe-value", "density: 1.5 is outside"),
        (
            {
                "merge_method": "linear",
                "models": [
                    {"model": name, "parameters": {"weight": weight}} for name, weight in (("a", 1), ("b", -1))
                ],
                "parameters": None,
            },
            "bad-recipe-value",
            "sum to 0",
        ),
        ({"models": [{"model": "out/model+adapter"}]}, "bad-recipe-value", "follows + in"),
        ({"models": [{"model": "out/model@main"}]}, "bad-recipe-value", "follows @ for a revision"),
        (
            {"parameters": {"t": [{"filter": "self_atn", "value": 0.3}, {"value": 0.5}]}},
            "bad-recipe-value",
            "the filter 'self_atn'",
        ),
    ],
)
def test_mistakes_in_the_recipe(pair, write_recipe, run, tmp_path, changes, code, fact):
    status, _, err = run("merge", write_recipe(*pair, **changes), tmp_path / "x")
    assert status == 2 and fact in err and f"[{code}]" in err and not (tmp_path / "x").exists(), err


def test_a_merge_without_a_base_is_like_the_first_model():
    """MergeKit would take tokenizer and config.json from any."""
    models = [{"model": "a", "parameters": {"weight": 0.5}}, {"model": "b", "parameters": {"weight": 0.5}}]
    recipe = {"merge_method": "linear", "models": models}
    assert with_base(recipe) == {**recipe, "base_model": "a"}
    assert with_base({**recipe, "base_model": "b"})["base_model"] == "b"
    assert with_base({"merge_method": "nuslerp", "models": models}) == {"merge_method": "nuslerp", "models": models}


@pytest.mark.parametrize(
    ("recipe", "family", "tied"),
    [
        pytest.param("merge", "qwen3", True, marks=pytest.mark.slow),
        pytest.param("merge-1.7b", "qwen3", False, marks=pytest.mark.slow),
        ("merge-lfm2-350m", "lfm2", True),
    ],
)
def test_every_family_s_recipe_makes_a_sound_model(recipe, family, tied, make_model, run, tmp_path):
    """The models are tiny; as LFM2's, the embeddings have more rows than the tokenizer has tokens."""
    folders = [make_model(tmp_path / name, family, seed, torch.bfloat16, 640, tied) for seed, name in enumerate("ab")]
    if family == "lfm2":
        # As Liquid's own files have it.
        for folder in folders:
            config = json.loads((folder / "config.json").read_text())
            config["tie_embedding"] = config.pop("tie_word_embeddings")
            (folder / "config.json").write_text(json.dumps(config))
    content = yaml.safe_load((ROOT / "recipes" / f"{recipe}.yaml").read_text("utf-8"))
    named = dict(zip(parents(content), map(str, folders), strict=True))
    content["base_model"] = named[content["base_model"]]
    for model in content["models"]:
        model["model"] = named[model["model"]]
    (tmp_path / "merge.yaml").write_text(yaml.safe_dump(content), "utf-8")
    code, _, err = run("merge", tmp_path / "merge.yaml", tmp_path / "merged")
    assert code == 0, err
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    heads = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    assert heads[0].shape == (640, 64) and (heads[0] is heads[1]) == tied
    assert ("lm_head.weight" in load_file(tmp_path / "merged/model.safetensors")) == (not tied)
    tokenizers = [(folder / "tokenizer.json").read_text("utf-8") for folder in (folders[0], tmp_path / "merged")]
    assert json.loads(tokenizers[0])["model"] == json.loads(tokenizers[1])["model"]


def test_mergekit_failing_is_one_line(pair, write_recipe, run, tmp_path):
    code, _, err = run("merge", write_recipe(*pair, merge_method="model_stock", parameters=None), tmp_path / "x")
    assert code == 2 and "[merge-failed]" in err and "mergekit-yaml failed" in err and "Traceback" not in err
    assert not (tmp_path / "x").exists() and not (tmp_path / ".x.tmp").exists()


@pytest.mark.parametrize(
    "end",
    [
        "echo 'RuntimeError: DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.' >&2; exit 1",
        "kill -KILL $$",
    ],
)
def test_a_merge_that_memory_does_not_hold_is_one_line(end, monkeypatch, tmp_path):
    program = tmp_path / "mergekit-yaml"
    program.write_text(f"#!/bin/sh\n{end}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(UserError, match=r"memory is full.*dtype: bfloat16") as error:
        run_mergekit({}, tmp_path / "out")
    assert error.value.code == "out-of-memory"


def test_parents_are_found_wherever_they_stand():
    recipe = {"base_model": "a", "slices": [{"sources": [{"model": "b"}, {"model": "a"}]}], "models": [{"model": "c"}]}
    assert parents(recipe) == ["a", "b", "c"]

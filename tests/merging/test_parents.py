"""Parents that are alike, that can be made alike, and that cannot; what a recipe asks of the merge besides weights."""

import json
import shutil

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken
from transformers import AutoModelForCausalLM, AutoTokenizer

from luth.checkpoints.fitting import fits
from luth.checkpoints.models import weight_files
from tests.merging.test_merge import slerp


@pytest.fixture
def pair(make_model, tmp_path):
    return make_model(tmp_path / "base", seed=0), make_model(tmp_path / "tuned", seed=1)


@pytest.fixture
def merge(run, tmp_path):
    """Merge a base and a fine-tuned model; returns the exit code, what was said, and the merge's folder."""

    def call(base, tuned, name="merged", **changes):
        recipe = {
            "merge_method": "slerp",
            "base_model": str(base),
            "models": [{"model": str(tuned)}],
            "parameters": {"t": 0.7},
            "dtype": "float32",
            **changes,
        }
        path = tmp_path / "merge.yaml"
        path.write_text(yaml.safe_dump({key: value for key, value in recipe.items() if value is not None}), "utf-8")
        code, out, err = run("merge", path, tmp_path / name)
        return code, out + err, tmp_path / name

    return call


def configure(folder, name="config.json", **changes):
    path = folder / name
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**content, **changes}))


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}, "rope_parameters"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}}, "rope_parameters"),
        ({"rms_norm_eps": 1e-5}, "rms_norm_eps"),
        ({"hidden_act": "gelu"}, "hidden_act"),
        ({"num_key_value_heads": 4}, "num_key_value_heads"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings"),
        ({"architectures": None}, "architectures"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "architectures"),
    ],
)
def test_weights_that_do_not_mean_the_same_are_not_merged(pair, merge, changes, fact):
    configure(pair[1], **changes)
    code, said, folder = merge(*pair)
    assert code == 2 and f"{fact} is" in said and "[bad-merge]" in said and not folder.exists(), said


def in_8_bits(base, tuned):
    weights = load_file(tuned / "model.safetensors")
    rounded = {name: tensor.to(torch.float8_e4m3fn) for name, tensor in weights.items() if tensor.ndim == 2}
    save_file(weights | rounded, tuned / "model.safetensors", {"format": "pt"})


def with_an_adapter(base, tuned):
    (tuned / "adapter_config.json").write_text("{}")
    (tuned / "adapter_model.safetensors").write_bytes(b"")


def with_an_index(content):
    def write(base, tuned):
        (tuned / "model.safetensors.index.json").write_text(content)

    return write


@pytest.mark.parametrize(
    ("spoil", "code", "fact"),
    [
        (in_8_bits, "bad-merge", "is F8_E4M3"),
        (lambda base, tuned: configure(tuned, quantization_config={"quant_method": "fp8"}), "bad-merge", "(fp8)"),
        (lambda base, tuned: configure(base, vocab_size=700), "bad-merge", "vocab_size is 700"),
        (lambda base, tuned: configure(tuned, bos_token_id=[1]), "bad-model", "bos_token_id"),
        (lambda base, tuned: (tuned / "config.json").write_text("[1]"), "bad-model", "no mapping"),
        (lambda base, tuned: (base / "generation_config.json").write_text("{"), "bad-merge", "generation_config.json"),
        (with_an_adapter, "bad-model", "a model and an adapter"),
        (with_an_index("{"), "bad-model", "names no files"),
        (with_an_index('{"weight_map": ["a"]}'), "bad-model", "names no files"),
        (with_an_index('{"weight_map": {"x": "model.safetensors"}}'), "bad-model", "does not say where"),
    ],
)
def test_models_that_cannot_be_read_as_they_say_are_not_merged(pair, merge, spoil, code, fact):
    spoil(*pair)
    found, said, folder = merge(*pair)
    assert found == 2 and f"[{code}]" in said and fact in said and not folder.exists(), said


def test_a_file_is_no_model_folder(pair, merge, tmp_path):
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"GGUF")
    for file, fact in ((gguf, "quantised weights"), (pair[1] / "model.safetensors", "is a file")):
        code, said, _ = merge(pair[0], file)
        assert code == 2 and fact in said and "[bad-model]" in said, said


@pytest.mark.slow
def test_keys_that_change_no_meaning_may_differ(pair, merge):
    rope = {"factor": 2.0, "rope_theta": 1e4}
    configure(pair[0], rope_parameters={**rope, "type": "linear"})
    configure(pair[1], rope_parameters={**rope, "rope_type": "linear"})
    configure(pair[1], eos_token_id=[2, 0], use_cache=False, transformers_version="4.1", dtype="bfloat16")
    configure(pair[1], max_position_embeddings=2048, unsloth_version="2026.1")
    code, said, _ = merge(*pair)
    assert code == 0, said


@pytest.mark.slow
def test_a_second_weights_file_is_not_read(pair, merge):
    weights = load_file(pair[0] / "model.safetensors")
    save_file({name: tensor + 1 for name, tensor in weights.items()}, pair[0] / "consolidated.safetensors")
    code, said, _ = merge(*pair)
    assert code == 0, said
    shards = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (pair[1] / "model.safetensors.index.json").write_text(json.dumps(shards))
    code, said, _ = merge(*pair, name="other")
    assert code == 2 and "delete the one that is not its own" in said
    (pair[1] / "model.safetensors").rename(pair[1] / "model-1.safetensors")
    code, said, _ = merge(*pair, name="other")
    assert code == 2 and "lacks model-2.safetensors" in said
    (pair[0] / "model.safetensors").rename(pair[1] / "model-2.safetensors")
    assert [path.name for path in weight_files(pair[1])] == ["model-1.safetensors", "model-2.safetensors"]


def test_an_adapter_is_merged_into_its_base_first(pair, merge, tmp_path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    code, said, _ = merge(pair[0], adapter)
    assert code == 2 and "is an adapter" in said and said.count("\n") == 1


@pytest.mark.slow
def test_a_passthrough_may_have_a_layer_twice(make_model, tmp_path, merge):
    base = make_model(tmp_path / "base")
    slices = [{"sources": [{"model": str(base), "layer_range": piece}]} for piece in ([0, 2], [1, 2])]
    more = {"merge_method": "passthrough", "models": None, "parameters": None, "base_model": None}
    code, said, folder = merge(base, base, slices=slices, **more)
    assert code == 0, said
    first, merged = load_file(base / "model.safetensors"), load_file(folder / "model.safetensors")
    name = "model.layers.{}.mlp.up_proj.weight"
    assert all(torch.equal(merged[name.format(place)], first[name.format(n)]) for place, n in enumerate((0, 1, 1)))
    assert len(AutoModelForCausalLM.from_pretrained(folder).model.layers) == 3
    listed = make_model(tmp_path / "listed", "qwen3")
    slices = [{"sources": [{"model": str(listed), "layer_range": piece}]} for piece in ([0, 2], [1, 2])]
    code, said, folder = merge(listed, listed, name="other", slices=slices, **more)
    assert code == 2 and "layer_types" in said and "[bad-merge]" in said and not folder.exists()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({}, "bad-recipe-value"),
        ({"layer_range": [0]}, "bad-recipe-value"),
        ({"layer_range": [1, 1]}, "bad-recipe-value"),
        ({"layer_range": ["0", "2"]}, "bad-recipe-value"),
        ({"layer_range": [0, 9]}, "bad-merge"),
    ],
)
def test_slices_are_of_layers_that_there_are(pair, merge, source, code):
    slices = [{"sources": [{"model": str(pair[0]), **source}]}]
    more = {"merge_method": "passthrough", "models": None, "parameters": None, "base_model": None}
    found, said, folder = merge(*pair, slices=slices, **more)
    assert found == 2 and f"[{code}]" in said and "layer_range" in said and not folder.exists(), said


@pytest.mark.slow
def test_the_recipe_s_tokenizer_and_template_are_what_the_check_expects(make_model, tmp_path, merge, tokenizer):
    folders = [make_model(tmp_path / name, seed=seed, vocab_size=640) for seed, name in enumerate("abc")][1:]
    code, said, folder = merge(*folders, tokenizer_source="base", chat_template="chatml")
    assert code == 0, said
    assert len(load_file(folder / "model.safetensors")["model.embed_tokens.weight"]) == len(tokenizer)
    template = AutoTokenizer.from_pretrained(folder).chat_template
    assert template != tokenizer.chat_template and "<|im_start|>" in template


def without_template(folder):
    (folder / "chat_template.jinja").unlink()
    return folder


def with_tokens(folder, seed, tokens):
    """Add tokens and their rows to a model, as fine-tuning a base with a template's tokens does."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([AddedToken(token, special=True) for token in tokens])
    torch.manual_seed(seed)
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_a_base_takes_template_and_tokens_of_the_fine_tuned_model(make_model, tmp_path, merge, tied):
    base = without_template(make_model(tmp_path / "base", seed=0, tied=tied))
    tuned = with_tokens(make_model(tmp_path / "tuned", seed=1, tied=tied), 3, ["<|a|>", "<|b|>"])
    code, said, folder = merge(base, tuned)
    assert code == 0, said
    assert "takes 2 tokens (<|a|>, <|b|>) and the chat template" in said
    first, second, merged = (load_file(each / "model.safetensors") for each in (base, tuned, folder))
    rows = len(first["model.embed_tokens.weight"])
    for name, tensor in merged.items():
        own = first[name]
        if len(second[name]) > len(own):
            own = torch.cat([own, second[name][rows:]])
        torch.testing.assert_close(tensor.double(), slerp(own, second[name], 0.7), rtol=1e-5, atol=1e-6)
    assert ("lm_head.weight" in merged) == (not tied)
    ours, theirs = (AutoTokenizer.from_pretrained(each) for each in (folder, tuned))
    assert ours.chat_template == theirs.chat_template and ours.get_vocab() == theirs.get_vocab()
    assert not (folder / "parents").exists()
    assert ".merged.tmp" not in (folder / "README.md").read_text() + (folder / "mergekit_config.yml").read_text()


@pytest.mark.slow
def test_no_parent_has_a_template(pair, merge):
    code, said, folder = merge(*map(without_template, pair))
    assert code == 2 and "set chat_template" in said and not folder.exists()
    code, said, _ = merge(*pair, chat_template="chatml")
    assert code == 0, said


def test_heads_that_mergekit_leaves_out_are_left_out_before(shell, make_model, tmp_path):
    """Two shells of Qwen3.5 have them, and so has a text model that another tool saved."""
    assert fits([str(shell), str(shutil.copytree(shell, tmp_path / "other"))]) == {}
    more = shutil.copytree(shell, tmp_path / "more")
    weights = load_file(more / "model.safetensors")
    save_file(weights | {"mtp.norm.weight": torch.ones(64)}, more / "model.safetensors", {"format": "pt"})
    found = fits([str(shell), str(more)])
    assert [needed.reason for needed in found.values()] == [
        f"{name} is read without its vision model" for name in (shell, more)
    ]
    text = make_model(tmp_path / "text", "qwen3")
    weights = load_file(text / "model.safetensors")
    save_file(weights | {"mtp.norm.weight": torch.ones(64)}, text / "model.safetensors", {"format": "pt"})
    found = fits([str(make_model(tmp_path / "base", "qwen3")), str(text)])
    assert [needed.reason for needed in found.values()] == [f"{text} is read without its heads for several tokens"]


@pytest.mark.slow
@pytest.mark.parametrize("names", ["shell", "text"])
def test_the_text_part_of_a_vision_shell_is_merged_exactly(shell, tmp_path, merge, names, tokenizer):
    """A text model fine-tuned from the shell is saved with the shell's names by transformers, by others without."""
    prefix = "model.language_model."
    text = AutoModelForCausalLM.from_pretrained(shell)
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in text.parameters():
            parameter.add_(0.1 + 0.3 * parameter.std().nan_to_num(0.1) * torch.randn_like(parameter))
    tuned = tmp_path / "tuned"
    text.save_pretrained(tuned, save_original_format=names == "shell")
    tokenizer.save_pretrained(tuned)
    assert json.loads((tuned / "config.json").read_text())["model_type"] == "qwen3_5_text"
    code, said, folder = merge(shell, tuned)
    assert code == 0, said
    assert "without its vision model" in said
    first, second = load_file(shell / "model.safetensors"), text.state_dict()
    merged, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    for name, tensor in merged.state_dict().items():
        if name != "lm_head.weight":
            expected = slerp(first[prefix + name.removeprefix("model.")], second[name], 0.7)
            torch.testing.assert_close(tensor.double(), expected, rtol=1e-5, atol=1e-6)

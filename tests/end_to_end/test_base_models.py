"""Bases without a chat template, and without its tokens: fine-tuned, merged, swept and evaluated by the scripts."""

import json

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from tests.conftest import tiny_config
from tests.end_to_end.test_sweep import SWEEP

ROWS = [
    {"messages": [{"role": "user", "content": f"Bonjour {n}"}, {"role": "assistant", "content": f"Salut {n}"}]}
    for n in range(8)
]


def base_model(folder, family, tokenizer):
    """Save a tiny base as the Hub has them: no chat template, and for Llama none of ChatML's tokens."""
    torch.manual_seed(7)
    if family == "gemma3_text":
        config = AutoConfig.for_model(
            family,
            **{key: value for key, value in tiny_config("llama", len(tokenizer)).to_dict().items() if "token" in key},
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            layer_types=["sliding_attention", "full_attention"],
            sliding_window=16,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
        )
    else:
        config = tiny_config(family, len(tokenizer))
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        # Layers that outweigh the embeddings: a tied model would repeat its prompt's last token, a line break, else.
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, 0.15 if "embed" in name else 0.6)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").unlink()
    if family == "llama":
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (folder / name).write_text((folder / name).read_text("utf-8").replace("<|im_", "<|other_"), "utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gemma3_text", "llama"])
def test_a_base_model_from_fine_tuning_to_evaluation(family, tokenizer, tmp_path, write_rows, sft_recipe, run):
    base, tuned = base_model(tmp_path / "base", family, tokenizer), tmp_path / "out"
    changes = {"chat_template_path": "chatml.jinja", "eos_token": "<|im_end|>"}
    code, _, err = run("sft", sft_recipe(base, [write_rows(ROWS)], **changes))
    assert code == 0, err

    recipe = tmp_path / "merge.yaml"
    content = {"merge_method": "linear", "base_model": str(base), "dtype": "float32"}
    models = [{"model": str(name), "parameters": {"weight": 0.5}} for name in (base, tuned)]
    recipe.write_text(yaml.safe_dump({**content, "models": models}), "utf-8")
    code, out, err = run("merge", recipe, tmp_path / "merged")
    assert code == 0 and f"the chat template of {tuned}" in out + err, err
    first, second, merged = (load_file(each / "model.safetensors") for each in (base, tuned, tmp_path / "merged"))
    for name, tensor in merged.items():
        own = torch.cat([first[name], second[name][len(first[name]) :]])
        torch.testing.assert_close(tensor, (own + second[name]) / 2, rtol=1e-5, atol=1e-7)
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").eos_token == "<|im_end|>"

    sweep = {**SWEEP, "base_model": str(base), "model": str(tuned), "output_dir": str(tmp_path / "sweep")}
    sweep |= {"coefficients": [0.5], "first_pass": None}
    sweep["evaluation"] = {"custom_tasks": ["recipes/demo/tasks.py"], **SWEEP["evaluation"], "max_samples": 4}
    recipe.write_text(yaml.safe_dump(sweep), "utf-8")
    code, out, err = run("sweep", recipe)
    assert code == 0 and f"the chat template of {tuned}" in out + err, err
    assert (tmp_path / "sweep/winner/model.safetensors").exists()

    evaluation = {"models": [str(base)], "tasks": ["demo_choice_fr"], "output_dir": str(tmp_path / "evaluated")}
    evaluation |= {"custom_tasks": ["recipes/demo/tasks.py"], "dtype": "float32", "max_samples": 4}
    recipe.write_text(yaml.safe_dump(evaluation), "utf-8")
    code, _, err = run("evaluate", recipe)
    assert code == 2 and "tokenizer: " in err and "[bad-model]" in err and err.count("\n") == 1
    # The base in the sweep's form, and the base with the fine-tuned model's tokenizer, are the same model.
    models = [{"model_name": str(base), "tokenizer": str(tuned)}, str(tmp_path / "sweep/parents/base")]
    recipe.write_text(yaml.safe_dump({**evaluation, "models": models}), "utf-8")
    code, _, err = run("evaluate", recipe)
    assert code == 0, err
    scores = [json.loads(path.read_text())["results"] for path in (tmp_path / "evaluated").rglob("results_*.json")]
    assert len(scores) == 2 and scores[0] == scores[1]

"""What would stop a run late is said in one line before the model is loaded, or mended."""

import json
import re

import pytest
from safetensors.torch import load_file
from tokenizers import AddedToken
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from trl import ModelConfig

from luth.checkpoints.models import mend_generation_config
from luth.core.errors import UserError
from luth.training.early_checks import require_adapter


def turns(answer, question="Bonjour"):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


ROWS = [{"messages": turns(f"Salut {n}", f"Bonjour {n}")} for n in range(8)]


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"lr_scheduler_type": "cosine_with_min_lr"}, "lr_scheduler_type: cosine_with_min_lr"),
        ({"optim": "stable_adamw"}, "optim: stable_adamw"),
        ({"adam_beta2": 1.5}, "optim: adamw_torch"),
        ({"optim_args": "foreach=true"}, "it reads nothing of optim_args: foreach=true"),
        ({"learning_rate": -1.0}, "learning rate: -1.0"),
        (
            {"use_peft": True, "lora_target_modules": ["all-linear"], "lora_modules_to_save": ["embed_tokens"]},
            "lora_modules_to_save: embed_tokens",
        ),
        ({"eos_token": "<|im_ned|>"}, "<|im_ned|>"),
        ({"pad_token": "<pad>"}, "pad_token: '<pad>'"),
        ({"max_steps": 0}, "max_steps"),
        ({"activation_offloading": True}, "activation_offloading"),
        ({"load_best_model_at_end": True}, "load_best_model_at_end"),
        ({"metric_for_best_model": "eval_bleu"}, "metric_for_best_model"),
    ],
)
def test_settings_that_fail_late_are_said_early(make_model, tmp_path, write_rows, sft_recipe, run, changes, fact):
    recipe = sft_recipe(make_model(tmp_path / "model"), [write_rows(ROWS)], **changes)
    code, _, err = run("sft", recipe, "--preview", 1)
    assert code == 2 and fact in err and "[bad-recipe-value]" in err and err.count("error") == 1, err


LORA = {"use_peft": True, "lora_target_modules": ["q_proj", "v_proj"]}


@pytest.mark.parametrize(
    ("tied", "changes", "fact"),
    [
        (True, {"lora_target_modules": ["q_proj", "embed_tokens"]}, "lora_target_modules: embed_tokens"),
        (True, {"lora_target_modules": [r"model\.embed_tokens|.*q_proj"]}, "lora_target_modules: embed_tokens"),
        (True, {"lora_modules_to_save": ["model.embed_tokens"]}, "lora_modules_to_save: embed_tokens"),
        (True, {"lora_target_modules": ["all-linear"], "lora_modules_to_save": ["norm"]}, None),
        (True, {"lora_target_modules": None}, None),
        (False, {"lora_modules_to_save": ["embed_tokens", "lm_head"]}, None),
        (False, {"lora_modules_to_save": ["lm_head", "score"]}, "lora_modules_to_save: "),
        (False, {"lora_target_modules": ["q_proj", "c_attn"]}, "no 'c_attn'"),
        (False, {"lora_target_parameters": ["experts.weight"]}, "no 'experts.weight'"),
    ],
)
def test_adapters_of_modules_that_are_not_there_or_tied(make_model, tmp_path, tied, changes, fact):
    name = str(make_model(tmp_path / "model", tied=tied))
    model = ModelConfig(model_name_or_path=name, **{**LORA, **changes})
    if fact is None:
        return require_adapter(model, name)
    with pytest.raises(UserError, match=re.escape(fact)) as error:
        require_adapter(model, name)
    assert error.value.code == "bad-recipe-value"


def test_token_ids_beyond_the_embeddings(make_model, tmp_path, write_rows, sft_recipe, run):
    model = make_model(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.add_tokens([AddedToken("Salut", special=False)])
    tokenizer.save_pretrained(model)
    recipe = sft_recipe(model, [write_rows(ROWS)])
    code, _, err = run("sft", recipe, "--preview", 1)
    assert code == 2 and f"the token id {len(tokenizer) - 1}" in err and "[bad-model]" in err
    # The held-out rows count too.
    rows = [{"messages": turns("Bonjour" if n else "Salut")} for n in range(4)]
    for seed in range(2):
        changes = {"test_split_size": 3, "eval_strategy": "steps", "eval_steps": 1, "seed": seed}
        code, _, err = run("sft", sft_recipe(model, [write_rows(rows)], **changes), "--preview", 1)
        assert code == 2 and "the token id" in err


def test_a_padding_token_beyond_the_embeddings(make_model, tmp_path, write_rows, sft_recipe, run):
    model = make_model(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.save_pretrained(model)
    code, _, err = run("sft", sft_recipe(model, [write_rows(ROWS)]), "--preview", 1)
    assert code == 2 and "pad_token: '<pad>'" in err and "[bad-recipe-value]" in err
    code, _, err = run("sft", sft_recipe(model, [write_rows(ROWS)], pad_token="<|im_end|>"), "--preview", 1)
    assert code == 0, err


@pytest.mark.parametrize("what", ["argument", "weights"])
def test_a_model_that_cannot_be_built_is_one_line(make_model, tmp_path, write_rows, sft_recipe, run, what):
    model, changes = make_model(tmp_path / "model"), {}
    if what == "argument":
        changes = {"model_init_kwargs": {"nothing": 1}}
    else:
        config = json.loads((model / "config.json").read_text("utf-8"))
        (model / "config.json").write_text(json.dumps({**config, "vocab_size": config["vocab_size"] + 1}), "utf-8")
    code, _, err = run("sft", sft_recipe(model, [write_rows(ROWS)], **changes))
    assert code == 2 and "Traceback" not in err and "[bad-recipe-value]" in err, err


@pytest.mark.parametrize(
    "given", [[], {"max_new_tokens": -1}, {"num_return_sequences": 3}, {"cache_implementation": "x"}]
)
def test_a_generation_config_that_cannot_be_read_is_said(make_model, tmp_path, write_rows, sft_recipe, run, given):
    model = make_model(tmp_path / "model")
    (model / "generation_config.json").write_text(json.dumps(given))
    code, _, err = run("sft", sft_recipe(model, [write_rows(ROWS)]), "--preview", 1)
    assert code == 2 and "generation_config.json cannot be read" in err and "[bad-model]" in err


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"do_sample": False, "temperature": 0.9, "eos_token_id": 2}, {"temperature": None}),
        ({"temperature": 0.6, "top_p": 0.95, "eos_token_id": 2}, {"do_sample": True, "temperature": 0.6}),
    ],
)
def test_a_generation_config_that_cannot_be_saved_is_mended(
    make_model, tmp_path, write_rows, sft_recipe, run, given, kept
):
    model = make_model(tmp_path / "model")
    (model / "generation_config.json").write_text(json.dumps(given))
    recipe = sft_recipe(model, [write_rows(ROWS)], max_steps=2, save_strategy="steps", save_steps=1)
    code, out, err = run("sft", recipe)
    assert code == 0 and "generation_config.json cannot be saved" in out + err, err
    saved = GenerationConfig.from_pretrained(tmp_path / "out")
    saved.validate(strict=True)
    assert {key: getattr(saved, key) for key in kept} == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            {"temperature": 0.6, "early_stopping": True},
            {"do_sample": True, "temperature": 0.6, "early_stopping": None},
        ),
        ({"do_sample": False, "top_k": 9, "length_penalty": 2.0}, {"top_k": None, "length_penalty": None}),
        ({"output_scores": True}, {"output_scores": None, "do_sample": None}),
        ({"use_cache": False, "cache_implementation": "static"}, {"use_cache": False, "cache_implementation": None}),
        ({"num_beams": 4, "early_stopping": True, "length_penalty": 2.0}, {"num_beams": 4, "early_stopping": True}),
    ],
)
def test_settings_of_generation_without_effect_are_dropped(given, kept):
    config = GenerationConfig(**given)
    assert (mend_generation_config(config) is None) == ("num_beams" in given)
    config.validate(strict=True)
    assert {key: getattr(config, key) for key in kept} == kept


@pytest.mark.parametrize("tied", [True, False])
def test_a_base_gets_the_tokens_of_the_template(make_model, tmp_path, write_rows, sft_recipe, run, tied):
    model = make_model(tmp_path / "model", tied=tied)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        text = (model / name).read_text("utf-8").replace("<|im_", "<|other_")
        (model / name).write_text(text, "utf-8")
    (model / "chat_template.jinja").unlink()
    rows = AutoModelForCausalLM.from_pretrained(model).get_input_embeddings().num_embeddings
    weights = []
    for number in range(2):
        changes = {"chat_template_path": "chatml.jinja", "eos_token": "<|im_end|>", "learning_rate": 1e-9}
        recipe = sft_recipe(model, [write_rows(ROWS)], output_dir=str(tmp_path / f"out-{number}"), **changes)
        code, out, err = run("sft", recipe)
        assert code == 0 and "<|im_start|>, <|im_end|>" in out + err, err
        weights.append(load_file(tmp_path / f"out-{number}" / "model.safetensors"))
    tuned = tmp_path / "out-0"
    assert json.loads((tuned / "run.json").read_text())["rows"]["new_tokens"] == ["<|im_start|>", "<|im_end|>"]
    trained, tokenizer = AutoModelForCausalLM.from_pretrained(tuned), AutoTokenizer.from_pretrained(tuned)
    assert tokenizer.eos_token == "<|im_end|>" and tokenizer.chat_template
    assert tokenizer.eos_token_id in trained.generation_config.eos_token_id
    new = weights[0]["model.embed_tokens.weight"]
    assert len(new) == rows + 2 == trained.config.vocab_size
    assert (trained.get_output_embeddings().weight is trained.get_input_embeddings().weight) == tied
    assert (new[rows:] - new[:rows].mean(0)).abs().max() < 1e-3 * new.std()
    assert all((weights[1][name] == tensor).all() for name, tensor in weights[0].items())
    recipe = sft_recipe(model, [write_rows(ROWS)], use_peft=True, lora_target_modules=["all-linear"], **changes)
    code, _, err = run("sft", recipe, "--preview", 1)
    assert code == 2 and "an adapter trains no rows" in err

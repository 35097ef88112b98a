"""Answers shown as the models give them."""

from typing import Any

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer


def answer_all(models: dict[str, str], prompts: list[str], max_new_tokens: int) -> dict[str, list[str]]:
    """Return every model's answers to every prompt, by the model's name, with a progress bar over the models.

    Args:
        models: path or id by name.
        prompts: each a conversation of its own.
        max_new_tokens: of an answer.
    """
    return {name: answer(model, prompts, max_new_tokens) for name, model in tqdm(models.items(), desc="Answers")}


def answer(model_name: str, prompts: list[str], max_new_tokens: int) -> list[str]:
    """Return a model's greedy answers, unedited, cut at `max_new_tokens` tokens."""
    tokenizer = AutoTokenizer.from_pretrained(model_name, padding_side="left")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model: Any = AutoModelForCausalLM.from_pretrained(model_name, dtype=torch.float32).eval()
    inputs = tokenizer.apply_chat_template(
        [[{"role": "user", "content": prompt}] for prompt in prompts],
        add_generation_prompt=True,
        padding=True,
        return_tensors="pt",
        return_dict=True,
    )
    with torch.inference_mode():
        output = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    return [text.strip() for text in tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], True)]

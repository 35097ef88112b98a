"""What requests to servers say about sampling, so that no server's own defaults count."""

from typing import Any

# Sampling that leaves the model's probabilities as they are, by vLLM's names. A server takes what a request leaves out
# from its command line or from the model's generation_config.json, so that every request says all of it.
NEUTRAL: dict[str, Any] = {
    "top_p": 1.0,
    "top_k": -1,
    "min_p": 0.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "repetition_penalty": 1.0,
}
# What llama.cpp's server has beside them (tools/server/README.md of llama.cpp). Its repeat_penalty is vLLM's
# repetition_penalty, a name that it ignores without a word.
NEUTRAL_LLAMA_CPP: dict[str, Any] = {
    "repeat_penalty": 1.0,
    "typical_p": 1.0,
    "top_n_sigma": -1.0,
    "xtc_probability": 0.0,
    "dry_multiplier": 0.0,
    "dynatemp_range": 0.0,
    "mirostat": 0,
}
# What a request can do without where a server refuses it.
OPTIONAL: dict[str, Any] = {
    **NEUTRAL,
    **NEUTRAL_LLAMA_CPP,
    "prompt_logprobs": 1,
    "return_tokens_as_token_ids": True,
    "add_special_tokens": False,
}


def for_llama_cpp(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request's body with what llama.cpp's server calls by other names, or has alone."""
    repeat_penalty = body.get("repetition_penalty", NEUTRAL_LLAMA_CPP["repeat_penalty"])
    return {**NEUTRAL_LLAMA_CPP, "repeat_penalty": repeat_penalty, **body}

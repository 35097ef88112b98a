"""The tokens of a served model: by its tokenizer on this machine, or by the server's own."""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from luth.core.endpoints import Client, Endpoint
from luth.core.errors import UserError, about, explain
from luth.evaluation.recipe import ModelEntry

# Two tokenizers that agree on accents, spaces, numbers, a tab, another script and a symbol are taken to be one.
SAMPLE = "It's 12:30, «\u00a0É à ç ï œ ß\u00a0» — 1\u202f234,5 € ?\n\tfor x in 日本: print(x) 🙂"


class ServerTokenizer:
    """A server's own tokenizer and chat template, with the methods of transformers' that our prompts use.

    vLLM has both at /tokenize and /detokenize, llama.cpp at /tokenize and /apply-template.
    """

    eos_token_id = None

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        """Ask for nothing yet."""
        self.name_or_path, self.model = f"{model} at {endpoint.base_url}", model
        self.client = Client(endpoint)
        self._runner = asyncio.Runner()
        self._runner.run(self.client.__aenter__())
        self._runner.run(self.client.facts(model))
        self._rendered = lru_cache(16)(self._render)

    def tells_tokens(self) -> bool:
        """Tell whether the server tells a text's tokens."""
        return bool(self._tokens(self._look("/tokenize", self._of_text("1", False))))

    def makes_prompts(self) -> bool:
        """Tell whether the server makes a chat's prompt without answering it."""
        try:
            return bool(self.apply_chat_template([{"role": "user", "content": "1"}]))
        except UserError:
            return False

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """Return a text's tokens."""
        if not text:
            return []
        return self._required(self._tokens(self._look("/tokenize", self._of_text(text, add_special_tokens))))

    def apply_chat_template(
        self,
        conversation: list[dict[str, str]],
        tokenize: bool = True,
        return_dict: bool = False,
        add_generation_prompt: bool = True,
        **arguments: Any,
    ) -> list[int] | str:
        """Return a chat's prompt up to where the answer begins, as tokens or as text."""
        assert add_generation_prompt and not return_dict
        messages = tuple((message["role"], message["content"]) for message in conversation)
        text, tokens = self._rendered(messages, tuple(sorted(arguments.items())))
        return tokens if tokenize else text

    def _render(self, messages: tuple[tuple[str, str], ...], arguments: tuple[Any, ...]) -> tuple[str, list[int]]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": role, "content": content} for role, content in messages],
            "add_generation_prompt": True,
            "chat_template_kwargs": dict(arguments),
        }
        if self.client.is_llama_cpp:
            text = self._required(self._look("/apply-template", body).get("prompt"))
            return text, self.encode(text)
        tokens = self._required(self._tokens(self._look("/tokenize", body)))
        answer = self._look("/detokenize", {"model": self.model, "tokens": tokens})
        return self._required(answer.get("prompt")), tokens

    def _of_text(self, text: str, special: bool) -> dict[str, Any]:
        """Return a request for a text's tokens, in the names of both servers."""
        one = {"model": self.model, "prompt": text, "add_special_tokens": special}
        return {"content": text, "add_special": special, "parse_special": True} if self.client.is_llama_cpp else one

    def _look(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._runner.run(self.client.look(path, body))

    def _tokens(self, content: dict[str, Any]) -> list[int] | None:
        tokens = content.get("tokens")
        return tokens if isinstance(tokens, list) and all(isinstance(token, int) for token in tokens) else None

    def _required(self, found: Any) -> Any:
        if found is None:
            raise UserError(
                "server-failed", f"{self.name_or_path} tells no tokens any more: run the same command again"
            )
        return found


def local_tokenizer(entry: ModelEntry) -> Any:
    """Return the tokenizer on this machine of a served model, None where there is none.

    It is the one that the recipe names, or that of the folder or Hub id by whose name the model is served.

    Raises:
        UserError: the named one cannot be loaded, or has no chat template.
    """
    if entry.tokenizer is not None:
        return _named(entry.tokenizer)
    model = entry.model_name
    if not Path(model).is_dir() and (Path(model).exists() or model.count("/") != 1 or model.startswith((".", "/"))):
        return None
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError):
        return None
    return tokenizer if tokenizer.chat_template else None


def _named(name: str) -> Any:
    with about(f"tokenizer: {name}"):
        try:
            tokenizer = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError, KeyError) as error:
            if explain(error) is not None:
                raise
            raise UserError("bad-model", "no tokenizer could be loaded: name its folder or Hub id") from error
        if not tokenizer.chat_template:
            raise UserError("bad-template", "it has no chat template, and prompts need one")
    return tokenizer


def require_same_tokens(tokenizer: Any, server: ServerTokenizer, model: str) -> None:
    """Raise `UserError` where a server makes other tokens of a text than the tokenizer on this machine."""
    mine, its = (each.encode(SAMPLE, add_special_tokens=False) for each in (tokenizer, server))
    if list(mine) != list(its):
        raise UserError(
            "server-failed",
            f"{server.name_or_path} makes other tokens of a text than {tokenizer.name_or_path} does: give {model} "
            "its own tokenizer with models: {model_name, tokenizer}",
        )

"""The log-likelihoods of choices from a server: which way it gives them, what is sent, and what its reply must hold.

Four ways, best first. `echo` and `prompt_logprobs` (vLLM): the prompt's tokens come back with their log-probabilities.
`forced` (llama.cpp): each token of a choice is forced by logit_bias, and its own log-probability comes back; a request
a token. `text_offsets`: a server that takes no tokens as a prompt is sent text, and its tokens are told apart by where
they begin. What a server does with a request is seen on two tokens, for it may answer 200 and ignore what was asked.
"""

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any, Literal

from luth.core.endpoints import UNREADABLE, Client, NoAnswer, Refused
from luth.core.errors import UserError
from luth.core.sampling_fields import NEUTRAL
from luth.evaluation.backends.prompts import Prompts
from luth.evaluation.backends.served_tokens import SAMPLE, ServerTokenizer, local_tokenizer, require_same_tokens
from luth.evaluation.recipe import EvalRecipe, ModelEntry
from luth.templates import date_fixed

Way = Literal["echo", "prompt_logprobs", "forced", "text_offsets"]
# Added to a token's logit so that it is generated; vLLM takes no more. Log-probabilities are those without it.
BIAS = 100


@dataclass
class Choice:
    """A prompt and a choice behind it, in tokens and as text."""

    context: list[int]
    tokens: list[int]
    context_text: str = ""
    text: str = ""


@dataclass
class Scoring:
    """How a server's log-likelihoods are had.

    Parameters:
        way: in which the server gives them.
        prompts: the model's, in the tokens of its tokenizer here or of the server's own.
    """

    way: Way
    prompts: Prompts

    def parts(self, choice: Choice) -> list[Choice]:
        """Return the choices that are one request each: where tokens are forced, those of a single token."""
        if self.way != "forced":
            return [choice]
        return [
            Choice(choice.context + choice.tokens[:at], choice.tokens[at : at + 1]) for at in range(len(choice.tokens))
        ]

    async def score(self, client: Client, model: str, part: Choice) -> dict[str, Any]:
        """Return the log-probability of each of a part's tokens in nats, and whether it is the most probable one."""
        return await client.complete(request(self.way, model, part), lambda reply: READ[self.way](reply, part))


def request(way: Way, model: str, part: Choice) -> dict[str, Any]:
    """Return the body of a request for a part's log-likelihood."""
    body = {"model": model, "max_tokens": 1, "temperature": 0.0, "logprobs": 1, **NEUTRAL}
    if way == "forced":
        bias = {"logit_bias": {str(part.tokens[0]): BIAS}, "return_tokens_as_token_ids": True}
        return {**body, "prompt": part.context, **bias}
    if way == "text_offsets":
        return {**body, "prompt": part.context_text + part.text, "echo": True, "add_special_tokens": False}
    kind = {"echo": True} if way == "echo" else {"prompt_logprobs": 1}
    return {**body, "prompt": part.context + part.tokens, **kind}


def _probe(model: str, tokens: list[int]) -> dict[str, Any]:
    """Return one request that tells all ways but the last: a prompt that comes back, and a token that is forced."""
    whole = Choice([], tokens)
    forced = request("forced", model, Choice(tokens, tokens[:1]))
    return {**request("echo", model, whole), **request("prompt_logprobs", model, whole), **forced, "echo": True}


def _echoed(reply: dict[str, Any], part: Choice) -> dict[str, Any]:
    values, best = reply["logprobs"]["token_logprobs"], reply["logprobs"]["top_logprobs"]
    start, size = len(part.context), len(part.context) + len(part.tokens)
    # One more token is generated, and some servers leave it out.
    if len(values) not in (size, size + 1) or values[0] is not None:
        raise ValueError
    return _kept([(values[at], max(best[at].values())) for at in range(start, size)])


def _of_prompt(reply: dict[str, Any], part: Choice) -> dict[str, Any]:
    start, tokens, found = len(part.context), [*part.context, *part.tokens], reply["prompt_logprobs"]
    if len(found) != len(tokens):
        raise ValueError
    entries = [(found[at][str(tokens[at])], found[at]) for at in range(start, len(tokens))]
    return _kept([(own["logprob"], max(each["logprob"] for each in near.values())) for own, near in entries])


def _forced(reply: dict[str, Any], part: Choice) -> dict[str, Any]:
    found, (token,) = reply["logprobs"], part.tokens
    if "content" in found:
        # llama.cpp, which writes plain completions' log-probabilities as those of chats.
        entry = found["content"][-1]
        said, value, best = entry["id"], entry["logprob"], max(each["logprob"] for each in entry["top_logprobs"])
    else:
        said, value = int(found["tokens"][-1].removeprefix("token_id:")), found["token_logprobs"][-1]
        best = max(found["top_logprobs"][-1].values())
    if said != token:
        raise ValueError
    return _kept([(value, best)])


def _by_offsets(reply: dict[str, Any], part: Choice) -> dict[str, Any]:
    """Read the tokens that begin in a choice, and one that begins before it and ends in it: `border`, in nats."""
    found = reply["logprobs"]
    values, best, offsets = found["token_logprobs"], found["top_logprobs"], found["text_offset"]
    start, end = len(part.context_text), len(part.context_text) + len(part.text)
    if not len(values) == len(best) == len(offsets) or offsets[0] != 0 or offsets != sorted(offsets):
        raise ValueError
    ends = [*offsets[1:], end]
    inside = [at for at, offset in enumerate(offsets) if offset < end and max(ends[at], offset + 1) > start]
    kept = _kept([(values[at], max(best[at].values())) for at in inside])
    across = [-values[at] for at in inside if offsets[at] < start]
    return {**kept, "border": across[0] if across else 0.0}


READ = {"echo": _echoed, "prompt_logprobs": _of_prompt, "forced": _forced, "text_offsets": _by_offsets}


def _kept(pairs: list[tuple[float, float]]) -> dict[str, Any]:
    if not pairs or not all(math.isfinite(value) for value, _ in pairs):
        raise ValueError
    return {"logprobs": [value for value, _ in pairs], "greedy": [value >= best for value, best in pairs]}


def served_prompts(entry: ModelEntry, recipe: EvalRecipe, own: ServerTokenizer) -> Prompts | None:
    """Return a served model's prompts, in the tokens of its tokenizer on this machine, or of the server's own.

    Raises:
        UserError: the server makes other tokens of a text than the tokenizer on this machine.
    """
    local, tells = local_tokenizer(entry), own.tells_tokens()
    if local is None and not (tells and own.makes_prompts()):
        return None
    if local is not None:
        local.chat_template = date_fixed(local.get_chat_template(), recipe.date)
        if tells:
            require_same_tokens(local, own, entry.model_name)
    tokenizer: Any = own if local is None else local
    return Prompts(entry.model_name, tokenizer, recipe.system_prompt, recipe.tokenisation, recipe.reasoning_tags)


def find_out(client: Client, entry: ModelEntry, recipe: EvalRecipe) -> tuple[Scoring | None, str]:
    """Return how a model's log-likelihoods are had from a server, or None and the reason why they are not.

    Args:
        client: of the server; closed.
        entry: the model, by the name under which it is served.
        recipe: says how prompts are made.

    Raises:
        UserError: the server cannot be reached, or makes other tokens of a text than the tokenizer on this machine.
    """
    own = ServerTokenizer(client.endpoint, entry.model_name)
    if own.client.models is None:
        raise UserError(
            "server-failed", f"{client.endpoint.base_url} cannot be reached: start it, or correct it (most end in /v1)"
        )
    prompts = served_prompts(entry, recipe, own)
    if prompts is None:
        advice = "it has no /tokenize: name the model's with models: {model_name, tokenizer}"
        return None, f"no tokenizer of {entry.model_name} is on this machine, and {advice}"
    tokens = list(prompts.tokenizer.encode(SAMPLE, add_special_tokens=False))
    way, echoed = asyncio.run(_way(client, entry.model_name, tokens))
    if way is None:
        return None, "it gives log-probabilities of the last token only" if echoed else "it gives no log-probabilities"
    if not own.tells_tokens() and not echoed.startswith(str(prompts.tokenizer.decode(tokens))):
        origin = prompts.tokenizer.name_or_path
        return None, f"nothing tells whether its tokens are those of {origin}: it has no /tokenize"
    return Scoring(way, prompts), ""


async def _way(client: Client, model: str, tokens: list[int]) -> tuple[Way | None, str]:
    """Return the way that a server's replies show, and the text that came back with it."""
    half = len(tokens) // 2
    whole = Choice(tokens[:half], tokens[half:])
    kinds: dict[Way, Choice] = {"echo": whole, "prompt_logprobs": whole, "forced": Choice(tokens, tokens[:1])}
    async with client:
        reply = await _reply(client, _probe(model, tokens))
        if reply is None:
            kinds = {"text_offsets": Choice([], [], SAMPLE[:half], SAMPLE[half:])}
            reply = await _reply(client, request("text_offsets", model, kinds["text_offsets"])) or {}
    for way, part in kinds.items():
        try:
            READ[way](reply, part)
            return way, str(reply.get("text", ""))
        except UNREADABLE:
            continue
    return None, "one token" if reply.get("logprobs") else ""


async def _reply(client: Client, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the choice of a plain completion, None where the server takes no such request."""
    try:
        return await client.complete(body, dict, wait_for_server=False)
    except Refused:
        return None
    except NoAnswer as error:
        raise UserError(
            "server-failed", f"{client.endpoint.base_url} does not answer: {error}: {error.advice}"
        ) from None


async def seconds_of(client: Client, scoring: Scoring, model: str, part: Choice) -> float:
    """Return how long a server takes for a request; it is asked nothing else meanwhile."""
    async with client:
        begun = time.monotonic()
        await scoring.score(client, model, part)
        return time.monotonic() - begun

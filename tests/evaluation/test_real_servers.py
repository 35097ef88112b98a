"""Real servers of the demo's model in float32: log-likelihoods equal to the transformers backend's, token by token.

LUTH_VLLM_URL and LUTH_LLAMA_CPP_URL name their addresses (http://HOST:PORT/v1); how to start them is said in
docs/how-to/evaluate-on-a-server.md. LUTH_SERVED_ITEMS is how many questions are asked, 8 unless set.
"""

import asyncio
import os
import statistics
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from luth.core.endpoints import Client, Endpoint
from luth.evaluation.backends.served_likelihoods import Choice, find_out
from luth.evaluation.items.loading import read_items
from luth.evaluation.recipe import EvalRecipe, ModelEntry
from luth.evaluation.tasks import task_table

BASE = Path("out/demo/base")
# The variable, the way that the server has, and what a token's log-probability may differ by, in nats.
SERVERS = [("LUTH_VLLM_URL", "echo", 1e-4), ("LUTH_LLAMA_CPP_URL", "forced", 1e-3)]


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "way", "most"), SERVERS)
@pytest.mark.parametrize("tokens", ["local", "server"])
def test_every_token_agrees_with_the_transformers_backend(variable, way, most, tokens):
    if variable not in os.environ or not BASE.exists():
        pytest.skip(f"{variable} names no server, or {BASE} is missing")
    client = Client(Endpoint(base_url=os.environ[variable]))
    name = asyncio.run(served_name(client))
    recipe = EvalRecipe(
        models=[name],
        tasks=["demo_choice_fr"],
        output_dir="unused",
        custom_tasks=["recipes/demo/tasks.py"],
        max_samples=int(os.environ.get("LUTH_SERVED_ITEMS", "8")),
    )
    scoring, reason = find_out(client, ModelEntry(name, tokenizer=str(BASE) if tokens == "local" else None), recipe)
    assert scoring is not None and scoring.way == way, reason
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
    docs = read_items(recipe, task_table(recipe.custom_tasks), ["demo_choice_fr"], print)["demo_choice_fr"]
    differences, chosen, close = [], 0, 0
    for doc in docs:
        context, choices = scoring.prompts.choices(doc, None)
        mine = [local(model, context, choice) for choice in choices]
        its = asyncio.run(served(client, scoring, name, context, choices))
        for one, other in zip(mine, its, strict=True):
            differences += [abs(a - b) for a, b in zip(one, other, strict=True)]
        sums = [[sum(values) / len(values) for values in side] for side in (mine, its)]
        best, second = sorted(sums[0], reverse=True)[:2]
        same = sums[0].index(max(sums[0])) == sums[1].index(max(sums[1]))
        chosen, close = chosen + same, close + (best - second <= max(differences))
        assert same or best - second <= max(differences)
    print(
        f"{variable}, {tokens} tokens: {len(differences)}, greatest difference {max(differences):.1e}, "
        f"median {statistics.median(differences):.1e}; {chosen} of {len(docs)} choices equal, {close} too close"
    )
    assert max(differences) <= most


async def served_name(client):
    async with client:
        await client.facts("")
        return client.models[0]["id"]


async def served(client, scoring, name, context, choices):
    """Return each choice's log-probabilities, a token each."""
    async with client:
        found = []
        for tokens in choices:
            parts = [await scoring.score(client, name, part) for part in scoring.parts(Choice(context, tokens))]
            found.append([value for part in parts for value in part["logprobs"]])
        return found


@torch.no_grad()
def local(model, context, tokens):
    """Return the log-probability of each token behind a context."""
    logprobs = model(torch.tensor([[*context, *tokens]])).logits[0].log_softmax(-1)
    return [float(logprobs[len(context) + at - 1, token]) for at, token in enumerate(tokens)]

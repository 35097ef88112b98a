"""Requests to a server, several at a time, each answer kept as it comes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tqdm import tqdm

from luth.core.endpoints import Client, NoAnswer, Refused
from luth.core.errors import UserError
from luth.evaluation.backends.answer_store import AnswerStore

# So many items in a row without any answer mean that the server is gone, not that it is busy.
GIVE_UP_AFTER = 8
T = TypeVar("T")


def answer_all(
    client: Client,
    requests: dict[str, T],
    send: Callable[[T], Awaitable[dict[str, Any]]],
    answers: AnswerStore,
    what: str,
) -> None:
    """Have every request answered that has no answer yet.

    Args:
        client: closed; it is open while requests are sent.
        requests: by the names under which their answers are kept.
        send: sends one with the client, and returns its answer in the form in which it is kept.
        answers: where answers are kept.
        what: the progress bar's name.

    Raises:
        UserError: some have no answer after all; the answers that came are kept.
    """
    missing = {name: request for name, request in requests.items() if name not in answers}
    failures = asyncio.run(_send_all(client, missing, send, answers, what))
    left = sum(name not in answers for name in requests)
    if left:
        raise UserError(
            "server-failed",
            f"{left} of {len(requests)} items got no answer from {client.endpoint.base_url}: {_reasons(failures)}: "
            "what was answered is kept; run the same command again to ask for the rest",
        )


def _reasons(failures: list[NoAnswer]) -> str:
    """Return why requests have no answer, each reason once, and what may help."""
    refused = [failure for failure in failures if isinstance(failure, Refused)]
    others = [failure for failure in failures if not isinstance(failure, Refused)]
    lines = [f"{others[0]} ({others[0].advice})"] if others else []
    if refused:
        lines.append(f"{len(refused)} were refused, {refused[0]} ({_advice(str(refused[0]))})")
    return "; ".join(lines)


def _advice(refusal: str) -> str:
    """Return what to do about a request that a server refuses."""
    if any(word in refusal.casefold() for word in ("context", "too long", "longer than", "maximum model length")):
        return "start the server with a longer context: --max-model-len for vLLM, -c for llama.cpp"
    return "its own log may say why"


async def _send_all(
    client: Client,
    requests: dict[str, T],
    send: Callable[[T], Awaitable[dict[str, Any]]],
    answers: AnswerStore,
    what: str,
) -> list[NoAnswer]:
    """Send requests, several at a time; keep each answer as it comes. Return why others have none."""
    failures: list[NoAnswer] = []
    in_a_row = 0
    waiting = iter(requests.items())

    async def send_in_turn(progress: tqdm) -> None:
        nonlocal in_a_row
        for name, request in waiting:
            try:
                answers.put(name, await send(request))
                in_a_row = 0
            except NoAnswer as failure:
                failures.append(failure)
                in_a_row += not isinstance(failure, Refused)
                if in_a_row >= GIVE_UP_AFTER:
                    raise
            progress.update()

    async with client:
        with tqdm(total=len(requests), desc=what, disable=not requests) as progress:
            lanes = min(client.endpoint.concurrent_requests, len(requests))
            tasks = [asyncio.create_task(send_in_turn(progress)) for _ in range(lanes)]
            try:
                await asyncio.gather(*tasks)
            except NoAnswer:
                # The server is gone: what is still under way is not waited for.
                pass
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    return failures

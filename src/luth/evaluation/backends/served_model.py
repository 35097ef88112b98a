"""Our tasks' questions to an OpenAI-compatible server, by LightEval's interface."""

import asyncio
from typing import Any

from lighteval.models.abstract_model import LightevalModel, ModelConfig
from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc
from lighteval.utils.cache_management import SampleCache
from tqdm import tqdm

from luth.core.endpoints import Client, Endpoint, NoAnswer, Refused, Reply
from luth.core.errors import UserError
from luth.evaluation.backends.answer_store import Answer, AnswerStore, key
from luth.evaluation.backends.chat_template import template_arguments
from luth.evaluation.backends.prompts import PROBE
from luth.evaluation.backends.thoughts import Tags, split_thought
from luth.evaluation.recipe import Generation

# So many items in a row without any answer mean that the server is gone, not that it is busy.
GIVE_UP_AFTER = 8


class EndpointModel(LightevalModel):
    """A served model: answers in words only, since no chat endpoint gives a prompt's log-probabilities."""

    is_async = False

    def __init__(
        self, name: str, endpoint: Endpoint, system_prompt: str | None, answers: AnswerStore, cache_dir: str
    ) -> None:
        """Send nothing yet. `cache_dir` is scratch for LightEval's cache, unused here."""
        self.name, self.endpoint, self.answers = name, endpoint, answers
        self.config = ModelConfig(model_name=name, system_prompt=system_prompt, cache_dir=cache_dir)
        self._cache = SampleCache(self.config)
        self.prompt_manager = PromptManager(use_chat_template=True, tokenizer=None, system_prompt=system_prompt)
        self.thinking: bool | None = None
        self.generation = Generation()
        self.seed = 0
        self.tags: Tags = []

    tokenizer = property(lambda self: None)
    add_special_tokens = property(lambda self: False)
    max_length = property(lambda self: 0)

    def greedy_until(self, docs: list[Doc]) -> list[Answer]:
        """Answer every doc.

        Raises:
            UserError: some items have no answer after all; the answers that came are kept.
        """
        requests: dict[str, dict[str, Any]] = {}
        names = []
        for doc in docs:
            request = self._request(self.prompt_manager.prepare_prompt_api(doc), doc.generation_size)
            names.append(key(**request))
            requests[names[-1]] = request
        failures = asyncio.run(self._gather({name: requests[name] for name in requests if name not in self.answers}))
        missing = [name for name in requests if name not in self.answers]
        if missing:
            refused = [failure for failure in failures if isinstance(failure, Refused)]
            advice = f"; {len(refused)} were refused, {refused[0]}: lower max_new_tokens" if refused else ""
            raise UserError(
                "server-failed",
                f"{len(missing)} of {len(requests)} items got no answer from {self.endpoint.base_url} "
                f"({failures[0]}){advice}: what was answered is kept; run the same command again to ask for the rest",
            )
        return [self._written(self.answers[name]) for name in names]

    async def _gather(self, requests: dict[str, dict[str, Any]]) -> list[NoAnswer]:
        """Send requests, several at a time; keep each answer as it comes. Return why others have none."""
        failures: list[NoAnswer] = []
        in_a_row = 0
        waiting = iter(requests.items())

        async def send_in_turn(client: Client, progress: tqdm) -> None:
            nonlocal in_a_row
            for name, request in waiting:
                try:
                    self.answers.put(name, _kept(await client.ask(_body(request), needs_text=True)))
                    in_a_row = 0
                except NoAnswer as failure:
                    failures.append(failure)
                    in_a_row += not isinstance(failure, Refused)
                    if in_a_row >= GIVE_UP_AFTER:
                        raise
                progress.update()

        async with Client(self.endpoint) as client:
            with tqdm(total=len(requests), desc="Answers", disable=not requests) as progress:
                lanes = min(self.endpoint.concurrent_requests, len(requests))
                tasks = [asyncio.create_task(send_in_turn(client, progress)) for _ in range(lanes)]
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

    def _request(self, messages: list[dict[str, str]], generation_size: int | None) -> dict[str, Any]:
        """Return the request's body, by the API's names; what the API does not have goes as vLLM names it."""
        settings = self.generation.given()
        limit = settings.pop("max_new_tokens", None) or generation_size
        body: dict[str, Any] = {"model": self.name, "messages": messages, "temperature": settings.pop("temperature")}
        if limit is not None:
            body["max_tokens"] = limit
        if body["temperature"] > 0:
            body["seed"] = self.seed
        for name in ("top_p", "presence_penalty", "frequency_penalty"):
            if name in settings:
                body[name] = settings.pop(name)
        extra = {**settings, "chat_template_kwargs": template_arguments(self.thinking)}
        return {**body, "extra_body": {name: value for name, value in extra.items() if value not in ({}, None)}}

    def _written(self, answer: dict[str, Any]) -> Answer:
        if answer["thought"] is not None:
            # The server itself took the thought out; an answer that never began is a thought without end.
            response = Answer(text=[answer["text"]], reasonings=[answer["thought"]])
            response.unclosed = not answer["text"].strip() and answer["truncated"]
        else:
            reply = split_thought(
                answer["text"], self.tags, expected=bool(self.thinking), cut_short=answer["truncated"]
            )
            response = Answer(text=[reply.answer], reasonings=[reply.thought])
            response.unclosed = reply.unclosed
        response.truncated = answer["truncated"]
        return response

    def loglikelihood(self, docs: list[Doc]) -> list[Answer]:
        """Raise `UserError`: see the class."""
        raise UserError("server-failed", f"{self.endpoint.base_url} gives no log-probabilities of prompts")

    loglikelihood_rolling = loglikelihood

    def check(self) -> None:
        """Ask the server for one token, and see that it heeds the recipe's `thinking`.

        Raises:
            UserError: it cannot be reached, does not know the model, or reads the same prompt thinking and not.
        """
        try:
            sizes = asyncio.run(self._prompt_sizes([None] if self.thinking is None else [True, False]))
        except NoAnswer as error:
            raise UserError(
                "server-failed", f"{self.endpoint.base_url} does not answer: {error}: {error.advice}"
            ) from error
        if self.thinking is not None and (None in sizes or sizes[0] == sizes[1]):
            raise UserError(
                "server-failed",
                f"thinking: {self.name} at {self.endpoint.base_url} reads the same prompt with and without "
                f"enable_thinking: set thinking to null for this model",
            )

    async def _prompt_sizes(self, modes: list[bool | None]) -> list[int | None]:
        """Return the tokens of one prompt in each mode of thinking; None where the server does not count them."""
        sizes = []
        async with Client(self.endpoint) as client:
            for mode in modes:
                body: dict[str, Any] = {"model": self.name, "max_tokens": 1, "temperature": 0.0}
                body["messages"] = [{"role": "user", "content": PROBE}]
                if mode is not None:
                    body["chat_template_kwargs"] = template_arguments(mode)
                reply = await client.ask(body, wait_for_server=False)
                sizes.append(reply.usage.get("prompt_tokens"))
        return sizes


def _body(request: dict[str, Any]) -> dict[str, Any]:
    """Return what is sent for a request: an answer is kept under the request, with what the API lacks set apart."""
    return {**{name: value for name, value in request.items() if name != "extra_body"}, **request["extra_body"]}


def _kept(reply: Reply) -> dict[str, Any]:
    return {"text": reply.text or "", "thought": reply.thought, "truncated": reply.finish_reason == "length"}

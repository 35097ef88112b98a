"""Our tasks' questions to an OpenAI-compatible server, by LightEval's interface."""

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import openai
from lighteval.models.abstract_model import LightevalModel, ModelConfig
from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc
from lighteval.utils.cache_management import SampleCache
from tqdm import tqdm

from luth.core.endpoints import LONGEST_WAIT, asked_pause, short_error
from luth.core.errors import UserError
from luth.evaluation.backends.answer_store import Answer, AnswerStore, key
from luth.evaluation.backends.thinking import PROBE, Tags, split_thought, template_arguments
from luth.evaluation.recipe import Endpoint, Generation

# So many items in a row without any answer mean that the server is gone, not that it is busy.
GIVE_UP_AFTER = 8


class NoAnswer(Exception):
    """The server did not answer an item, however often it was asked."""


class Refused(NoAnswer):
    """The server will not answer this item, however often it is asked: it is too long, for one."""


class EndpointModel(LightevalModel):
    """A served model: answers in words only, since no chat endpoint gives a prompt's log-probabilities."""

    is_async = False

    def __init__(
        self, name: str, endpoint: Endpoint, system_prompt: str | None, answers: AnswerStore, cache_dir: str
    ) -> None:
        """Prepare the client; nothing is asked yet. `cache_dir` is scratch for LightEval's cache, unused here."""
        self.name, self.endpoint, self.answers = name, endpoint, answers
        self.config = ModelConfig(model_name=name, system_prompt=system_prompt, cache_dir=cache_dir)
        self._cache = SampleCache(self.config)
        self.prompt_manager = PromptManager(use_chat_template=True, tokenizer=None, system_prompt=system_prompt)
        self.client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=os.environ.get(endpoint.api_key_env) or "none",
            timeout=endpoint.timeout,
            max_retries=0,
        )
        self.thinking: bool | None = None
        self.generation = Generation()
        self.seed = 0
        self.tags: Tags = []
        self.failed: dict[str, NoAnswer] = {}
        self._over = threading.Event()

    tokenizer = property(lambda self: None)
    add_special_tokens = property(lambda self: False)
    max_length = property(lambda self: 0)

    def greedy_until(self, docs: list[Doc]) -> list[Answer]:
        """Answer every doc.

        Raises:
            UserError: some items have no answer after all; the answers that came are kept.
        """
        asked: dict[str, dict[str, Any]] = {}
        names = []
        for doc in docs:
            request = self._request(self.prompt_manager.prepare_prompt_api(doc), doc.generation_size)
            names.append(key(**request))
            asked[names[-1]] = request
        self.failed = {}
        self._gather({name: request for name, request in asked.items() if name not in self.answers})
        if self.failed:
            refused = [error for error in self.failed.values() if isinstance(error, Refused)]
            advice = f"; {len(refused)} were refused, {refused[0]}: lower max_new_tokens" if refused else ""
            raise UserError(
                "server-failed",
                f"{len(self.failed)} of {len(asked)} items got no answer from {self.endpoint.base_url} "
                f"({next(iter(self.failed.values()))}){advice}: what was answered is kept; run the same command again "
                f"to ask for the rest",
            )
        return [self._written(self.answers[name]) for name in names]

    def _gather(self, asked: dict[str, dict[str, Any]]) -> None:
        """Ask for everything, several requests at a time; keep each answer as it comes, and note what has none."""
        self._over.clear()
        in_a_row = 0
        with (
            ThreadPoolExecutor(self.endpoint.concurrent_requests) as pool,
            tqdm(total=len(asked), desc="Answers", disable=not asked) as progress,
        ):
            under_way = {pool.submit(self._ask, request): name for name, request in asked.items()}
            try:
                for done in as_completed(under_way):
                    try:
                        self.answers.put(under_way[done], done.result())
                        in_a_row = 0
                    except NoAnswer as error:
                        self.failed[under_way[done]] = error
                        in_a_row += not isinstance(error, Refused)
                    if in_a_row >= GIVE_UP_AFTER:
                        self._over.set()
                    progress.update()
            finally:
                # Where something else went wrong, what still waits is not worth asking.
                self._over.set()

    def _request(self, messages: list[dict[str, str]], generation_size: int | None) -> dict[str, Any]:
        """Return the request's body, by the API's names; what the API does not have goes as vLLM names it."""
        given = self.generation.given()
        limit = given.pop("max_new_tokens", None) or generation_size
        body: dict[str, Any] = {"model": self.name, "messages": messages, "temperature": given.pop("temperature")}
        if limit is not None:
            body["max_tokens"] = limit
        if body["temperature"] > 0:
            body["seed"] = self.seed
        body.update(
            {name: given.pop(name) for name in ("top_p", "presence_penalty", "frequency_penalty") if name in given}
        )
        extra = {**given, "chat_template_kwargs": template_arguments(self.thinking)}
        return {**body, "extra_body": {name: value for name, value in extra.items() if value not in ({}, None)}}

    def _ask(self, request: dict[str, Any], read: Callable[[Any], Any] | None = None) -> Any:
        """Send one request, again after a longer wait each time where that may help; return what `read` finds in it.

        Raises:
            NoAnswer: it was refused, or asked in vain.
            UserError: key, name or address are wrong, which no other item would change.
        """
        # A server that is not there is said at once; one that has been is waited for.
        probing, reason = read is not None, ""
        for attempt in range(self.endpoint.api_max_retry + 1):
            if self._over.is_set():
                raise NoAnswer(reason or "not asked any more")
            pause = 0.0
            try:
                found = (read or _parts)(self.client.chat.completions.create(**request))
                if found is not None:
                    return found
                reason = "the reply was empty, or no chat completion"
            except openai.APIStatusError as error:
                reason, pause = (
                    f"HTTP {error.status_code}: {short_error(error, self.client.api_key)}",
                    asked_pause(error),
                )
                if error.status_code in (401, 403, 404):
                    raise UserError(
                        "server-failed",
                        f"{self.endpoint.base_url} refuses: {reason}: check the key, the model's name and the address",
                    ) from error
                if error.status_code not in (408, 409, 429) and error.status_code < 500:
                    raise Refused(reason) from error
            except (openai.APIError, ValueError) as error:
                reason = short_error(error, self.client.api_key).rstrip(".")
                if probing and type(error) is openai.APIConnectionError:
                    raise NoAnswer(reason) from error
            if attempt < self.endpoint.api_max_retry:
                time.sleep(max(pause, min(LONGEST_WAIT, 2.0**attempt * random.uniform(0.25, 0.5))))
        raise NoAnswer(f"{reason}, asked {self.endpoint.api_max_retry + 1} times")

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
        modes: list[bool | None] = [None] if self.thinking is None else [True, False]
        sizes = []
        for mode in modes:
            messages = [{"role": "user", "content": PROBE}]
            body: dict[str, Any] = {"model": self.name, "messages": messages, "max_tokens": 1, "temperature": 0.0}
            if mode is not None:
                body["extra_body"] = {"chat_template_kwargs": template_arguments(mode)}
            try:
                sizes.append(self._ask(body, lambda reply: reply if getattr(reply, "choices", None) else None).usage)
            except NoAnswer as error:
                raise UserError(
                    "server-failed",
                    f"{self.endpoint.base_url} does not answer: {error}: is it up, and does it end in /v1?",
                ) from error
        if len(modes) > 1 and (None in sizes or sizes[0].prompt_tokens == sizes[1].prompt_tokens):
            raise UserError(
                "server-failed",
                f"thinking: {self.name} at {self.endpoint.base_url} reads the same prompt with and without "
                f"enable_thinking: set thinking to null for this model",
            )


def _parts(reply: Any) -> dict[str, Any] | None:
    """Return text, thought and whether the answer was cut short, or None for a reply without an answer in it."""
    choices = getattr(reply, "choices", None)
    message = choices[0].message if choices else None
    if message is None:
        return None
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    if message.content is None and thought is None:
        return None
    return {
        "text": message.content or "",
        "thought": thought,
        "truncated": choices[0].finish_reason == "length",
    }

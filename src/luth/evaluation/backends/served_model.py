"""Our tasks' questions to an OpenAI-compatible server, by LightEval's interface."""

import asyncio
import statistics
from typing import Any

from lighteval.models.abstract_model import LightevalModel, ModelConfig
from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc
from lighteval.utils.cache_management import SampleCache

from luth.core.console import say
from luth.core.endpoints import Client, Endpoint, NoAnswer, Refused
from luth.core.errors import UserError
from luth.core.replies import Reply
from luth.core.sampling_fields import NEUTRAL
from luth.evaluation.backends.answer_store import Answer, AnswerStore, key
from luth.evaluation.backends.chat_template import Messages, template_arguments, without_system_role
from luth.evaluation.backends.prompts import PROBE
from luth.evaluation.backends.served_likelihoods import Choice, Scoring, seconds_of, served_prompts
from luth.evaluation.backends.served_requests import answer_all
from luth.evaluation.backends.served_tokens import ServerTokenizer
from luth.evaluation.backends.thoughts import split_thought
from luth.evaluation.recipe import EvalRecipe, Row


class EndpointModel(LightevalModel):
    """A served model. Log-likelihoods are asked for where `scoring` says how they are had."""

    is_async = False

    def __init__(self, row: Row, recipe: EvalRecipe, endpoint: Endpoint, answers: AnswerStore, cache_dir: str) -> None:
        """Send nothing yet. `cache_dir` is scratch for LightEval's cache, unused here."""
        self.name, self.client, self.answers = row.model, Client(endpoint), answers
        # Not the model's name: one that is a path would lead LightEval's cache out of its folder.
        self.config = ModelConfig(model_name="served", system_prompt=recipe.system_prompt, cache_dir=cache_dir)
        self._cache = SampleCache(self.config)
        self.prompt_manager = PromptManager(use_chat_template=True, tokenizer=None, system_prompt=recipe.system_prompt)
        self.thinking, self.generation, self.seed = row.thinking, row.generation, row.seed
        self.scoring: Scoring | None = row.scoring
        self.recipe, self.tags, self.system_role = recipe, recipe.reasoning_tags, True
        self.facts: dict[str, Any] = {}
        self.notes: list[str] = [] if self.scoring is None else list(self.scoring.prompts.notes)

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
            request = self._request(self._messages(doc), doc.generation_size)
            names.append(key(**request))
            requests[names[-1]] = request

        async def send(request: dict[str, Any]) -> dict[str, Any]:
            reply = await self.client.ask(request, needs_text=True)
            room = request.get("max_tokens") or 0
            answer = {"text": reply.text or "", "thought": reply.thought, "truncated": reply.finish_reason == "length"}
            return {**answer, "no_room": answer["truncated"] and reply.usage.get("completion_tokens", room) < room}

        answer_all(self.client, requests, send, self.answers, "Answers")
        answers = [self.answers[name] for name in names]
        self._say(answers)
        return [self._written(answer) for answer in answers]

    def _messages(self, doc: Doc) -> Messages:
        messages: Any = self.prompt_manager.prepare_prompt_api(doc)
        return messages if self.system_role else without_system_role(messages)

    def _request(self, messages: Messages, generation_size: int | None) -> dict[str, Any]:
        """Return the request's body: all about sampling, so that nothing is left to the server's own defaults.

        Names are the API's; what the API does not have goes as vLLM names it.
        """
        settings = self.generation.given()
        limit = settings.pop("max_new_tokens", None) or generation_size
        body = {"model": self.name, "messages": messages, **NEUTRAL, **settings}
        if limit is not None:
            body["max_tokens"] = limit
        if body["temperature"] > 0:
            body["seed"] = self.seed
        if self.thinking is not None:
            body["chat_template_kwargs"] = template_arguments(self.thinking)
        return body

    def _say(self, answers: list[dict[str, Any]]) -> None:
        no_room = sum(answer["no_room"] for answer in answers)
        if no_room:
            say(
                f"{no_room} of {len(answers)} answers were cut short by the server's context, before max_new_tokens: "
                "start it with a longer one (--max-model-len for vLLM, -c for llama.cpp)."
            )
        taken = sum(self._is_answer(answer) for answer in answers)
        if taken:
            say(
                f"{taken} of {len(answers)} answers came as thoughts that no answer follows. thinking is not true, so "
                "they are the answers: the server's reasoning parser takes a text without tags for a thought."
            )

    def _is_answer(self, answer: dict[str, Any]) -> bool:
        """Tell whether a reply's thought is the answer: whole, followed by nothing, and not asked for."""
        alone = answer["thought"] is not None and not answer["text"].strip()
        return alone and not answer["truncated"] and not self.thinking

    def _written(self, answer: dict[str, Any]) -> Answer:
        if self._is_answer(answer):
            response = Answer(text=[answer["thought"]], reasonings=[None])
        elif answer["thought"] is not None:
            # The server itself took the thought out; an answer that never began is a thought without end.
            response = Answer(text=[answer["text"]], reasonings=[answer["thought"]])
            response.unclosed = not answer["text"].strip()
        else:
            reply = split_thought(
                answer["text"], self.tags, expected=bool(self.thinking), cut_short=answer["truncated"]
            )
            response = Answer(text=[reply.answer], reasonings=[reply.thought])
            response.unclosed = reply.unclosed
        response.truncated = answer["truncated"]
        return response

    def loglikelihood(self, docs: list[Doc]) -> list[Answer]:
        """Score every doc's choices, each after the doc's prompt, never thinking, as the transformers backend does.

        Raises:
            UserError: some choices have no log-likelihood after all; those that came are kept.
        """
        scoring = self.scoring
        assert scoring is not None
        choices = [self._choices(doc, scoring) for doc in docs]
        requests: dict[str, Choice] = {}
        names = []
        for choice in (choice for of_doc in choices for choice in of_doc):
            parts = {key(way=scoring.way, model=self.name, **vars(part)): part for part in scoring.parts(choice)}
            names.append(list(parts))
            requests.update(parts)
        if scoring.way == "forced":
            self._say_hours([part for name, part in requests.items() if name not in self.answers], scoring)

        async def send(part: Choice) -> dict[str, Any]:
            return await scoring.score(self.client, self.name, part)

        answer_all(self.client, requests, send, self.answers, "Log-likelihoods")
        found = [[self.answers[name] for name in of_choice] for of_choice in names]
        if scoring.way == "text_offsets":
            self._note([part["border"] for parts in found for part in parts])
        return _responses(choices, found)

    def _choices(self, doc: Doc, scoring: Scoring) -> list[Choice]:
        """Return a doc's choices, with the tokens that the transformers backend gives them."""
        thinking = False if self.thinking else self.thinking
        if scoring.prompts.opens_thought(doc, thinking):
            raise UserError(
                "bad-recipe-value",
                "the chat template opens a thought, and a choice cannot be scored inside it: set thinking to false",
            )
        context, found = scoring.prompts.choices(doc, thinking)
        if scoring.way != "text_offsets":
            return [Choice(context, tokens) for tokens in found]
        text = scoring.prompts.text(doc, thinking)
        return [Choice(context, tokens, text, choice) for tokens, choice in zip(found, doc.choices, strict=True)]

    def _say_hours(self, parts: list[Choice], scoring: Scoring) -> None:
        """Say how many requests there will be, and how long they take one after another."""
        if not parts:
            return
        middle = sorted(parts, key=lambda part: len(part.context))[len(parts) // 2]
        try:
            hours = len(parts) * asyncio.run(seconds_of(self.client, scoring, self.name, middle)) / 3600
        except NoAnswer:
            # It is refused again, and counted, among the others.
            hours = float("nan")
        say(
            f"{self.name}: the server gives a token's log-probability only where it is forced, so a choice's token "
            f"is a request: {len(parts):,} of them, about {hours:.2g} hours if they wait for one another."
        )

    def _note(self, borders: list[float]) -> None:
        """Note how far text offsets may be wrong: by the tokens that belong to the prompt and to a choice."""
        across = [nats for nats in borders if nats]
        sizes = ""
        if across:
            sizes = f", with {max(across):.1e} nats at most on it, {statistics.median(across):.1e} in the median"
        self.notes.append(
            f"Log-likelihoods of {self.name} are by text offsets, for its server takes no tokens: {len(across)} of "
            f"{len(borders)} choices share a token with their prompt{sizes}."
        )
        say(self.notes[-1])

    def loglikelihood_rolling(self, docs: list[Doc]) -> list[Answer]:
        """Raise `UserError`: none of our tasks measures perplexity."""
        raise UserError("bad-recipe-value", "perplexity tasks are not for servers: use `lighteval accelerate`")

    def check(self) -> None:
        """Ask the server for one token, see that it heeds the recipe's `thinking`, and learn what it says of itself.

        Raises:
            UserError: it cannot be reached, does not have the model, or reads the same prompt thinking and not.
        """
        try:
            replies = asyncio.run(self._probe([None] if self.thinking is None else [self.thinking, not self.thinking]))
        except NoAnswer as error:
            advice = f": {error.advice}" if error.advice else ""
            url = self.client.endpoint.base_url
            raise UserError("server-failed", f"{url} does not answer: {error}{advice}") from error
        size = replies[0].usage.get("prompt_tokens")
        if self.thinking is not None and size in (None, replies[1].usage.get("prompt_tokens")):
            self._require_no_thought()
        if replies[0].fingerprint:
            self.facts["system_fingerprint"] = replies[0].fingerprint
        if replies[0].model not in ("", self.name):
            self.facts["answers_as"] = replies[0].model
        if self.client.refused:
            say(f"{self.client.endpoint.base_url} refuses, and is not sent: {', '.join(self.client.refused)}.")
        if self.scoring is not None:
            self._say_template(size, self.scoring)

    async def _probe(self, modes: list[bool | None]) -> list[Reply]:
        """Return the answers to one prompt in each mode of thinking."""
        doc = Doc(query=PROBE, choices=[""], gold_index=0)
        replies = []
        async with self.client:
            for mode in modes:
                kwargs = {} if mode is None else {"chat_template_kwargs": template_arguments(mode)}
                body = {**self._request(self._messages(doc), 1), "max_tokens": 1, **kwargs}
                try:
                    replies.append(await self.client.ask(body, wait_for_server=False))
                except Refused:
                    if not self.recipe.system_prompt or not self.system_role:
                        raise
                    # A chat template without a system role refuses the system prompt.
                    body["messages"] = without_system_role(body["messages"])
                    replies.append(await self.client.ask(body, wait_for_server=False))
                    self.system_role = False
                    say(f"{self.name} takes no system message: the system prompt stands before the first question.")
            self.facts = await self.client.facts(self.name)
        return replies

    def _require_no_thought(self) -> None:
        """Raise `UserError` where a prompt that is the same thinking and not is not known to open no thought."""
        entry = next(entry for entry in self.recipe.entries() if entry.model_name == self.name)
        prompts = served_prompts(entry, self.recipe, ServerTokenizer(self.client.endpoint, self.name))
        doc = Doc(query=PROBE, choices=[""], gold_index=0)
        if self.thinking or prompts is None or prompts.has_switch() or prompts.opens_thought(doc, None):
            raise UserError(
                "server-failed",
                f"thinking: {self.name} at {self.client.endpoint.base_url} reads the same prompt with and without "
                f"enable_thinking: set thinking to null for this model",
            )
        self.notes.append(f"{self.name} has no enable_thinking switch, and its prompt opens no thought.")
        say(self.notes[-1])

    def record(self) -> dict[str, Any]:
        """Return what run.json says of the server."""
        refused = {"refused_fields": self.client.refused} if self.client.refused else {}
        return {**self.facts, **refused}

    def _say_template(self, size: int | None, scoring: Scoring) -> None:
        """Say where choices and generated answers follow different prompts, and note how choices are scored."""
        tokenizer = scoring.prompts.tokenizer
        origin = "the server" if isinstance(tokenizer, ServerTokenizer) else tokenizer.name_or_path
        self.facts["log_likelihoods"] = {"way": scoring.way, "tokens_of": origin}
        mine = len(scoring.prompts.ids(Doc(query=PROBE, choices=[""], gold_index=0), self.thinking))
        if size is not None and mine != size and self.recipe.tokenisation == "template":
            self.notes.append(
                f"The chat template of {self.name}'s server makes {size} tokens of a prompt of which that of "
                f"{origin} makes {mine}: answers follow the former, choices the latter."
            )
            say(self.notes[-1])


def _responses(choices: list[list[Choice]], found: list[list[dict[str, Any]]]) -> list[Answer]:
    """Return LightEval's responses to docs, from what was found for each part of each choice."""
    each = iter(found)
    responses = []
    for of_doc in choices:
        parts = [next(each) for _ in of_doc]
        response = Answer(
            logprobs=[sum(value for part in of_choice for value in part["logprobs"]) for of_choice in parts],
            argmax_logits_eq_gold=[all(all(part["greedy"]) for part in of_choice) for of_choice in parts],
            input_tokens=of_doc[0].context,
            output_tokens=[choice.tokens for choice in of_doc],
            truncated_tokens_count=0,
        )
        responses.append(response)
    return responses

"""The jobs that models do on rows: translate, answer, judge.

Each answer is checked. One that fails is asked for again; if it still fails, the row is rejected with the reason.
"""

import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.inference.types import InferenceError, InferenceResult

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.core.sampling_fields import NEUTRAL
from luth.core.text import plain, protected
from luth.data.filters.language import foreign
from luth.data.filters.quality import refusal_pattern
from luth.data.part import Generate, Judge, Request, Translate
from luth.data.recipe import IdentifyLanguage
from luth.data.sources.conversations import Messages, row_id, said
from luth.languages import Language, any_of, with_teacher

PROMPTS = Path(__file__).parent / "prompts"
# Those that the prompt puts around the text.
DASHES = re.compile(r"\s*-{5,}\s*\n")
PLACEHOLDER = re.compile(r"\[\[(\w+)\]\]")
# The places that a step's prompt must have, and those that it may have.
REQUIRED = {"translate": {"text"}, "generate": set(), "judge": {"conversation", "criteria"}}
OPTIONAL = {"translate": {"language"}, "generate": {"language"}, "judge": {"form", "language"}}
# At a line's end or beginning: elsewhere the text speaks of the tag.
END_OF_THOUGHT = re.compile(r"(?:^|\n)</think>|</think>[ \t]*(?:\n|\Z)")
REFUSED = "the endpoint refuses"
Generator = Callable[[dict[str, Any]], Awaitable[InferenceResult]]


def read_prompt(name: str) -> str:
    """Return a prompt's text: one of ours by its name, or a file of the user's."""
    path = PROMPTS / name if (PROMPTS / name).is_file() else Path(name)
    if not path.is_file():
        ours = ", ".join(sorted(path.name for path in PROMPTS.glob("*.md")))
        raise UserError("bad-recipe-value", f"prompt: there is no {name}: {ours}, or a file of your own")
    try:
        return path.read_text("utf-8").strip()
    except UnicodeDecodeError as error:
        raise UserError(
            "bad-recipe-value", f"prompt: {path} is not UTF-8 (byte {error.start}): save it as UTF-8"
        ) from None


def require_prompt(step: str, name: str) -> str:
    """Return a step's prompt.

    Raises:
        UserError: there is none, or a place is missing in it, or it has one that nothing fills.
    """
    prompt = read_prompt(name)
    places = set(PLACEHOLDER.findall(prompt))
    for place in sorted(REQUIRED[step] - places):
        raise UserError("bad-recipe-value", f"prompt: {name} has no [[{place}]]: that is where the {place} will stand")
    fillable = sorted(REQUIRED[step] | OPTIONAL[step])
    for place in sorted(places.difference(fillable)):
        known = ", ".join(f"[[{place}]]" for place in fillable)
        raise UserError(
            "bad-recipe-value",
            f"prompt: {name}: nothing fills [[{place}]] in {step}{nearest(place, fillable)}: {known}",
        )
    return prompt


def fill(prompt: str, **values: str) -> str:
    """Return a prompt with every `[[name]]` replaced; braces and dollars are left alone, since texts hold them."""
    for name, value in values.items():
        prompt = prompt.replace(f"[[{name}]]", value)
    return prompt


class NoGoodAnswer(Exception):
    """No answer passed the checks. Its arguments are what is wrong with the last one, and that one's text."""


class Job(ABC):
    """One kind of request about a document: `request` asks the model, `apply` puts the result into the document."""

    def __init__(
        self, step: str, settings: Request, model: str, language: str, language_name: str, has_answers: bool
    ) -> None:
        """Read the prompt.

        Args:
            step: the step's name in the recipe.
            settings: its block of the recipe.
            model: the name under which the server has the model.
            language: the recipe's language, by its code.
            language_name: what prompts call it.
            has_answers: whether the part's own answers are kept, and none are generated.
        """
        self.step, self.settings, self.model, self.has_answers = step, settings, model, has_answers
        self.language, self.language_name = language, language_name
        self.prompt = read_prompt(settings.prompt)

    async def __call__(self, document: Document, generate: Generator) -> dict[str, Any]:
        """Return the result, or the reason why there is none, and what it cost. datatrove calls this per document."""
        cost: Counter[str] = Counter()
        try:
            result = await self.request(document, lambda payload: self._counted(generate, payload, cost))
        except InferenceError as error:
            result = {"reason": REFUSED, "detail": str(error.error)[:300]}
        except NoGoodAnswer as error:
            reason, text = error.args
            result = {"reason": reason, "detail": text[:300]}
        return {**result, "cost": dict(cost)}

    async def _counted(self, generate: Generator, payload: dict[str, Any], cost: Counter[str]) -> InferenceResult:
        reply = await generate(payload)
        cost.update(
            requests=1,
            retries=reply.usage.get("retries", 0),
            prompt_tokens=reply.usage.get("prompt_tokens", 0),
            completion_tokens=reply.usage.get("completion_tokens", 0),
        )
        return reply

    def payload(self, messages: Messages, attempt: int, **more: Any) -> dict[str, Any]:
        """Return a request's body; another attempt has another seed, and so another answer and cache key."""
        settings = self.settings
        # A greedy answer would be the same again.
        temperature = settings.temperature if attempt == 0 else max(settings.temperature, 0.7)
        body = {
            "model": self.model,
            "messages": messages,
            **NEUTRAL,
            "temperature": temperature,
            **{name: getattr(settings, name) for name in ("top_p", "top_k", "min_p", "repetition_penalty")},
            "max_tokens": settings.max_new_tokens,
            "seed": attempt,
            **more,
        }
        if settings.thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": settings.thinking}
        return body

    async def until_good(
        self, messages: Messages, generate: Generator, check: Callable[[str, InferenceResult], str | None], **more: Any
    ) -> tuple[str, str]:
        """Ask until an answer passes the check; return it and its thought.

        Raises:
            NoGoodAnswer: there is none after all attempts.
        """
        text, reason = "", None
        for attempt in range(self.settings.attempts):
            reply = await generate(self.payload(messages, attempt, **more))
            text, thought = without_thought(reply)
            reason = check(text, reply)
            if reason is None:
                return text, thought
        raise NoGoodAnswer(reason, text)

    @abstractmethod
    async def request(self, document: Document, generate: Generator) -> dict[str, Any]:
        """Ask the model; return a result for `apply`."""

    @abstractmethod
    def apply(self, document: Document, result: dict[str, Any]) -> str | None:
        """Put a result into the document; return why the row is rejected all the same, None where it is not."""


def without_thought(reply: InferenceResult) -> tuple[str, str]:
    """Return the answer and the thought before it, whether the server sent them apart or not.

    Where the chat template begins the thought, the reply holds only its end. A thought without an end has no answer.
    """
    text = reply.text.strip()
    if text.startswith("<think>"):
        thought, _, answer = text.removeprefix("<think>").partition("</think>")
        return answer.strip(), (reply.reasoning or thought).strip()
    found = None if reply.reasoning else END_OF_THOUGHT.search(text)
    if found:
        return text[found.end() :].strip(), text[: found.start()].strip()
    return text, reply.reasoning.strip()


def _foreign(text: str, language: str) -> bool:
    return foreign(text, language, IdentifyLanguage()) is not None


def _without_last_answer(messages: Messages) -> Messages:
    """Return a copy of a conversation, without the answer that it ends with, if it does."""
    return messages[:-1] if messages[-1]["role"] == "assistant" else list(messages)


class TranslateMessages(Job):
    """The messages of a conversation in the recipe's language; its last answer too, where none is generated."""

    settings: Translate

    async def request(self, document: Document, generate: Generator) -> dict[str, Any]:
        """Translate message by message."""
        translations = []
        messages = document.metadata["messages"]
        if not self.has_answers:
            # It will be generated; earlier answers are part of what the last question is about.
            messages = _without_last_answer(messages)
        for message in messages:
            prompt = fill(self.prompt, language=self.language_name, text=message["content"])
            text, _ = await self.until_good(
                [{"role": "user", "content": prompt}],
                generate,
                lambda text, reply, original=message["content"]: translation_problem(
                    original, text, reply.finish_reason, self.language, self.settings
                ),
            )
            translations.append({"role": message["role"], "content": text})
        return {"messages": translations}

    def apply(self, document: Document, result: dict[str, Any]) -> str | None:
        """Keep the original beside the translation."""
        document.metadata["original"] = document.metadata["messages"]
        document.metadata["messages"] = result["messages"]
        return None


@cache
def _preamble(language: Language) -> re.Pattern[str]:
    """Return the pattern of a line that a model puts before a translation."""
    return re.compile(rf"^\W*{any_of(language.preambles)}\b[^\n]{{0,80}}[:\n]", re.IGNORECASE)


def translation_problem(
    original: str, text: str, finish_reason: str, language: str, settings: Translate
) -> str | None:
    """Return what is wrong with a translation, None where nothing is."""
    if not text:
        return "empty"
    if finish_reason == "length":
        return "cut short"
    words = with_teacher(language)
    if any(pattern.match(text) and not pattern.match(original) for pattern in (_preamble(words), DASHES)):
        return "a preamble"
    refusal = refusal_pattern(words)
    if refusal.match(text.replace("’", "'")) and not refusal.match(original.replace("’", "'")):
        return "a refusal"
    if Counter(protected(original)) != Counter(protected(text)):
        return "code or formulas changed"
    if not settings.min_ratio <= len(text) / len(original) <= settings.max_ratio:
        return "an implausible length"
    if len(text) > 20 and text == original:
        return "the same as the original"
    return "in another language" if _foreign(text, language) else None


class GenerateAnswer(Job):
    """The answer to a conversation's last question, in the recipe's language."""

    settings: Generate

    async def request(self, document: Document, generate: Generator) -> dict[str, Any]:
        """Ask with the prompt's text as system message, the row's own after it."""
        messages = _without_last_answer(document.metadata["messages"])
        system = fill(self.prompt, language=self.language_name)
        if messages[0]["role"] == "system":
            system = f"{system}\n\n{messages.pop(0)['content']}"
        text, thought = await self.until_good(
            [{"role": "system", "content": system}, *messages],
            generate,
            lambda text, reply: answer_problem(text, reply.finish_reason, self.language),
        )
        return {"answer": text, "thought": thought}

    def apply(self, document: Document, result: dict[str, Any]) -> str | None:
        """Put the answer in the place of the last one; a thought has a field of its own."""
        messages = _without_last_answer(document.metadata["messages"])
        document.metadata["messages"] = [*messages, {"role": "assistant", "content": result["answer"]}]
        if result["thought"]:
            document.metadata["thought"] = result["thought"]
        return None


def answer_problem(text: str, finish_reason: str, language: str) -> str | None:
    """Return what is wrong with an answer, None where nothing is."""
    if not text:
        return "empty"
    if finish_reason == "length":
        return "cut short"
    return "in another language" if _foreign(text, language) else None


class JudgeRow(Job):
    """A model's answers to a rubric, each with its reason."""

    settings: Judge

    async def request(self, document: Document, generate: Generator) -> dict[str, Any]:
        """Ask for JSON by a schema."""
        messages = document.metadata["messages"]
        conversation = "\n\n".join(
            f"<{message['role']}>\n{message['content']}\n</{message['role']}>" for message in messages
        )
        criteria = "\n".join(f"- {name}: {question}" for name, question in self.settings.criteria.items())
        form = ", ".join(f'"{name}": {{"reason": ..., "score": ...}}' for name in self.settings.criteria)
        places = {"criteria": criteria, "form": f"{{{form}}}", "conversation": conversation}
        prompt = fill(self.prompt, language=self.language_name, **places)
        schema = {"name": "verdict", "schema": verdict_schema(list(self.settings.criteria)), "strict": True}
        text, _ = await self.until_good(
            [{"role": "user", "content": prompt}],
            generate,
            lambda text, reply: verdict_problem(text, reply.finish_reason, self.settings.criteria),
            response_format={"type": "json_schema", "json_schema": schema},
        )
        return {"verdict": read_verdict(text, self.settings.criteria)}

    def apply(self, document: Document, result: dict[str, Any]) -> str | None:
        """Keep the verdict, and compare it with the thresholds."""
        verdict = document.metadata["verdict"] = result["verdict"]
        for name, least in self.settings.thresholds.items():
            if verdict[name]["score"] < least:
                document.metadata["detail"] = verdict[name]["reason"][:300]
                return f"judged: {name}"
        return None


def verdict_schema(criteria: list[str]) -> dict[str, Any]:
    """Return the JSON schema of a verdict: the reason first, so that the score follows from it."""
    criterion = {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["reason", "score"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": dict.fromkeys(criteria, criterion),
        "required": criteria,
        "additionalProperties": False,
    }


def verdict_problem(text: str, finish_reason: str, criteria: dict[str, str]) -> str | None:
    """Return what is wrong with a judge's answer, None where nothing is."""
    if finish_reason == "length":
        return "cut short"
    return None if read_verdict(text, criteria) else "the judge's answer cannot be read"


def read_verdict(text: str, criteria: dict[str, str]) -> dict[str, Any] | None:
    """Return the verdict on all criteria in a text's JSON, None where there is none, or there are two that differ."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_twice)
    verdicts, start = [], text.find("{")
    while start >= 0:
        end = start + 1
        try:
            value, after = decoder.raw_decode(text, start)
            if all(_is_verdict(value.get(name)) for name in criteria):
                verdicts.append({name: {key: value[name][key] for key in ("reason", "score")} for name in criteria})
                end = after
        except (ValueError, RecursionError):
            pass
        start = text.find("{", end)
    scores = [[verdict[name]["score"] for name in criteria] for verdict in verdicts]
    if not verdicts or any(other != scores[0] for other in scores):
        return None
    return {name: {**answer, "reason": plain(answer["reason"])} for name, answer in verdicts[-1].items()}


def _without_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def _is_verdict(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("reason"), str):
        return False
    score = value.get("score")
    return isinstance(score, int) and not isinstance(score, bool) and 1 <= score <= 5


def apply_result(job: Job, document: Document) -> str | None:
    """Put a job's result into a document; return the reason where the row is rejected."""
    (result,) = document.metadata.pop("rollout_results")
    costs = document.metadata.setdefault("cost", {})
    costs[job.step] = result["cost"]
    # An answer may be older than the tokenizer that the recipe names now.
    for counted in ("tokens", "counted"):
        document.metadata.pop(counted, None)
    if "reason" in result:
        document.metadata["detail"] = result["detail"]
        return result["reason"]
    reason = job.apply(document, result)
    document.text = said(document.metadata["messages"])
    document.id = row_id(document.metadata["messages"])
    return reason

"""The one client for served models: a server's address and key, what is sent again, what no server may decide."""

import asyncio
import os
import random
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import httpx
from pydantic import Field, NonNegativeInt, PositiveInt

from luth.core.connections import open_connections
from luth.core.errors import UserError
from luth.core.replies import LONGEST_WAIT, Reply, error_text, read_chat, retry_after, same_model
from luth.core.sampling_fields import OPTIONAL, for_llama_cpp

# What an HTTP status means. These no other request would change: they end the run.
ENDS_RUN = (401, 402, 403, 404)
# These and all from 500 on may pass: the request is sent again. Any other one refuses this request alone.
SENT_AGAIN = (408, 409, 429)
# A server that is starting, or a gateway whose server is.
AWAY = (502, 503, 504)
# Seconds; a server that is away is looked for at least so often.
LONGEST_LOOK = 15.0
# What a reply that is none of what was asked for raises while it is read.
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
CHAT, COMPLETIONS = "/chat/completions", "/completions"
T = TypeVar("T")


class NoAnswer(Exception):
    """A request has no answer after all tries. The message says why, `advice` what may help."""

    def __init__(self, reason: str, advice: str = "") -> None:
        """Take both."""
        super().__init__(reason)
        self.advice = advice


class Refused(NoAnswer):
    """The server refuses this request, and answers others: this one is too long, for example."""


class _Fault(Exception):
    """One try that failed; `status` is the HTTP status, None where there was no HTTP answer."""

    def __init__(self, reason: str, advice: str, status: int | None = None, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.advice, self.status, self.wait = advice, status, wait
        self.unreachable = False

    @property
    def away(self) -> bool:
        """Whether the server itself is not there, or not yet."""
        return self.unreachable or self.status in AWAY


@dataclass(kw_only=True)
class Endpoint:
    """An OpenAI-compatible server, such as `vllm serve` or `transformers serve`.

    Parameters:
        base_url: the address, up to and with /v1.
        api_key_env: the environment variable that holds the key. The key itself is never written anywhere.
            OPENAI_API_KEY need not be set; another variable that is named here must be.
        concurrent_requests: how many requests are under way at a time; a server lets those wait for which it has no
            room.
        timeout: seconds after which a request is given up and sent again, where none is answered meanwhile.
        api_max_retry: how often a request is sent again, each time after a longer wait.
        restart_seconds: how long a server that has answered before is waited for while it cannot be reached or says
            that it is starting (HTTP 502, 503, 504); `api_max_retry` counts from then on.
    """

    base_url: str
    api_key_env: str = "OPENAI_API_KEY"
    concurrent_requests: PositiveInt = 256
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0
    api_max_retry: NonNegativeInt = 6
    restart_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 300.0

    def conflicts(self) -> list[str]:
        """Return what is wrong with the address and with the key's variable."""
        try:
            url = httpx.URL(self.base_url)
        except httpx.InvalidURL:
            url = httpx.URL("")
        problems = []
        if url.userinfo or "@" in self.base_url:
            # The address is not shown.
            problems.append("base_url holds a password, which would be written down: use api_key_env")
        elif url.query or url.fragment:
            problems.append("base_url must end with the path, such as /v1: remove what comes after ? or #")
        elif url.scheme not in ("http", "https") or not url.host:
            problems.append(f"base_url: {self.base_url!r} is no address such as http://localhost:8000/v1")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.api_key_env):
            # It may be the key itself, so it is not shown.
            problems.append("api_key_env is no variable's name: the key itself must not be in a recipe")
        return problems

    def key(self) -> str:
        """Return the server's key, "none" where it needs none.

        Raises:
            UserError: the variable is named and not set, or its value cannot be a key.
        """
        key = os.environ.get(self.api_key_env, "")
        if not key and self.api_key_env != Endpoint.api_key_env:
            # The name may be the key, written in the wrong place, so it is not shown.
            raise UserError("bad-key", f"{self.base_url}: the variable that api_key_env names is not set")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise UserError("bad-key", f"{self.base_url}: its key has a space, a line break or an accent in it")
        return key or "none"


class Client:
    """Connections to one server: `async with Client(endpoint) as client: reply = await client.ask(body)`.

    Opened again, it still knows what it has learnt.

    Parameters:
        models: what the server lists at /models; None until it was reached.
        refused: the fields of requests that it refuses, each with its reason; they are left out from then on.
        reached: whether it has answered, and has not been waited for in vain since.
    """

    def __init__(self, endpoint: Endpoint, on_fault: Callable[[str], object] = lambda reason: None) -> None:
        """Connect to nothing yet; `on_fault` is told why a request is sent again."""
        self.endpoint, self.on_fault = endpoint, on_fault
        self.models: list[dict[str, Any]] | None = None
        self.refused: dict[str, str] = {}
        self.reached = False
        self._fields_tried: set[str] = set()
        self._named: set[str] = set()

    async def __aenter__(self) -> "Client":
        """Read the key, which is kept nowhere else, and open the connections."""
        self._key = self.endpoint.key()
        # How long an answer may take is for `_patiently` to say.
        timeout = httpx.Timeout(None, connect=min(30.0, self.endpoint.timeout))
        self._http = open_connections(self.endpoint.base_url, self._key, timeout, self.endpoint.concurrent_requests)
        self._learning, self._last_answer = asyncio.Lock(), 0.0
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def is_llama_cpp(self) -> bool:
        """Whether the server is llama.cpp's."""
        return any(model.get("owned_by") == "llamacpp" for model in self.models or [])

    async def ask(self, body: dict[str, Any], needs_text: bool = False, wait_for_server: bool = True) -> Reply:
        """Send a chat request until it is answered, with growing waits between the tries.

        Args:
            body: of the request, by the API's names.
            needs_text: whether a reply without text and thought is a fault, so that the request is sent again.
            wait_for_server: whether a server that cannot be reached is tried again.

        Raises:
            Refused: the server will not answer this request, and answers others.
            NoAnswer: the server did not answer in any try.
            UserError: the key, the model's name or the address is wrong, which ends the run.
        """

        def read(content: Any) -> Reply:
            reply = read_chat(content)
            if needs_text and reply.text is None and reply.thought is None:
                raise _Fault("the reply was empty", "its own log may say why")
            return reply

        reply, tries = await self._post(CHAT, body, read, wait_for_server)
        reply.usage["retries"] = tries - 1
        self._require_name(body["model"], reply.model)
        return reply

    async def complete(self, body: dict[str, Any], read: Callable[[Any], T], wait_for_server: bool = True) -> T:
        """Send a request for a plain completion, as `ask` does for a chat; return what `read` makes of its choice.

        A reply that `read` raises one of `UNREADABLE` about is asked for again.

        Raises:
            Refused: also where the server has no plain completions at all.
            NoAnswer, UserError: as in `ask`.
        """

        def first(content: Any) -> T:
            return read(content["choices"][0])

        value, _ = await self._post(COMPLETIONS, body, first, wait_for_server, absent=(404, 405))
        return value

    async def look(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object at a path beside the API, such as /tokenize; empty where the server has none."""
        root = self.endpoint.base_url.rstrip("/").removesuffix("/v1")
        try:
            method = "GET" if body is None else "POST"
            response = await self._patiently(self._http.request(method, root + path, json=body))
            content = response.json() if response.is_success else {}
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    async def facts(self, model: str) -> dict[str, Any]:
        """Return what the server says of itself and of a model: names, version, the context in tokens."""
        await self._meet()
        entry = next((each for each in self.models or [] if each.get("id") == model), {})
        version, props = await self.look("/version"), await self.look("/props") if self.is_llama_cpp else {}
        found = {
            "models": [each.get("id") for each in (self.models or [])[:20]],
            **{name: entry.get(name) for name in ("owned_by", "root", "meta")},
            "version": version.get("version") or props.get("build_info"),
            "model_path": props.get("model_path"),
            "context": entry.get("max_model_len") or (props.get("default_generation_settings") or {}).get("n_ctx"),
        }
        return {name: value for name, value in found.items() if value}

    async def _post(
        self,
        path: str,
        body: dict[str, Any],
        read: Callable[[Any], T],
        wait_for_server: bool = True,
        absent: tuple[int, ...] = (),
    ) -> tuple[T, int]:
        """Send a request until its reply can be read; return what `read` makes of it, and the number of tries.

        `absent`: statuses by which the server has no such path: they refuse the request, and do not end the run.
        """
        number, counted, waited = 0, 0, 0.0
        while True:
            number += 1
            await self._meet()
            refused = set(self.refused)
            try:
                return await self._send(path, body, read), number
            except _Fault as error:
                fault = error
            if fault.status in ENDS_RUN and fault.status not in absent:
                advice = "check the key and its credit, the model's name and the address: most end in /v1"
                raise UserError("server-failed", f"{self.endpoint.base_url} refuses: {fault}: {advice}") from None
            if fault.status is not None and fault.status < 500 and fault.status not in SENT_AGAIN:
                if fault.status in (400, 422) and await self._refuses_fields(path, body, refused):
                    continue
                raise Refused(str(fault)) from None
            if fault.unreachable and not wait_for_server:
                raise NoAnswer(str(fault), fault.advice) from None
            restarting = fault.away and self.reached and waited < self.endpoint.restart_seconds
            counted += not restarting
            if counted > self.endpoint.api_max_retry:
                self.reached = self.reached and not fault.away
                # A server that answers another request is well: it is this one that it never gets right.
                if fault.status == 500 and await self._fault_of(path, _one_word(path, body["model"])) is None:
                    raise Refused(str(fault)) from None
                raise NoAnswer(f"{fault}, asked {number} times", fault.advice) from None
            self.on_fault(str(fault))
            longest, turn = (LONGEST_LOOK, number) if restarting else (LONGEST_WAIT, counted)
            wait = max(fault.wait, min(longest, 2.0 ** min(turn - 1, 8) * random.uniform(0.25, 0.5)))
            waited += wait
            await asyncio.sleep(wait)

    async def _send(self, path: str, body: dict[str, Any], read: Callable[[Any], T]) -> T:
        """Send a request once."""
        advice = "start it, or correct base_url (most end in /v1)"
        said = {name: value for name, value in self._said(body).items() if name not in self.refused}
        try:
            response = await self._patiently(self._http.post(path, json=said))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            fault = _Fault(f"no connection ({self._without_keys(str(error)) or type(error).__name__})", advice)
            fault.unreachable = True
            raise fault from None
        except (httpx.TimeoutException, TimeoutError):
            patience = "raise timeout, or lower concurrent_requests; it may still be busy with requests given up"
            raise _Fault(f"nothing within {self.endpoint.timeout:g} s", patience) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _Fault(f"no connection ({self._without_keys(str(error)) or type(error).__name__})", advice) from None
        if response.is_error:
            said = self._without_keys(error_text(response))
            log = "its own log says why; fewer concurrent_requests may be easier for it"
            raise _Fault(f"HTTP {response.status_code}: {said}", log, response.status_code, retry_after(response))
        try:
            value = read(response.json())
        except UNREADABLE:
            raise _Fault("the reply was no completion", advice) from None
        self.reached, self._last_answer = True, time.monotonic()
        return value

    async def _patiently(self, request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        """Wait for a response, longer than `timeout` where others come meanwhile: then the server is only busy."""
        sent = asyncio.ensure_future(request)
        begun = time.monotonic()
        try:
            while not sent.done():
                left = max(begun, self._last_answer) + self.endpoint.timeout - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                await asyncio.wait({sent}, timeout=left)
            return sent.result()
        finally:
            sent.cancel()

    async def _meet(self) -> None:
        """Ask the server once which models it has."""
        async with self._learning:
            if self.models is not None:
                return
            try:
                response = await self._patiently(self._http.get("/models"))
                listed = response.json()["data"] if response.is_success else []
                self.models = [model for model in listed if isinstance(model, dict)]
                self.reached = self.reached or response.is_success
            except (httpx.ConnectError, httpx.NetworkError, httpx.RemoteProtocolError):
                # It is away, and asked again before the next try.
                return
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, *UNREADABLE):
                self.models = []

    def _require_name(self, asked: str, said: str) -> None:
        """Raise `UserError` where a server has only other models than the one asked for, and answers all the same."""
        if asked in self._named:
            return
        listed = [str(model.get("id")) for model in self.models or []]
        # llama.cpp's server answers whatever the request calls the model, and may repeat that name.
        names = listed if self.is_llama_cpp else [*listed, said]
        if listed and not any(same_model(asked, name) for name in names):
            has = f"{self.endpoint.base_url} has {', '.join(listed[:5])}"
            raise UserError("server-failed", f"{has}, and no model {asked!r}: correct the model's name")
        self._named.add(asked)

    async def _refuses_fields(self, path: str, body: dict[str, Any], known: set[str]) -> bool:
        """Learn once which optional fields the server refuses; tell whether a request has some beside `known`."""
        body = self._said(body)
        async with self._learning:
            bare = _one_word(path, body["model"])
            fields = [name for name in body if name in OPTIONAL and body[name] == OPTIONAL[name]]
            # Where even the smallest request is refused, it is not about the fields.
            if fields and path not in self._fields_tried and await self._fault_of(path, bare) is None:
                for name in fields:
                    fault = await self._fault_of(path, {**bare, name: body[name]})
                    if fault is not None and fault.status in (400, 422):
                        self.refused[name] = str(fault)
            self._fields_tried.add(path)
        return bool((self.refused.keys() - known) & body.keys())

    def _said(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a request's body in the names of this server."""
        return for_llama_cpp(body) if self.is_llama_cpp else body

    async def _fault_of(self, path: str, body: dict[str, Any]) -> _Fault | None:
        """Return what a server finds wrong with a request, None where it answers."""
        try:
            await self._send(path, body, lambda content: content["choices"][0])
        except _Fault as fault:
            return fault
        return None

    def _without_keys(self, text: str) -> str:
        """Return a server's words in one short line. A server may repeat what was sent, so keys are taken out."""
        text = " ".join(text.split())
        text = text if self._key == "none" else text.replace(self._key, "(the key)")
        return re.sub(r"(sk-|hf_|Bearer )\S+", "(a key)", text)[:200].rstrip(".")


def _one_word(path: str, model: str) -> dict[str, Any]:
    """Return the smallest request there is."""
    prompt = {"messages": [{"role": "user", "content": "1"}]} if path == CHAT else {"prompt": "1"}
    return {"model": model, **prompt, "max_tokens": 1}

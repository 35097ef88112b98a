"""The one client for served models: a server's address and key, what is sent again, what a reply holds."""

import asyncio
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from pydantic import Field, NonNegativeInt, PositiveInt

from luth.core.errors import UserError
from luth.core.text import plain

# What an HTTP status means. These no other request would change: they end the run.
ENDS_RUN = (401, 402, 403, 404)
# These and all from 500 on may pass: the request is sent again. Any other one refuses this request alone.
SENT_AGAIN = (408, 409, 429)
# Seconds; no server may ask for a longer wait.
LONGEST_WAIT = 60.0


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


@dataclass(kw_only=True)
class Endpoint:
    """An OpenAI-compatible server, such as `vllm serve` or `transformers serve`.

    Parameters:
        base_url: the address, up to and with /v1.
        api_key_env: the environment variable that holds the key. The key itself is never written anywhere.
            OPENAI_API_KEY need not be set; another variable that is named here must be.
        concurrent_requests: how many requests are under way at a time.
        timeout: seconds after which a request is given up and sent again.
        api_max_retry: how often a request is sent again, each time after a longer wait.
    """

    base_url: str
    api_key_env: str = "OPENAI_API_KEY"
    concurrent_requests: PositiveInt = 32
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0
    api_max_retry: NonNegativeInt = 6

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


@dataclass
class Reply:
    """A chat completion.

    Parameters:
        text: what was answered; None where the server sent no text.
        thought: what was thought before it, where the server sends that apart.
        finish_reason: `length` where the answer was cut short.
        usage: tokens by the API's names, and `retries`: how often the request was sent again.
    """

    text: str | None
    thought: str | None
    finish_reason: str
    usage: dict[str, int]


class Client:
    """Connections to one server: `async with Client(endpoint) as client: reply = await client.ask(body)`."""

    def __init__(self, endpoint: Endpoint, on_fault: Callable[[str], object] = lambda reason: None) -> None:
        """Connect to nothing yet; `on_fault` is told why a request is sent again."""
        self.endpoint, self.on_fault = endpoint, on_fault

    async def __aenter__(self) -> "Client":
        """Read the key, which is kept nowhere else, and open the connections."""
        self._key = self.endpoint.key()
        self._http = httpx.AsyncClient(
            base_url=self.endpoint.base_url,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=self.endpoint.timeout,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            follow_redirects=True,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

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
        tries = self.endpoint.api_max_retry + 1
        number = 0
        while True:
            number += 1
            try:
                reply = await self._send(body, needs_text)
                reply.usage["retries"] = number - 1
                return reply
            except _Fault as error:
                fault = error
            if fault.status in ENDS_RUN:
                advice = "check the key and its credit, the model's name and the address: most end in /v1"
                raise UserError("server-failed", f"{self.endpoint.base_url} refuses: {fault}: {advice}") from None
            if fault.status is not None and fault.status < 500 and fault.status not in SENT_AGAIN:
                raise Refused(str(fault)) from None
            if fault.unreachable and not wait_for_server:
                raise NoAnswer(str(fault), fault.advice) from None
            if number == tries:
                # A server that answers another request is well: it is this one that it never gets right.
                if fault.status == 500 and await self._answers(body["model"]):
                    raise Refused(str(fault)) from None
                raise NoAnswer(f"{fault}, asked {tries} times", fault.advice) from None
            self.on_fault(str(fault))
            growing = min(LONGEST_WAIT, 2.0 ** min(number - 1, 8) * random.uniform(0.25, 0.5))
            await asyncio.sleep(max(fault.wait, growing))

    async def _answers(self, model: str) -> bool:
        """Tell whether the server answers a request of one word."""
        try:
            await self._send({"model": model, "messages": [{"role": "user", "content": "1"}], "max_tokens": 1}, False)
        except _Fault:
            return False
        return True

    async def _send(self, body: dict[str, Any], needs_text: bool) -> Reply:
        advice = "start it, or correct base_url (most end in /v1)"
        try:
            response = await self._http.post("/chat/completions", json=body)
        except httpx.TimeoutException:
            patience = "raise timeout, or lower concurrent_requests; it may still be busy with requests given up"
            raise _Fault(f"nothing within {self.endpoint.timeout:g} s", patience) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            fault = _Fault(f"no connection ({self._without_keys(str(error)) or type(error).__name__})", advice)
            fault.unreachable = isinstance(error, httpx.ConnectError)
            raise fault from None
        if response.is_error:
            said = self._without_keys(_error_text(response)) or response.reason_phrase
            log = "its own log says why; fewer concurrent_requests may be easier for it"
            raise _Fault(f"HTTP {response.status_code}: {said}", log, response.status_code, _retry_after(response))
        reply = _read(response)
        if reply is None:
            raise _Fault("the reply was no chat completion", advice)
        if needs_text and reply.text is None and reply.thought is None:
            raise _Fault("the reply was empty", "its own log may say why")
        return reply

    def _without_keys(self, text: str) -> str:
        """Return a server's words in one short line. A server may repeat what was sent, so keys are taken out."""
        text = " ".join(text.split())
        text = text if self._key == "none" else text.replace(self._key, "(the key)")
        return re.sub(r"(sk-|hf_|Bearer )\S+", "(a key)", text)[:200].rstrip(".")


def _read(response: httpx.Response) -> Reply | None:
    """Return what a response says, its texts such that UTF-8 can hold them; None where it is no chat completion."""
    try:
        content = response.json()
        choice = content["choices"][0]
        message = choice["message"]
        text = message.get("content")
        thought = message.get("reasoning_content") or message.get("reasoning")
        return Reply(
            text=None if text is None else plain(text),
            thought=None if thought is None else plain(thought),
            finish_reason=str(choice.get("finish_reason")),
            usage={name: count for name, count in (content.get("usage") or {}).items() if isinstance(count, int)},
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None


def _error_text(response: httpx.Response) -> str:
    try:
        error = response.json()["error"]
        return str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        return response.text


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds that a server asks to wait, 0 where it asks for none."""
    try:
        return min(LONGEST_WAIT, float(response.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0

"""The client for served models: what ends a run, what refuses one request, what is sent again, what a reply holds."""

import asyncio
import json

import httpx
import pytest

from luth.core import endpoints
from luth.core.endpoints import Client, Endpoint, NoAnswer, Refused
from luth.core.errors import UserError

KEY = "sk-do-not-show-me"
BODY = {"model": "m", "messages": [{"role": "user", "content": "Bonjour"}]}


def completion(finish="stop", usage=None, **message):
    return 200, {"choices": [{"message": message, "finish_reason": finish}], "usage": usage or {}}, {}


@pytest.fixture
def ask(monkeypatch):
    """Ask a server that gives some replies in turn: status, JSON or text, headers; return the reply and what was sent.

    After the last one, it gives that one again.
    """
    waits = []

    async def no_sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(endpoints.asyncio, "sleep", no_sleep)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def call(*replies, retries=2, **options):
        sent = []

        def handle(request):
            sent.append(request)
            status, content, headers = replies[min(len(sent), len(replies)) - 1]
            if isinstance(content, Exception):
                raise content
            text = content if isinstance(content, str) else json.dumps(content)
            return httpx.Response(status, text=text, headers=headers)

        async def run():
            async with Client(Endpoint(base_url="http://h/v1", api_max_retry=retries)) as client:
                await client._http.aclose()
                transport = httpx.MockTransport(handle)
                client._http = httpx.AsyncClient(
                    base_url="http://h/v1", transport=transport, headers=client._http.headers
                )
                return await client.ask(BODY, **options)

        call.sent, call.waits = sent, waits
        return asyncio.run(run())

    return call


def test_a_reply_is_read(ask):
    reply = ask(completion("length", {"prompt_tokens": 3, "cost": 0.1}, content="Oui \ud83d", reasoning="Hm"))
    assert (reply.text, reply.thought, reply.finish_reason) == ("Oui ?", "Hm", "length")
    assert reply.usage == {"prompt_tokens": 3, "retries": 0}
    request = ask.sent[0]
    assert request.url == "http://h/v1/chat/completions" and json.loads(request.content) == BODY
    assert request.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_no_other_request_would_change_ends_the_run(ask, status):
    with pytest.raises(UserError) as raised:
        ask((status, {"error": {"message": f"no, {KEY}"}}, {}))
    assert raised.value.code == "server-failed" and f"HTTP {status}" in str(raised.value)
    assert KEY not in str(raised.value) and len(ask.sent) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_is_wrong_with_one_request_refuses_it(ask, status):
    with pytest.raises(Refused, match=f"HTTP {status}: too long"):
        ask((status, {"error": {"message": "too long"}}, {}))
    assert len(ask.sent) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_what_may_pass_is_sent_again(ask, status):
    reply = ask((status, "busy", {"Retry-After": "7"}), completion(content="Oui"))
    assert reply.usage["retries"] == 1 and ask.waits == [7]


def test_the_waits_grow_and_are_bounded(ask):
    with pytest.raises(NoAnswer, match="HTTP 503: busy, asked 13 times") as raised:
        ask((503, "busy", {"Retry-After": "9999"}), (503, "busy", {}), retries=12)
    assert not isinstance(raised.value, Refused) and len(ask.sent) == 13
    assert ask.waits[0] == ask.waits[-1] == 60 and 0.5 <= ask.waits[1] <= 1 and len(ask.waits) == 12


def test_an_error_of_one_request_alone_refuses_it(ask):
    with pytest.raises(Refused, match="HTTP 500"):
        ask((500, "", {}), (500, "", {}), (500, "", {}), completion(content="1"))
    assert json.loads(ask.sent[-1].content)["max_tokens"] == 1


@pytest.mark.parametrize(
    "content", ["", "<html>", "{}", "[]", '{"choices": []}', '{"choices": [{"message": {"content": [1]}}]}']
)
def test_what_is_no_completion_is_sent_again(ask, content):
    assert ask((200, content, {}), completion(content="Oui")).usage["retries"] == 1


def test_an_empty_reply_is_a_fault_only_where_text_is_needed(ask):
    assert ask(completion(content=None)).text is None
    assert ask(completion(content=None), completion(content="Oui"), needs_text=True).usage["retries"] == 1
    assert ask(completion(content=None, reasoning_content="Hm"), needs_text=True).thought == "Hm"


def test_a_server_that_is_not_there(ask):
    away = (0, httpx.ConnectError("refused"), {})
    assert ask(away, completion(content="Oui")).text == "Oui"
    with pytest.raises(NoAnswer):
        ask(away, completion(content="Oui"), wait_for_server=False)
    assert len(ask.sent) == 1
    with pytest.raises(NoAnswer, match="within 600 s"):
        ask((0, httpx.ReadTimeout("slow"), {}))


@pytest.mark.parametrize("key", ["a b", "é", "x\n"])
def test_a_key_that_cannot_be_one(monkeypatch, key):
    monkeypatch.setenv("OTHER_KEY", key)
    with pytest.raises(UserError) as raised:
        Endpoint(base_url="http://h/v1", api_key_env="OTHER_KEY").key()
    assert raised.value.code == "bad-key"


def test_a_key_that_is_named_must_be_set(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert Endpoint(base_url="http://h/v1").key() == "none"
    with pytest.raises(UserError) as raised:
        Endpoint(base_url="http://h/v1", api_key_env="NO_SUCH_KEY").key()
    assert raised.value.code == "bad-key" and "NO_SUCH_KEY" not in str(raised.value)

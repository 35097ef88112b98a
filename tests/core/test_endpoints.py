"""The client for served models: what ends a run, what refuses one request, what is sent again, what a reply holds."""

import asyncio
import json

import httpx
import pytest

from luth.core import endpoints
from luth.core.endpoints import Client, Endpoint, NoAnswer, Refused
from luth.core.errors import UserError
from luth.core.sampling_fields import NEUTRAL

KEY = "sk-do-not-show-me"
BODY = {"model": "m", "messages": [{"role": "user", "content": "Bonjour"}]}


def completion(finish="stop", usage=None, **message):
    return 200, {"choices": [{"message": message, "finish_reason": finish}], "usage": usage or {}}, {}


@pytest.fixture
def ask(monkeypatch):
    """Ask a server that gives some replies in turn: status, JSON or text, headers; return the reply and what was sent.

    After the last one, it gives that one again. `models` is what it lists at /models, None where it has no such page.
    A reply may be a function of the request's body.
    """
    waits = []

    async def no_sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(endpoints.asyncio, "sleep", no_sleep)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def call(*replies, retries=2, models=None, body=BODY, base_url="http://h/v1", **options):
        sent = []

        def handle(request):
            if request.method == "GET":
                return httpx.Response(404) if models is None else httpx.Response(200, json={"data": models})
            sent.append(request)
            reply = replies[min(len(sent), len(replies)) - 1]
            status, content, headers = reply(json.loads(request.content)) if callable(reply) else reply
            if isinstance(content, Exception):
                raise content
            text = content if isinstance(content, str) else json.dumps(content)
            return httpx.Response(status, text=text, headers=headers)

        async def run():
            async with Client(Endpoint(base_url=base_url, api_max_retry=retries)) as client:
                await client._http.aclose()
                transport = httpx.MockTransport(handle)
                client._http = httpx.AsyncClient(base_url=base_url, transport=transport, headers=client._http.headers)
                call.client = client
                return await client.ask(body, **options)

        waits.clear()
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


def answers(body):
    return completion(content="Oui")


def refusing(*fields):
    """Answer every request but those with some of these fields, in words that name none."""

    def reply(body):
        return (400, {"error": "unrecognised argument"}, {}) if set(fields) & body.keys() else answers(body)

    return reply


def test_fields_that_a_server_refuses_are_named_and_left_out(ask):
    body = {**BODY, **NEUTRAL, "temperature": 0}
    assert ask(refusing("top_k", "repetition_penalty"), body=body).text == "Oui"
    assert ask.client.refused.keys() == {"top_k", "repetition_penalty"} and "HTTP 400" in ask.client.refused["top_k"]
    said = json.loads(ask.sent[-1].content)
    assert said == {name: value for name, value in body.items() if name not in ("top_k", "repetition_penalty")}


def test_a_field_that_the_recipe_sets_is_never_left_out(ask):
    with pytest.raises(Refused, match="unrecognised"):
        ask(refusing("top_k"), body={**BODY, **NEUTRAL, "top_k": 20})
    assert not ask.client.refused


def test_a_request_that_is_refused_for_itself_is_so_after_one_search(ask):
    def too_long(body):
        return (400, "too long", {}) if body["messages"] == BODY["messages"] else answers(body)

    with pytest.raises(Refused, match="too long"):
        ask(too_long, body={**BODY, **NEUTRAL})
    assert len(ask.sent) == 2 + len(NEUTRAL)


def test_llama_cpp_is_told_in_its_own_names(ask):
    listed = [{"id": "m", "owned_by": "llamacpp"}]
    ask(completion(content="Oui"), models=listed, body={**BODY, **NEUTRAL, "repetition_penalty": 1.1})
    said = json.loads(ask.sent[-1].content)
    assert (
        said["repeat_penalty"] == said["repetition_penalty"] == 1.1 and said["typical_p"] == 1 and said["top_k"] == -1
    )


@pytest.mark.parametrize(
    ("listed", "said", "known"),
    [
        (["m"], "another", True),
        (["m-2025-11-26", "n"], "m-2025-11-26", True),
        (["/models/m"], "/models/m", True),
        (["m-Q8_0.gguf"], "m-Q8_0.gguf", True),
        (["n"], "m@main", True),
        ([], "another", True),
        (None, "another", True),
        (["n"], "n", False),
        (["m-sft"], "m-sft", False),
        (["n"], "", False),
    ],
)
def test_a_server_that_has_another_model_does_not_answer_for_this_one(ask, listed, said, known):
    status, content, headers = completion(content="Oui")
    models = None if listed is None else [{"id": name} for name in listed]
    reply = (status, {**content, "model": said}, headers)
    if known:
        assert ask(reply, models=models).model == said
        return
    with pytest.raises(UserError) as raised:
        ask(reply, models=models)
    assert raised.value.code == "server-failed" and "'m'" in str(raised.value) and listed[0] in str(raised.value)


def test_llama_cpp_repeats_any_name_and_is_not_believed(ask):
    status, content, headers = completion(content="Oui")
    with pytest.raises(UserError, match="no model 'm'"):
        ask((status, {**content, "model": "m"}, headers), models=[{"id": "base.gguf", "owned_by": "llamacpp"}])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"error": {"message": "Error code: 404"}}, "HTTP 404: Not Found"),
        ("HTTP 404: no such model", "HTTP 404: no such model"),
        ({"detail": "404 Not Found"}, "HTTP 404: Not Found"),
        ({"error": {"message": "4040 tokens"}}, "HTTP 404: 4040 tokens"),
        ("", "HTTP 404: Not Found"),
    ],
)
def test_a_status_is_said_once(ask, content, said):
    with pytest.raises(UserError, match=f"refuses: {said}: "):
        ask((404, content, {}))


@pytest.mark.parametrize("fault", [None, (503, "Loading model", {}), (0, httpx.RemoteProtocolError("gone"), {})])
def test_a_server_that_answered_before_may_restart(monkeypatch, fault):
    waits = []

    async def no_sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(endpoints.asyncio, "sleep", no_sleep)
    gone_until = [0.0]

    def handle(request):
        if request.method == "GET":
            return httpx.Response(404)
        if sum(waits) >= gone_until[0]:
            return httpx.Response(200, json=answers({})[1])
        status, content, _ = fault or (0, httpx.ConnectError("refused"), {})
        if status == 0:
            raise content
        return httpx.Response(status, text=content)

    async def run(seconds):
        async with Client(Endpoint(base_url="http://h/v1", api_max_retry=2)) as client:
            client._http = httpx.AsyncClient(base_url="http://h/v1", transport=httpx.MockTransport(handle))
            await client.ask(BODY)
            gone_until[0] = sum(waits) + seconds
            return await client.ask(BODY)

    assert asyncio.run(run(150)).text == "Oui"
    assert max(waits) <= 15
    waits.clear()
    gone_until[0] = 0
    with pytest.raises(NoAnswer):
        asyncio.run(run(1000))
    assert 300 <= sum(waits) < 340


def test_a_busy_server_is_not_given_up_while_it_answers_others():
    """With 8 requests and one answer every 0.1 s, the last waits for four times the timeout."""
    gate = asyncio.Lock()

    async def handle(request):
        if request.method == "GET":
            return httpx.Response(404)
        async with gate:
            await asyncio.sleep(0.1)
        return httpx.Response(200, json=answers({})[1])

    async def run():
        async with Client(Endpoint(base_url="http://h/v1", timeout=0.2, api_max_retry=0)) as client:
            client._http = httpx.AsyncClient(base_url="http://h/v1", transport=httpx.MockTransport(handle))
            return await asyncio.gather(*(client.ask(BODY) for _ in range(8)))

    assert [reply.usage["retries"] for reply in asyncio.run(run())] == [0] * 8


def test_this_machine_is_never_behind_its_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    async def is_proxied(host):
        url = f"http://{host}:8000/v1"
        async with Client(Endpoint(base_url=url)) as client:
            return client._http._transport_for_url(httpx.URL(url)) is not client._http._transport

    hosts = ["localhost", "127.0.0.1", "127.8.9.10", "[::1]", "0.0.0.0", "example.org", "10.0.0.1", "localhost.org"]
    assert [asyncio.run(is_proxied(host)) for host in hosts] == [False] * 5 + [True] * 3

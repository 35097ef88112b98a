"""An endpoint that misbehaves: asked again with patience, never silently scored, and nothing asked twice."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow.parquet as parquet
import pytest
import yaml

from luth.evaluation.backends.prompts import PROBE

SECRET = "sk-do-not-write-me-anywhere"


class Server(ThreadingHTTPServer):
    """An OpenAI-compatible server for tests: `faults` are used up one a request, `answer` makes the rest."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.asked, self.lock = [], [], threading.Lock()
        self.answer = lambda body: {"content": "Paris"}
        self.finish = "stop"
        self.switch = True
        self.model, self.tokens, self.listed = "", 0, None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        listed = self.server.listed
        if self.path != "/v1/models" or listed is None:
            return self.reply(404, "")
        return self.reply(200, json.dumps({"data": [{"id": name} for name in listed]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        if not self.path.endswith("/chat/completions"):
            return self.reply(404, "")
        probe = body["messages"][-1]["content"].endswith(PROBE) or body["messages"][-1]["content"] == "1"
        with server.lock:
            fault = None if probe or not server.faults else server.faults.pop(0)
            if not probe:
                server.asked.append((body, self.headers.get("Authorization")))
        if fault == "slow":
            time.sleep(1.5)
            fault = 500
        if isinstance(fault, int):
            return self.reply(fault, json.dumps({"error": {"message": f"broken, key {SECRET}"}}))
        if fault is not None:
            return self.reply(200, fault)
        switch = (body.get("chat_template_kwargs") or {}).get("enable_thinking")
        size = 10 + (4 if switch is False and server.switch else 0)
        message = {"role": "assistant", **server.answer(body)}
        reply = {
            "id": "1", "object": "chat.completion", "created": 1, "model": server.model or body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": server.finish}],
            "usage": {"prompt_tokens": size, "completion_tokens": server.tokens or body.get("max_tokens", 1)},
        }  # fmt: skip
        return self.reply(200, json.dumps(reply))

    def reply(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server():
    one = Server()
    thread = threading.Thread(target=one.serve_forever, daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture
def recipe(tmp_path, server):
    def write(endpoint=None, **changes):
        content = {
            "models": ["served"],
            "custom_tasks": ["recipes/demo/tasks.py"],
            "tasks": ["demo_short_fr", "demo_choice_fr"],
            "output_dir": str(tmp_path / "eval"),
            "max_samples": 12,
            "system_prompt": "Tu es utile.",
            "endpoint": {
                "base_url": f"http://127.0.0.1:{server.server_port}/v1",
                "concurrent_requests": 3,
                "timeout": 1.0,
                "api_max_retry": 2,
                "restart_seconds": 0,
                **(endpoint or {}),
            },
            **changes,
        }
        path = tmp_path / f"eval-{len(list(tmp_path.glob('eval-*.yaml')))}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def scores(tmp_path):
    return [row for row in json.loads((tmp_path / "eval" / "scores.json").read_text()) if row["main"]]


def test_a_server_is_asked_and_log_likelihood_tasks_are_named_beforehand(server, recipe, run, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    code, out, err = run("evaluate", recipe())
    assert code == 0, err
    assert "left out are demo_choice_fr" in out.split("served (1 of 1)")[0]
    (score,) = scores(tmp_path)
    assert score["task"] == "demo_short_fr" and score["estimate"]["items"] == 12
    body, key = server.asked[0]
    assert key == f"Bearer {SECRET}"
    assert body["temperature"] == 0 and body["max_tokens"] == 20 and "chat_template_kwargs" not in body
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    written = "".join(path.read_text("latin-1") for path in (tmp_path / "eval").rglob("*") if path.is_file())
    assert SECRET not in written + out + err
    # Nobody can tell whether the server still has the same weights: it is asked again.
    assert run("evaluate", recipe())[0] == 0 and len(server.asked) == 24


def test_faults_are_asked_again_with_patience(server, recipe, run, tmp_path):
    server.faults = [429, 500, "", "{}", '{"choices": []}', "slow", "<html>"]
    started = time.monotonic()
    code, _, err = run("evaluate", recipe({"api_max_retry": 6}))
    assert code == 0, err
    assert scores(tmp_path)[0]["estimate"]["items"] == 12 and len(server.asked) == 19
    assert time.monotonic() - started < 30


def test_what_fails_is_said_and_only_that_is_asked_next_time(server, recipe, run, tmp_path):
    broken = []

    def reply(body):
        text = body["messages"][-1]["content"]
        if text != PROBE and not broken:
            broken.append(text)
        return {"content": None if text in broken else "Paris"}

    server.answer = reply
    code, _, err = run("evaluate", recipe())
    assert code == 2 and err.count("error: ") == 1 and "1 of 12 items" in err and "[server-failed]" in err, err
    assert "asked 3 times" in err and not (tmp_path / "eval" / "scores.json").exists()
    before = len(server.asked)
    server.answer = lambda body: {"content": "Paris"}
    code, out, err = run("evaluate", recipe())
    assert code == 0 and len(server.asked) == before + 1 and "taken up" in out, err
    assert scores(tmp_path)[0]["estimate"]["items"] == 12


def test_a_server_that_is_gone_is_left_soon(server, recipe, run):
    server.faults = [503] * 1000
    code, _, err = run("evaluate", recipe({"api_max_retry": 0, "concurrent_requests": 1}, max_samples=100))
    assert code == 2 and "100 of 100 items" in err and "HTTP 503" in err and len(server.asked) < 20
    started = time.monotonic()
    code, _, err = run("evaluate", recipe({"base_url": "http://127.0.0.1:9/v1"}))
    assert code == 2 and "http://127.0.0.1:9/v1" in err and "[server-failed]" in err and err.count("\n") == 1
    # One that never answered is not waited for.
    assert "asked" not in err and time.monotonic() - started < 30


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_no_other_request_would_change_stops_at_once(status, server, recipe, run):
    server.faults = [status] * 1000
    code, out, err = run("evaluate", recipe({"concurrent_requests": 1}))
    assert code == 2 and f"HTTP {status}" in err and "[server-failed]" in err and SECRET not in out + err
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("endpoint", "key", "fact"),
    [
        ({"base_url": "http://h/v1?key=x"}, "bad-recipe-value", "base_url"),
        ({"base_url": "http://u:sk-x@h/v1"}, "bad-recipe-value", "base_url"),
        ({"base_url": "localhost:80"}, "bad-recipe-value", "'localhost:80'"),
        ({"timeout": 0}, "bad-recipe-value", "timeout: 0"),
        ({"api_key_env": "sk-x"}, "bad-recipe-value", "api_key_env"),
        ({"api_key_env": "LUTH_NO_SUCH_KEY"}, "bad-key", "api_key_env"),
    ],
)
def test_an_address_or_key_that_cannot_be_used_is_one_line(endpoint, key, fact, server, recipe, run):
    code, _, err = run("evaluate", recipe(endpoint))
    assert code == 2 and fact in err and f"[{key}]" in err and err.count("\n") == 1 and not server.asked
    assert "sk-x" not in err


def test_thinking_goes_to_the_servers_template_and_thoughts_are_cut(server, recipe, run, tmp_path):
    def answer(body):
        thinking = body["chat_template_kwargs"]["enable_thinking"]
        return {"content": "<think>Londres ?</think>Paris" if thinking else "Paris"}

    server.answer = answer
    code, _, err = run("evaluate", recipe(thinking="both"))
    assert code == 0, err
    assert [score["model"] for score in scores(tmp_path)] == ["served@no-thinking", "served@thinking"]
    limits = {body["chat_template_kwargs"]["enable_thinking"]: body["max_tokens"] for body, _ in server.asked}
    assert limits == {False: 20, True: 8192}
    # Temperatures alone do not take the thought's room away.
    server.asked.clear()
    warm = {"temperature": 0.6}
    code, _, err = run(
        "evaluate", recipe(thinking=True, thinking_generation_parameters=warm, output_dir=str(tmp_path / "warm"))
    )
    assert code == 0 and server.asked[0][0]["max_tokens"] == 8192, err
    (path,) = (tmp_path / "eval" / "details").rglob("*@thinking/*/*.parquet")
    response = parquet.read_table(path).to_pylist()[0]["model_response"]
    assert response["text"] == ["Paris"] and response["reasonings"] == ["Londres ?"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": "<think>Paris, sans fin"},
        {"content": "Paris, sans balise"},
        {"content": None, "reasoning_content": "Paris, à part"},
    ],
)
def test_a_thought_without_end_is_no_answer(message, server, recipe, run, tmp_path):
    server.answer, server.finish = lambda body: message, "length"
    code, _, err = run("evaluate", recipe(thinking=True))
    assert code == 0, err
    (score,) = scores(tmp_path)
    assert score["estimate"]["value"] == 0 and score["truncated"] == score["unclosed_thought"] == 1


def test_a_server_that_does_not_heed_the_switch_is_refused(server, recipe, run):
    server.switch = False
    code, _, err = run("evaluate", recipe(thinking=False))
    assert code == 2 and "thinking: served" in err and "[server-failed]" in err and not server.asked


def test_an_item_that_is_too_long_is_said_and_does_not_stop_the_others(server, recipe, run):
    server.faults = [400] * 10
    code, _, err = run("evaluate", recipe({"concurrent_requests": 1}, max_samples=14))
    assert code == 2 and "10 of 14 items" in err and "10 were refused" in err and "HTTP 400" in err
    assert SECRET not in err
    assert len(server.asked) == 14


def test_a_row_that_was_answered_is_not_asked_again_when_another_fails(server, recipe, run):
    broken = [True]
    server.answer = lambda body: {"content": None if body["model"] == "second" and broken else "Paris"}
    both = recipe({"api_max_retry": 0}, models=["first", "second"])
    assert run("evaluate", both)[0] == 2
    broken.clear()
    # The probe answers now, and the first model's answers are there.
    server.asked.clear()
    assert run("evaluate", both)[0] == 0
    assert {body["model"] for body, _ in server.asked} == {"second"}


def test_what_is_no_chat_server_is_one_line(server, recipe, run):
    server.answer = lambda body: {"content": "Paris"}
    inner = Handler.reply
    Handler.reply = lambda self, status, text: inner(self, 200, "<html>a web page</html>")
    try:
        code, _, err = run("evaluate", recipe())
    finally:
        Handler.reply = inner
    assert code == 2 and "[server-failed]" in err and err.count("\n") == 1


def test_sampled_runs_have_seeds_of_their_own(server, recipe, run, tmp_path):
    sampling = {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "max_new_tokens": 9}
    code, _, err = run("evaluate", recipe(num_runs=3, seed=5, generation_parameters=sampling))
    assert code == 0, err
    assert {body["seed"] for body, _ in server.asked} == {5, 6, 7}
    body, _ = server.asked[0]
    assert (body["top_p"], body["top_k"], body["max_tokens"]) == (0.8, 20, 9)
    assert scores(tmp_path)[0]["runs"] == 3


def test_nothing_about_sampling_is_left_to_the_server(server, recipe, run):
    assert run("evaluate", recipe())[0] == 0
    greedy = {"temperature": 0, "top_p": 1, "top_k": -1, "min_p": 0, "repetition_penalty": 1}
    assert all(greedy.items() <= body.items() for body, _ in server.asked)


def test_a_context_that_is_too_short_is_said(server, recipe, run):
    server.finish, server.tokens = "length", 7
    code, out, err = run("evaluate", recipe())
    assert code == 0 and "12 of 12 answers" in out and "--max-model-len" in out, err
    assert len(server.asked) == 12
    server.tokens = 0
    code, out, _ = run("evaluate", recipe())
    assert code == 0 and "--max-model-len" not in out


@pytest.mark.parametrize(("thinking", "value"), [(None, 1.0), (False, 1.0), (True, 0.0)])
def test_a_text_without_tags_behind_a_reasoning_parser(thinking, value, server, recipe, run, tmp_path):
    """vLLM's --reasoning-parser takes it for a thought: reasoning alone, and finish_reason stop."""
    answers = [json.loads(line)["answers"][0] for line in open("recipes/demo/data/short/fr-test.jsonl")]
    server.answer = lambda body: {"content": None, "reasoning": "\n".join(answers)}
    code, out, err = run("evaluate", recipe(thinking=thinking, max_samples=3))
    assert code == 0, err
    (path,) = (tmp_path / "eval" / "details").rglob("*.parquet")
    responses = [row["model_response"] for row in parquet.read_table(path).to_pylist()]
    assert all(bool(response["text"][0]) == (value == 1) for response in responses)
    assert scores(tmp_path)[0]["unclosed_thought"] == 1 - value
    assert ("reasoning parser" in out) == (value == 1)


@pytest.mark.parametrize("name", ["/models/X", "../x/Y", "../..", "/", "a/../../b", "recipes/demo/eval.yaml"])
def test_a_served_name_that_is_a_path_stays_in_the_folder_of_results(name, server, recipe, run, tmp_path):
    before = set(tmp_path.parent.rglob("*"))
    code, _, err = run("evaluate", recipe(models=[name], max_samples=2))
    assert code == 0, err
    assert scores(tmp_path)[0]["estimate"]["items"] == 2 and {body["model"] for body, _ in server.asked} == {name}
    made = set(tmp_path.parent.rglob("*")) - before
    inside = tmp_path / "eval"
    assert all(path.is_relative_to(inside) or path.parent == tmp_path for path in made)
    assert list((inside / "results").rglob("run.json"))


def test_a_server_of_another_model_is_one_line(server, recipe, run):
    server.listed, server.model = ["base"], "base"
    code, _, err = run("evaluate", recipe(models=["sft"]))
    assert code == 2 and "'sft'" in err and "base" in err and err.count("\n") == 1 and not server.asked


def test_a_proxy_is_not_asked_for_this_machine(server, recipe, run, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = run("evaluate", recipe(max_samples=2))
    assert code == 0, err

"""A small OpenAI-compatible server in this process, deterministic, that can misbehave."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import yaml

TOPICS = [
    "pain",
    "vent",
    "sel",
    "verre",
    "lune",
    "port",
    "bois",
    "blé",
    "fer",
    "miel",
    "four",
    "puits",
    "quai",
    "toit",
]
ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "recipes/demo/data/conversations/fr-test.jsonl"
ANSWERS = [json.loads(line)["messages"][1]["content"] for line in WRITTEN.read_text("utf-8").rstrip("\n").split("\n")]


def answer(body):
    """What a model would say: translations, judgements and answers are told apart by their prompts."""
    prompt = body["messages"][-1]["content"]
    if prompt == "1":
        return "1"
    if "response_format" in body:
        names = body["response_format"]["json_schema"]["schema"]["required"]
        score = 1 if "mauvaise" in prompt else 5
        return json.dumps({name: {"reason": "C'est ainsi.", "score": score} for name in names})
    if "----------" in prompt:
        asked = prompt.split("----------")[1].strip()
        return f"Explique-moi en quelques phrases ce que l'on entend par : {asked.split()[-1]}"
    return ANSWERS[TOPICS.index(prompt.split()[-1])]


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.keys = Counter(), set()
        self.delay, self.say, self.refuse = 0.0, answer, lambda count: None
        self.lock = threading.Lock()

    def handle_error(self, *_):
        """A client that no longer waits is none of the test's errors."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked[json.dumps(body, sort_keys=True)] += 1
            self.server.keys.add(self.headers["Authorization"])
            status = self.server.refuse(sum(self.server.asked.values()))
        time.sleep(self.server.delay)
        try:
            said = None if status else self.server.say(body)
        except RuntimeError:
            status = 500
        if status:
            reply = {"error": {"message": f"no, {self.headers['Authorization']}"}}
        else:
            message = {"role": "assistant", "content": said}
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            reply = {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [choice],
                "usage": usage,
            }
        content = json.dumps(reply).encode()
        self.send_response(status or 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    one = Server()
    threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture
def build(run):
    """Run the script with its tasks one after another, in this process; another number may be said."""

    def call(*arguments):
        return run("build_dataset", *(arguments if "--workers" in arguments else (*arguments, "--workers", 1)))

    return call


@pytest.fixture
def build_rows(tmp_path, write_rows, build):
    """Build a dataset of some parts' rows, where no model is asked; give the folder."""

    def call(parts, steps, name="built", **changes):
        read = {}
        for part, rows in parts.items():
            path = write_rows(rows, f"{name}-{part}.jsonl")
            read[part] = {"read": {"path": str(path), "columns": {"question": "q", "answer": "a"}}}
        content = {
            "step": "build_dataset",
            "language": "fr",
            "language_name": "French",
            "tasks": 2,
            "parts": read,
            "steps": steps,
            "output_dir": str(tmp_path / name),
            **changes,
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        code, _, err = build(path)
        assert code == 0, err
        return tmp_path / name

    return call


def shards(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "dataset/data").glob("*.parquet"))}


def rows(folder, split="*"):
    paths = sorted((folder / "dataset/data").glob(f"{split}-*.parquet"))
    return [row for path in paths for row in parquet.read_table(path).to_pylist()]


def rejected(folder, step):
    paths = (folder / "steps" / step / "rejected").glob("*.jsonl")
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").rstrip("\n").split("\n") if line]

"""A server of a tiny model, in this process, that gives log-probabilities as vLLM's or llama.cpp's server does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class ModelServer(ThreadingHTTPServer):
    """Serves `folder`'s model as "served".

    Attributes:
        speaks: of echo, prompt_logprobs, forced and text, what it heeds; the rest is ignored without a word.
        llama_cpp: whether it has llama.cpp's names, shapes and paths, or vLLM's.
        pages: which of /tokenize, /detokenize and /apply-template there are.
        context: the tokens that it takes.
        asked: the bodies of plain completions.
        faults: called with each body; a number is an HTTP status, "drop" closes the connection.
    """

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.speaks, self.llama_cpp, self.context = {"echo", "prompt_logprobs", "forced"}, False, 1024
        self.pages = {"/tokenize", "/detokenize", "/apply-template"}
        self.asked, self.faults, self.lock = [], lambda body: None, threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, *_):
        """A client that no longer waits is none of the test's errors."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/v1/models":
            return self.reply({"error": "no such page"}, 404)
        owner = "llamacpp" if self.server.llama_cpp else "vllm"
        return self.reply({"data": [{"id": "served", "owned_by": owner, "max_model_len": self.server.context}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        pages = {"/v1/chat/completions": self.chat, "/v1/completions": self.complete}
        pages |= {page: getattr(self, page[1:].replace("-", "_")) for page in self.server.pages}
        if self.path not in pages:
            return self.reply({"error": "no such page"}, 404)
        return pages[self.path](body)

    def tokenize(self, body):
        if self.server.llama_cpp:
            return self.reply({"tokens": self.ids(body["content"])})
        text = body["prompt"] if "prompt" in body else self.rendered(body)
        return self.reply({"tokens": self.ids(text), "count": 0})

    def detokenize(self, body):
        return self.reply({"prompt": self.server.tokenizer.decode(body["tokens"])})

    def apply_template(self, body):
        return self.reply({"prompt": self.rendered(body)})

    def ids(self, text):
        return self.server.tokenizer.encode(text, add_special_tokens=False)

    def rendered(self, body):
        kwargs = body.get("chat_template_kwargs") or {}
        return self.server.tokenizer.apply_chat_template(
            body["messages"], tokenize=False, add_generation_prompt=True, **kwargs
        )

    def chat(self, body):
        usage = {"prompt_tokens": len(self.ids(self.rendered(body))), "completion_tokens": 1}
        choice = {"message": {"role": "assistant", "content": "Paris"}, "finish_reason": "stop"}
        return self.reply({"choices": [choice], "model": "served", "usage": usage, "system_fingerprint": "tiny-1"})

    def complete(self, body):
        server = self.server
        with server.lock:
            server.asked.append(body)
            fault = server.faults(body)
        if fault == "drop":
            self.close_connection = True
            return None
        takes_text = "text" in server.speaks
        if fault is not None or isinstance(body["prompt"], str) != takes_text:
            return self.reply({"error": {"message": "no such prompt" if fault is None else "Loading"}}, fault or 400)
        tokens = self.ids(body["prompt"]) if takes_text else body["prompt"]
        if len(tokens) >= server.context:
            return self.reply({"error": {"message": f"{len(tokens)} tokens exceed the context size"}}, 400)
        with torch.no_grad(), server.lock:
            logprobs = server.model(torch.tensor([tokens])).logits[0].log_softmax(-1)
        return self.reply({"choices": [self.choice(body, tokens, logprobs)], "model": "served"})

    def choice(self, body, tokens, logprobs):
        server, ids = self.server, body.get("return_tokens_as_token_ids") and not self.server.llama_cpp
        bias = body.get("logit_bias", {}) if "forced" in server.speaks else {}
        new = int(next(iter(bias), logprobs[-1].argmax()))
        entries = [(token, logprobs[at]) for at, token in enumerate([*tokens[1:], new])]
        if server.llama_cpp:
            token, row = entries[-1]
            one = {"id": token, "token": "?", "logprob": float(row[token])}
            best = {"id": int(row.argmax()), "token": "?", "logprob": float(row.max())}
            return {"text": "?", "logprobs": {"content": [{**one, "top_logprobs": [best]}]}}

        def name(token):
            return f"token_id:{token}" if ids else server.tokenizer.decode([token])

        echoes = body.get("echo") and server.speaks & {"echo", "text"}
        shown = entries if echoes else entries[-1:]
        top = [{name(int(row.argmax())): float(row.max()), name(token): float(row[token])} for token, row in shown]
        found = {"tokens": [name(token) for token, _ in shown], "top_logprobs": top}
        found["token_logprobs"] = [float(row[token]) for token, row in shown]
        if echoes:
            found = {"tokens": [name(tokens[0]), *found["tokens"]], **{k: [None, *found[k]] for k in list(found)[1:]}}
            found["text_offset"] = [len(server.tokenizer.decode(tokens[:at])) for at in range(len(tokens) + 1)]
        choice = {"text": server.tokenizer.decode([*tokens, new] if echoes else [new])}
        if body.get("logprobs") and server.speaks:
            choice["logprobs"] = found
        if body.get("prompt_logprobs") is not None and "prompt_logprobs" in server.speaks:
            near = [{str(i): {"logprob": float(row[i])} for i in (int(row.argmax()), t)} for t, row in entries[:-1]]
            choice["prompt_logprobs"] = [None, *near]
        return choice

    def reply(self, content, status=200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

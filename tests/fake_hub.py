"""A Hub on this machine: the part of huggingface.co's HTTP API that huggingface_hub 1.33 calls to push a model.

    with FakeHub() as hub:
        subprocess.run(command, env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN})
        hub.repositories["anna/model"]["main"]  # {"README.md": b"...", ...}

It knows one user, anna, by one token. Every file is taken as a "regular" one, so that its bytes are in the commit.
"""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_" + "aB3" * 11


class FakeHub:
    def __init__(self):
        self.repositories = {}  # by id: by branch: by path: bytes
        self.private = {}  # by id: what the creator asked for
        self.commits = []  # (id, branch, summary), in the order of their arrival
        self.requests = []  # (method, path)
        self.bodies = []  # bytes
        self.answers = {}  # last part of an endpoint ("commit", ...): the HTTP status to answer with
        self.open = threading.Event()  # cleared, it keeps pushes waiting before their files are read
        self.open.set()

    def __enter__(self):
        hub = self

        class Handler(_Handler):
            def __init__(self, *args, **kwargs):
                self.hub = hub
                super().__init__(*args, **kwargs)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, body, token):
        """Return the status and what is sent as JSON."""
        for pattern, reply in (
            (r"POST /api/repos/create", self._create),
            (r"POST /api/validate-yaml", self._validate),
            (r"GET /api/(?:models|datasets)/([^/]+/[^/]+)/auth-check/write", self._may_write),
            (r"POST /api/(?:models|datasets)/([^/]+/[^/]+)/branch/([^/]+)", self._branch),
            (r"GET /api/(?:models|datasets)/([^/]+/[^/]+)/tree/([^/]+)", self._tree),
            (r"POST /api/(?:models|datasets)/([^/]+/[^/]+)/preupload/([^/]+)", self._preupload),
            (r"POST /api/(?:models|datasets)/([^/]+/[^/]+)/commit/([^/]+)", self._commit),
            (r"GET /api/(?:models|datasets)/([^/]+/[^/]+)(?:/revision/([^/]+))?", self._info),
        ):
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                endpoint = reply.__name__[1:]
                if endpoint in self.answers:
                    return self.answers[endpoint], {
                        "error": f"{endpoint} answers {self.answers[endpoint]} in this test"
                    }
                if endpoint not in ("validate", "info") and token != TOKEN:
                    return 401, {"error": "Invalid username or password."}
                names = [unquote(part) for part in found.groups() if part]
                if names and endpoint != "branch":
                    branches = self.repositories.get(names[0], {})
                    if not branches or (len(names) > 1 and names[1] not in branches):
                        return 404, {"error": "Repository or revision not found"}
                return reply(body, *names)
        return 404, {"error": f"this Hub does not know {method} {path}"}

    def _create(self, body):
        asked = json.loads(body)
        name = f"{asked['organization'] or 'anna'}/{asked['name']}"
        created = {"url": f"{self.url}/{name}"}
        if not name.startswith("anna/"):
            return 403, {"error": f"You don't have the rights to create a model under the namespace {name}"}
        if name in self.repositories:
            return 409, {"error": "You already created this model repo", **created}
        self.repositories[name] = {"main": {".gitattributes": b""}}
        self.private[name] = {"private": True, "public": False}.get(asked.get("visibility"))
        return 200, created

    def _validate(self, body):
        header = re.match(r"---\n(.*?)\n---\n", json.loads(body)["content"], re.DOTALL)
        if header is None or not isinstance(yaml.safe_load(header[1]), dict):
            return 400, {"errors": [{"message": "no metadata"}], "warnings": []}
        return 200, {"errors": [], "warnings": []}

    def _may_write(self, body, name):
        return (200, {}) if name.startswith("anna/") else (403, {"error": "You have no write access"})

    def _branch(self, body, name, branch):
        if branch.startswith("refs/"):
            return 400, {"error": "Invalid reference for a branch"}
        if branch in self.repositories[name]:
            return 409, {"error": "Reference already exists"}
        self.repositories[name][branch] = dict(self.repositories[name]["main"])
        return 201, {}

    def _tree(self, body, name, branch):
        files = self.repositories[name][branch].items()
        return 200, [{"type": "file", "path": path, "size": len(data), "oid": _oid(data)} for path, data in files]

    def _preupload(self, body, name, branch):
        self.open.wait(timeout=60)
        there = self.repositories[name][branch]
        return 200, {
            "files": [
                {
                    "path": file["path"],
                    "uploadMode": "regular",
                    "shouldIgnore": False,
                    "oid": _oid(there[file["path"]]) if file["path"] in there else None,
                }
                for file in json.loads(body)["files"]
            ]
        }

    def _commit(self, body, name, branch):
        files = self.repositories[name][branch]
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    self.commits.append((name, branch, value["summary"]))
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "deletedFile":
                    del files[value["path"]]
                case other:
                    return 400, {"error": f"this Hub does not know the operation {other}"}
        oid = hashlib.sha1(body).hexdigest()
        return 200, {"success": True, "commitOid": oid, "commitUrl": f"{self.url}/{name}/commit/{oid}"}

    def _info(self, body, name, branch="main"):
        files = self.repositories[name][branch]
        return 200, {"id": name, "sha": "0" * 40, "siblings": [{"rfilename": path} for path in files]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._reply("GET")

    def do_POST(self):
        self._reply("POST")

    def _reply(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        self.hub.requests.append((method, path))
        self.hub.bodies.append(body)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        status, content = self.hub.answer(method, path, body, token)
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        # huggingface_hub then waits for one second between its five tries, not for up to eight.
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def _oid(data):
    """Return git's name for a file of these bytes, by which huggingface_hub tells what has not changed."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

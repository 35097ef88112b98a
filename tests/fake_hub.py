"""A Hub on this machine: the part of huggingface.co's HTTP API that huggingface_hub 1.33 and datasets 5 call.

    with FakeHub() as hub:
        subprocess.run(command, env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN})
        hub.repositories["anna/model"]["main"]  # {"README.md": b"...", ...}

Models and datasets are pushed to it, looked up, downloaded and streamed. It knows one user, anna, by one token; who
reads needs none. Every file is taken as a "regular" one, so that its bytes are in the commit. Its faults and facts, by
id, where a gated one gives its files to the token alone:

    hub.moved["old/name"] = "new/name"  # a redirect, as after a change of name
    hub.faults["a/b"] = (429, {"Retry-After": "1"})  # every request about it; a third entry says how many
    hub.details["a/b"] = {"gated": "auto", "cardData": {...}}  # what the Hub says of it
"""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN = "hf_" + "aB3" * 11
MAIN = "0" * 40
KIND, ID, REST = "(?:models/|datasets/|)", "([^/]+/[^/]+)", "([^/]+)"
API = f"/api/(?:models|datasets)/{ID}"
# These say that a repository is there and what it is; whoever wants more of a gated one needs the token.
OPEN = ("validate", "info")


class FakeHub:
    def __init__(self):
        self.repositories = {}  # by id: by branch: by path: bytes
        self.private = {}  # by id: what the creator asked for
        self.commits = []  # (id, branch, summary), in the order of their arrival
        self.requests = []  # (method, path)
        self.bodies = []  # bytes
        self.moved = {}  # by id: the id that it has now
        self.faults = {}  # by id: (status, headers) or (status, headers, number of requests)
        self.details = {}  # by id: fields of what the Hub says of it
        self.answers = {}  # last part of an endpoint ("commit", ...): the HTTP status to answer with
        self.open = threading.Event()  # cleared, it keeps pushes waiting before their files are read
        self.open.set()

    def __enter__(self):
        hub = self

        class Handler(_Handler):
            def __init__(self, *args, **kwargs):
                self.hub = hub
                super().__init__(*args, **kwargs)

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, body, token):
        """Return the status, what is sent, bytes or anything as JSON, and headers."""
        for pattern, reply in (
            (r"POST /api/repos/create", self._create),
            (r"POST /api/validate-yaml", self._validate),
            (rf"GET {API}/auth-check/write", self._may_write),
            (rf"GET {API}/auth-check", self._may_read),
            (rf"POST {API}/branch/{REST}", self._branch),
            (rf"GET {API}/tree/{REST}(?:/(.+))?", self._tree),
            (rf"POST {API}/paths-info/{REST}", self._paths),
            (rf"POST {API}/preupload/{REST}", self._preupload),
            (rf"POST {API}/commit/{REST}", self._commit),
            (rf"GET {API}(?:/revision/{REST})?", self._info),
            (rf"(?:GET|HEAD) /{KIND}{ID}/resolve/{REST}/(.+)", self._resolve),
        ):
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                endpoint = reply.__name__[1:]
                names = [unquote(part) for part in found.groups() if part]
                refusal = self._refusal(endpoint, method, path, names, token)
                status, content, *headers = refusal or reply(body, *names)
                return status, content, headers[0] if headers else {}
        return 404, {"error": f"this Hub does not know {method} {path}"}, {}

    def _refusal(self, endpoint, method, path, names, token):
        """Return why a request is not answered, or None."""
        if endpoint in self.answers:
            return self.answers[endpoint], {"error": f"{endpoint} answers {self.answers[endpoint]} in this test"}
        name = names[0] if names else None
        if name in self.moved:
            return 307, {}, {"Location": path.replace(name, self.moved[name])}
        if name in self.faults:
            status, headers, *left = self.faults[name]
            if not left or left[0] > 0:
                self.faults[name] = (status, headers, *(number - 1 for number in left))
                return status, {"error": f"{name} answers {status} in this test"}, headers
        pushes = endpoint in ("create", "may_write", "branch", "preupload", "commit")
        gated = self.details.get(name, {}).get("gated") and endpoint not in OPEN
        if pushes and token != TOKEN:
            return 401, {"error": "Invalid username or password."}
        if gated and token != TOKEN:
            return 403 if token else 401, {"error": "Access is restricted"}, {"X-Error-Code": "GatedRepo"}
        if name and endpoint != "branch":
            branches = self.repositories.get(name, {})
            if not branches:
                return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}
            if len(names) > 1 and names[1] not in branches and names[1] != self.sha(name):
                return 404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"}
        return None

    def sha(self, name):
        """Return the commit of a repository's main branch."""
        return self.details.get(name, {}).get("sha", MAIN)

    def _files(self, name, revision):
        branches = self.repositories[name]
        return branches["main" if revision == self.sha(name) and revision not in branches else revision]

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

    def _may_read(self, body, name):
        return 200, {}

    def _tree(self, body, name, branch, folder=""):
        """Return all that lies below a folder, whatever depth was asked for."""
        prefix = f"{folder}/" if folder else ""
        entries = [self._entry(name, branch, path) for path in self._paths_of(name, branch) if path.startswith(prefix)]
        if not entries:
            return 404, {"error": "not found"}, {"X-Error-Code": "EntryNotFound"}
        return 200, entries

    def _paths(self, body, name, branch):
        wanted = parse_qs(body.decode())["paths"]
        there = self._paths_of(name, branch)
        return 200, [self._entry(name, branch, path) for path in wanted if path in there]

    def _paths_of(self, name, branch):
        """Return the paths of all files and of the folders that they lie in."""
        files = self._files(name, branch)
        parents = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
        return [*sorted(parents), *files]

    def _entry(self, name, branch, path):
        data = self._files(name, branch).get(path)
        if data is None:
            return {"type": "directory", "path": path, "size": 0, "oid": MAIN}
        return {"type": "file", "path": path, "size": len(data), "oid": _oid(data)}

    def _resolve(self, body, name, branch, path):
        data = self._files(name, branch).get(path)
        if data is None:
            return 404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"}
        commit = branch if len(branch) == 40 else self.sha(name)
        return 200, data, {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}

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
        commit = self.sha(name) if branch in ("main", self.sha(name)) else branch
        known = {"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in self._files(name, branch)]}
        return 200, {**known, **self.details.get(name, {}), "sha": commit}


class _Server(ThreadingHTTPServer):
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise every answer waits 40 ms for the client to acknowledge its headers.
    disable_nagle_algorithm = True

    def do_GET(self):
        self._reply("GET")

    def do_HEAD(self):
        self._reply("HEAD")

    def do_POST(self):
        self._reply("POST")

    def _reply(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        self.hub.requests.append((method, path))
        self.hub.bodies.append(body)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        status, content, headers = self.hub.answer(method, path, body, token)
        if not isinstance(content, bytes):
            content, headers = json.dumps(content).encode(), {"Content-Type": "application/json", **headers}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if status == 200 and asked:
            first, last = int(asked[1]), int(asked[2] or len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
            status, content = 206, content[first : last + 1]
        self.send_response(status)
        # huggingface_hub then waits for one second between its five tries, not for up to eight.
        for key, value in {"Content-Length": str(len(content)), "Retry-After": "0", **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


def _oid(data):
    """Return git's name for a file of these bytes, by which huggingface_hub tells what has not changed."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

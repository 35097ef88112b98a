"""A Python that need not import torch, transformers, trl and peft again: its programs are forks of one that has them.

    with warm_python.serving(folder) as python:
        subprocess.Popen([python, "scripts/sft.py", recipe])
        subprocess.Popen([python, accelerate, "launch", ...], env={**os.environ, "PYTHON_EXEC": python})

Importing these libraries takes longer than a run on a tiny model. `python` hands its arguments, environment, folder
and open files to a server, which forks a child that runs the program. The child is a process of its own: it gets the
signals that `python` gets, `python` ends with its status, and the child is killed when `python` is. Where the server
is gone, or has imported the libraries under other settings (another HF_ENDPOINT, say), `python` becomes an ordinary
interpreter. LUTH_COLD_PYTHON=1 makes it one from the start. A child's parent is the server: what looks at its parents
needs an ordinary interpreter.
"""

import contextlib
import fcntl
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# The libraries read these while they are imported: a child with other values starts on its own.
READ_AT_IMPORT = (
    "CUDA_VISIBLE_DEVICES",
    "DS_ACCELERATOR",
    "HF_DATASETS_CACHE",
    "HF_DATASETS_OFFLINE",
    "HF_ENDPOINT",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "LD_PRELOAD",
    "LUTH_COLD_PYTHON",
)
LIBRARIES = (
    "accelerate.commands.launch",
    "datasets",
    "deepspeed",
    "matplotlib.pyplot",
    "peft",
    "torch.distributed.run",
    "transformers.models.auto.modeling_auto",
    "trl.trainer.sft_trainer",
)
PROGRAM = """#!{python} -IS
import array, json, os, signal, socket, sys
words = sys.argv[1:]
try:
    server = socket.socket(socket.AF_UNIX)
    server.connect({address!r})
    request = json.dumps({{"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}})
    server.sendmsg([b"\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    server.sendall(request.encode() + b"\\n")
    child = int(server.recv(16) or 0)
except OSError:
    child = 0
if not child:
    os.execv({python!r}, [{python!r}, *words])
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, _: os.kill(child, number))
status = int(server.recv(16) or os.EX_SOFTWARE)
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


@contextlib.contextmanager
def serving(folder: Path):
    """Give the executable; `folder` is the same in all processes that share the server. It ends with the last one."""
    if os.environ.get("LUTH_COLD_PYTHON") or not hasattr(os, "pidfd_open"):
        yield sys.executable
        return
    address, python = folder / "python.socket", folder / "python"
    with open(folder / "python.lock", "w") as lock, socket.socket(socket.AF_UNIX) as held:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            held.connect(str(address))
        except OSError:
            python.write_text(PROGRAM.format(python=sys.executable, address=str(address)), "utf-8")
            python.chmod(0o755)
            with open(folder / "python.log", "w") as log:
                server = subprocess.Popen([sys.executable, __file__, address], stdout=log, stderr=log)
            while server.poll() is None and held.connect_ex(str(address)):
                time.sleep(0.01)
        fcntl.flock(lock, fcntl.LOCK_UN)
        yield str(python)


class Server:
    """Forks a child for every request, until the last connection is closed."""

    def __init__(self, address: str) -> None:
        Path(address).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(address)
        self.listener.listen(64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.children: dict[socket.socket, tuple[int, int]] = {}  # by connection: process and its file descriptor

    def serve(self) -> list[str] | None:
        """Return a program's arguments in the child that is to run it, and None in the server at its end."""
        for library in LIBRARIES:
            importlib.import_module(library)
        gc.freeze()
        while True:
            for key, _ in self.selector.select():
                words = key.data(key.fileobj)
                if words is not None:
                    return words
            if len(self.selector.get_map()) == 1:
                return None

    def accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self.selector.register(connection, selectors.EVENT_READ, self.receive)

    def receive(self, connection: socket.socket) -> list[str] | None:
        """Start what is asked for; kill it when the connection is closed."""
        message, files, _, _ = socket.recv_fds(connection, 1, 3)
        if not message:
            self.forget(connection, kill=True)
            return None
        with connection.makefile() as lines:
            request = json.loads(lines.readline())
        if _read_at_import(request["environment"]) != _read_at_import(os.environ):
            self.forget(connection)
            child = None
        else:
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                self.become(request, files)
                return request["words"]
            descriptor = os.pidfd_open(child)
            self.children[connection] = (child, descriptor)
            self.selector.register(descriptor, selectors.EVENT_READ, lambda _: self.reap(connection))
            with contextlib.suppress(OSError):
                connection.sendall(str(child).encode())
        for file in files:
            os.close(file)
        return None

    def become(self, request: dict, files: list[int]) -> None:
        """Make this fork what `exec` would have made of it."""
        for key in list(self.selector.get_map().values()):
            os.close(key.fd)
        self.selector.close()
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.path[1:1] = [folder for folder in folders if folder and folder not in sys.path]

    def reap(self, connection: socket.socket) -> None:
        child, descriptor = self.children.pop(connection)
        self.selector.unregister(descriptor)
        os.close(descriptor)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(OSError):
            connection.sendall(str(status).encode())
        self.forget(connection)

    def forget(self, connection: socket.socket, kill: bool = False) -> None:
        if kill and connection in self.children:
            child, _ = self.children[connection]
            os.kill(child, signal.SIGKILL)
            # With what it started, as the end of a session's process group would; it may have made no group yet.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            self.reap(connection)
            return
        self.selector.unregister(connection)
        connection.close()


def _read_at_import(environment) -> dict[str, str]:
    return {name: environment[name] for name in READ_AT_IMPORT if name in environment}


def run(words: list[str]) -> None:
    """Run a program as `python WORDS` does."""
    if words[0] == "-u":
        sys.stdout.reconfigure(write_through=True)
        words = words[1:]
    if words[0] == "-c":
        sys.path[0], sys.argv = "", ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    elif words[0] == "-m":
        sys.path[0], sys.argv = os.getcwd(), words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0], sys.argv = str(Path(words[0]).parent.resolve()), words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    given = Server(sys.argv[1]).serve()
    if given is not None:
        run(given)

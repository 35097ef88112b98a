"""A vLLM server of this machine, for a benchmark: started, waited for, and ended with its engine."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from luth.core.errors import UserError

# Seconds until it must be there.
START = 900


@contextlib.contextmanager
def serving(folder: Path, environment: Path) -> Iterator[str]:
    """Serve the model in float32 by an environment's vLLM; yield the server's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    on_cpu = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1"}
    command = [environment / "bin/vllm", "serve", "model", "--port", str(port), "--dtype", "float32"]
    command += ["--served-model-name", "model", "--max-model-len", "4096", "--enforce-eager"]
    with open(folder / "vllm.log", "w") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **on_cpu, "HF_HUB_OFFLINE": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        begun, url = time.monotonic(), f"http://127.0.0.1:{port}/v1"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            with contextlib.suppress(OSError):
                direct.open(f"{url}/models").close()
                break
            if server.poll() is not None or time.monotonic() - begun > START:
                line = (folder / "vllm.log").read_text("utf-8", "replace").strip().splitlines()[-1:]
                raise UserError("server-failed", f"{environment}/bin/vllm serve did not start: {line}")
            time.sleep(2)
        yield url
    finally:
        # Its engine is a process of its own, which outlives it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()

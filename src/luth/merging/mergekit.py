"""MergeKit as a program: its progress bar shown, its traceback not."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from luth.core.errors import UserError
from luth.core.files import write_text


def run_mergekit(recipe: dict[str, Any], output: Path) -> None:
    """Run `mergekit-yaml RECIPE OUTPUT` from this Python's environment.

    Raises:
        UserError: it failed; the message is its last line.
        OSError: the disk is full.
    """
    program = Path(sys.executable).with_name("mergekit-yaml")
    said = b""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(recipe, file, sort_keys=False)
        file.flush()
        command = [program, file.name, output]
        with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=_end_with_us) as process:
            assert process.stderr is not None
            while chunk := os.read(process.stderr.fileno(), 4096):
                said += chunk
                if b"Traceback" not in said:
                    sys.stderr.buffer.write(chunk)
                    sys.stderr.flush()
    if process.returncode != 0:
        lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()] or ["no message"]
        # pydantic's last line is an advertisement, and the one before it says what is wrong.
        lines = [line for line in lines if not line.startswith("For further information")]
        for code in (errno.ENOSPC, errno.EDQUOT):
            if os.strerror(code).encode() in said:
                raise OSError(code, os.strerror(code), str(output))
        raise UserError("bad-merge", f"mergekit-yaml failed: {lines[-1]}")


def name_card(folder: Path, name: str) -> None:
    """Put a model's name into the card that MergeKit wrote, where the folder had another one while it was made."""
    card = folder / "README.md"
    if card.exists():
        write_text(card, card.read_text("utf-8").replace(folder.name, name))


def _end_with_us() -> None:
    """Have the kernel kill this process when the one that started it dies, so that none writes on unseen."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)

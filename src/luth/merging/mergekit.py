"""Runs MergeKit as a program. Its progress bar is shown, its traceback is not."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from luth.core.errors import UserError, explain, memory_advice
from luth.core.files import write_text
from luth.core.processes import end_with_parent


def run_mergekit(recipe: dict[str, Any], output: Path) -> None:
    """Run `mergekit-yaml RECIPE OUTPUT` from this Python's environment.

    Raises:
        UserError: mergekit-yaml failed; the message is the last line that it printed.
        OSError: the disk is full.
    """
    program = Path(sys.executable).with_name("mergekit-yaml")
    printed = b""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(recipe, file, sort_keys=False)
        file.flush()
        command = [program, file.name, output]
        with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=end_with_parent) as process:
            assert process.stderr is not None
            while chunk := os.read(process.stderr.fileno(), 4096):
                printed += chunk
                if b"Traceback" not in printed:
                    sys.stderr.buffer.write(chunk)
                    sys.stderr.flush()
    if process.returncode != 0:
        lines = [line.strip() for line in printed.decode(errors="replace").splitlines() if line.strip()] or [
            "no message"
        ]
        # pydantic ends with a link to its documentation; the line before it says what is wrong.
        lines = [line for line in lines if not line.startswith("For further information")]
        for code in (errno.ENOSPC, errno.EDQUOT):
            if os.strerror(code).encode() in printed:
                raise OSError(code, os.strerror(code), str(output))
        if process.returncode == -signal.SIGKILL:
            lines[-1] = "MemoryError: it was killed, as a system does whose memory is full"
        failure = RuntimeError(lines[-1])
        with memory_advice("set dtype: bfloat16, or take a machine with more memory"):
            if explain(failure):
                raise failure
        raise UserError("merge-failed", f"mergekit-yaml failed: {lines[-1]}")


def name_card(folder: Path, name: str, stand_ins: dict[str, str] | None = None) -> None:
    """Put names in the place of temporary folders: the model's own into its card, its parents' into card and recipe.

    Args:
        folder: the merge's, which its name is temporary.
        name: the merge's.
        stand_ins: the folders that stood in for parents, by the parents' names.
    """
    for file in (folder / "README.md", folder / "mergekit_config.yml"):
        if not file.exists():
            continue
        text = file.read_text("utf-8")
        for parent, stand_in in (stand_ins or {}).items():
            text = text.replace(stand_in, parent)
        write_text(file, text.replace(folder.name, name))

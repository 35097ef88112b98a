import errno
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from luth.core.errors import UserError, about, disk_is_full, explain, memory_advice, run_script


def test_a_full_disk_is_explained_even_when_wrapped():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "out/model.safetensors")
        except OSError as error:
            raise RuntimeError("could not save") from error
    except RuntimeError as error:
        known = explain(error)
        assert known.code == "disk-full" and "out/model.safetensors" in str(known)
        assert disk_is_full(error)


def test_a_full_disk_said_by_a_library_is_explained():
    said = "SafetensorError: I/O error: No space left on device (os error 28)"
    assert explain(RuntimeError(said)).code == "disk-full" and disk_is_full(RuntimeError(said))
    assert explain(RuntimeError("database or disk is full")).code == "disk-full"
    assert not disk_is_full(RuntimeError("the disk is slow"))


def test_errors_of_files_are_explained():
    from safetensors import SafetensorError

    long = explain(OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300))
    assert long.code == "name-too-long" and "x" * 60 in str(long) and len(str(long)) < 120
    denied = explain(PermissionError(errno.EACCES, "Permission denied", "/srv/out"))
    assert denied.code == "no-permission" and "/srv/out" in str(denied)
    assert explain(SafetensorError("incomplete metadata")).code == "bad-model"


def test_hub_errors_are_explained():
    from datasets.exceptions import DatasetNotFoundError
    from httpx import UnsupportedProtocol
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, OfflineModeIsEnabled

    gated = GatedRepoError.__new__(GatedRepoError)
    gated.args = ("403: Access to model x/y is restricted",)
    for error, code, facts in (
        (gated, "hub-gated", ("x/y", "HF_TOKEN")),
        (LocalEntryNotFoundError("Qwen/Qwen3-0.6B: no connection"), "hub-unreachable", ("Qwen/Qwen3-0.6B",)),
        (DatasetNotFoundError("Dataset 'a/b' doesn't exist on the Hub"), "hub-not-found", ("'a/b'", "HF_TOKEN")),
        (OfflineModeIsEnabled("offline"), "hub-offline", ("HF_HUB_OFFLINE",)),
        (ConnectionError("refused"), "hub-unreachable", ("refused",)),
        (
            UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol."),
            "hub-unreachable",
            ("HF_ENDPOINT",),
        ),
    ):
        known = explain(error)
        assert known.code == code and all(fact in str(known) for fact in facts)


# As torch 2.13's CUDA allocator words it.
CUDA_FULL = (
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB of which 1.18 GiB is "
    "free. Including non-PyTorch memory, this process has 77.90 GiB memory in use. Of the allocated memory 70.00 GiB "
    "is allocated by PyTorch, and 5.00 GiB is reserved by PyTorch but unallocated."
)


def too_large(kind):
    if kind == "torch":
        return torch.empty(2**50)
    return np.empty(2**50) if kind == "numpy" else bytearray(2**60)


@pytest.mark.parametrize("kind", ["torch", "numpy", "python"])
def test_a_full_machine_is_explained(kind):
    with pytest.raises((RuntimeError, MemoryError)) as error:
        too_large(kind)
    known = explain(error.value)
    assert known.code == "out-of-memory" and "the machine's memory is full" in str(known)
    assert "GiB" in str(known) or "PiB" in str(known) or kind == "python"


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (torch.OutOfMemoryError(CUDA_FULL), ("20.00 GiB", "1.18 GiB of 79.10 GiB")),
        (torch.OutOfMemoryError("Allocation on device"), ()),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"), ()),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), ()),
        (RuntimeError("HIP out of memory. Tried to allocate 2.00 MiB. GPU 0"), ("2.00 MiB",)),
    ],
)
def test_a_full_card_is_explained_in_few_words(error, facts):
    known = explain(error)
    assert known.code == "out-of-memory" and "the GPU's memory is full" in str(known)
    assert all(fact in str(known) for fact in facts) and len(str(known)) < 160


def test_who_knows_what_to_lower_says_it():
    with pytest.raises(UserError, match=r"GPU's memory is full .*: lower batch_tokens$") as error:
        with memory_advice("lower something else"), memory_advice("lower batch_tokens"):
            raise ValueError("a layer failed") from torch.OutOfMemoryError(CUDA_FULL)
    assert error.value.code == "out-of-memory"
    for other in (ValueError("memory"), UserError("diverged", "MemoryError")):
        with pytest.raises(type(other)) as error, memory_advice("lower batch_tokens"):
            raise other
        assert error.value is other


def test_what_was_being_loaded_is_named_once():
    for message in ("no such file", "a/b: no such file"):
        with pytest.raises(UserError) as error, about("a/b"):
            raise UserError("bad-dataset", message)
        assert error.value.code == "bad-dataset" and str(error.value) == "a/b: no such file"


def test_an_error_survives_pickling():
    error = pickle.loads(pickle.dumps(UserError("bad-dataset", "no such file")))
    assert (error.code, str(error)) == ("bad-dataset", "no such file")


def test_other_errors_are_not_taken_for_the_hub_s():
    assert explain(RuntimeError("the metric was aggregated twice")) is None
    assert explain(BrokenPipeError()) is None


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    def main(arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(sys, "argv", ["x"])
    with pytest.raises(ZeroDivisionError):
        run_script(main)


def test_one_line_exit_code_2_and_debug(monkeypatch, capsys):
    def main(arguments):
        assert arguments == ["recipe.yaml"]
        raise UserError("bad-recipe-value", "first line\n  second line")

    for debug in ([], ["--debug"]):
        monkeypatch.setattr(sys, "argv", ["x", "recipe.yaml", *debug])
        with pytest.raises(SystemExit) as stop:
            run_script(main)
        err = capsys.readouterr().err
        assert stop.value.code == 2 and "error: first line second line [bad-recipe-value]\n" in err
        assert ("Traceback" in err) == bool(debug)


def test_a_process_that_fails_alone_is_heard(monkeypatch, capsys):
    def main(arguments):
        raise UserError("diverged", "the loss is nan")

    monkeypatch.setattr(sys, "argv", ["x"])
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(SystemExit):
        run_script(main)
    assert capsys.readouterr().err == "error: the loss is nan [diverged]\n"


def test_a_script_on_its_own_says_one_line_and_exits_with_2():
    done = subprocess.run([sys.executable, "scripts/sft.py", "none.yaml"], capture_output=True, text=True)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert line.startswith("error: none.yaml: ") and line.endswith(" [recipe-not-found]")

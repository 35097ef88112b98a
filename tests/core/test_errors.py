import errno
import subprocess
import sys

import pytest

from luth.core.errors import UserError, explain, run_script


def test_a_full_disk_is_explained_even_when_wrapped():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "out/model.safetensors")
        except OSError as error:
            raise RuntimeError("could not save") from error
    except RuntimeError as error:
        assert "the disk is full while writing out/model.safetensors" in str(explain(error))


def test_a_full_disk_said_by_a_library_is_explained():
    said = "SafetensorError: I/O error: No space left on device (os error 28)"
    assert "disk is full" in str(explain(RuntimeError(said)))


def test_hub_errors_are_explained():
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError

    gated = GatedRepoError.__new__(GatedRepoError)
    gated.args = ("403: Access to model x/y is restricted",)
    assert "HF_TOKEN" in str(explain(gated))
    assert "cannot be reached" in str(explain(LocalEntryNotFoundError("Qwen/Qwen3-0.6B: no connection")))
    assert "check the name" in str(explain(DatasetNotFoundError("Dataset 'a/b' doesn't exist on the Hub")))


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
    assert [line for line in done.stderr.splitlines() if line.strip()] == [
        "error: none.yaml: no such recipe: the recipes are under recipes/ [recipe-not-found]"
    ]

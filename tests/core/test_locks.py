import subprocess
import sys
import threading

import pytest

from luth.core.errors import UserError
from luth.core.locks import join_group, share_work, temporary_folder, try_lock


def test_a_lock_has_one_holder_and_ends_with_its_process(tmp_path):
    with try_lock(tmp_path / "a.lock") as first, try_lock(tmp_path / "a.lock") as second:
        assert first and not second
    hold = "import fcntl, os, sys; fcntl.flock(open(sys.argv[1], 'a'), fcntl.LOCK_EX); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", hold, tmp_path / "a.lock"]).returncode == -9
    with try_lock(tmp_path / "a.lock") as again:
        assert again


def test_a_lock_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as error, try_lock(tmp_path / "file" / "a.lock"):
        pass
    assert error.value.code == "output-unusable" and str(tmp_path / "file") in str(error.value)


def test_only_the_first_of_a_group_begins(tmp_path):
    begun = []
    for _ in range(2):
        with join_group(tmp_path / "group", lambda: begun.append(1)), join_group(tmp_path / "group", begun.clear):
            assert begun == [1]
        begun.clear()


def test_a_temporary_folder_is_removed_and_so_are_abandoned_ones(tmp_path):
    abandoned = tmp_path / "host-1-2"
    abandoned.mkdir()
    (tmp_path / "host-1-2.lock").write_text("")
    with temporary_folder(tmp_path) as folder, temporary_folder(tmp_path) as other:
        assert folder.is_dir() and other.is_dir() and folder != other and not abandoned.exists()
    assert list(tmp_path.iterdir()) == []


def test_work_is_shared_and_each_piece_done_once(tmp_path):
    done, waits, turn = [], [], threading.Lock()
    started = threading.Barrier(2, timeout=30)

    def work(piece):
        started.wait()
        with turn:
            done.append(piece)

    def take_part():
        share_work(["a", "b"], tmp_path, done.__contains__, work, lambda: waits.append(1))

    threads = [threading.Thread(target=take_part) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["a", "b"]

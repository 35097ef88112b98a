"""Where tasks run: Slurm by stand-ins for its commands, Ray for real, and workers that end with their script."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from tests.data.conftest import shards
from tests.data.test_build import start

# What sbatch does with a job array, one task after another: dependent jobs too, since all before them are done.
SBATCH = """#!{python}
import os, re, subprocess, sys
script = sys.argv[-1]
last = re.search(r"--array=0-(\\d+)", open(script).read())
for number in range(int(last.group(1)) + 1):
    named = dict(os.environ, SLURM_ARRAY_TASK_ID=str(number), SLURM_NODELIST="here")
    subprocess.run(["bash", script], env=named, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("Submitted batch job 7")
"""
SRUN = '#!/bin/bash\nwhile [[ "$1" == -* ]]; do [[ "$1" == -n ]] && shift; shift; done\n"$@"\n'


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Put Slurm's commands where they are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in (
        ("sbatch", SBATCH.replace("{python}", sys.executable)),
        ("srun", SRUN),
        ("scontrol", "#!/bin/bash\necho here\n"),
        ("squeue", "#!/bin/bash\n"),
    ):
        (folder / name).write_text(body, "utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setattr("luth.data.executors.SETTLED", 0.1)
    return folder


@pytest.fixture
def given(tmp_path, write_rows):
    """A recipe of rows that no model is asked about; some are duplicates."""
    rows = [{"q": f"Que vaut {n} plus {n} ?", "a": f"La somme vaut {n + n}, sans aucun doute."} for n in range(1200)]
    path = write_rows([*rows, *rows[:100]])
    content = {
        "step": "build_dataset",
        "language": "fr",
        "language_name": "French",
        "parts": {"all": {"read": {"path": str(path), "columns": {"question": "q", "answer": "a"}}}},
        "steps": {"quality": {}, "deduplicate": {"buckets": 4}},
        "tasks": 2,
        "slurm": {"time": "01:00:00", "partition": "cpu"},
        "output_dir": str(tmp_path / "local"),
    }
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return path


@pytest.mark.slow
def test_what_a_killed_start_submitted_is_waited_for_and_not_submitted_again(cluster, given, tmp_path):
    log, queued = tmp_path / "submitted", tmp_path / "queued"
    # The same sbatch, but its jobs run on their own, a second later, and squeue knows each as long as it does.
    (cluster / "inner").write_text((cluster / "sbatch").read_text("utf-8"), "utf-8")
    body = (
        f"#!/bin/bash\ncp ${{!#}} {tmp_path}/job-$$; grep -o 'job-name=.*' ${{!#}} >> {log}; touch {queued}-$$\n"
        f"(sleep 1; {sys.executable} {cluster}/inner {tmp_path}/job-$$; rm -f {queued}-$$) >/dev/null 2>&1 &\n"
        "echo Submitted batch job $$\n"
    )
    (cluster / "sbatch").write_text(body, "utf-8")
    (cluster / "squeue").write_text(f"#!/bin/bash\n[[ -e {queued}-$3 ]] && echo running\nexit 0\n", "utf-8")
    more = ("--executor", "slurm", "--workers", "2", "--output_dir", tmp_path / "slurm")
    process = start(given, *more)
    noted = tmp_path / "slurm/steps/all.read/logs/read/job_id.txt"
    while not noted.exists():
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process = start(given, *more, stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert log.read_text("utf-8").split().count("job-name=read") == 2
    assert {path.name for path in (tmp_path / "slurm/dataset/data").iterdir()} == {"train-00000-of-00001.parquet"}


@pytest.mark.slow
def test_slurm_and_ray_make_the_same_dataset(cluster, given, build, tmp_path):
    for kind, workers in (("local", 1), ("slurm", 2), ("ray", 2)):
        code, _, err = build(given, "--executor", kind, "--workers", workers, "--output_dir", tmp_path / kind)
        assert code == 0, err
        assert shards(tmp_path / kind) == shards(tmp_path / "local")


@pytest.mark.parametrize(
    ("slurm", "words"),
    [
        ({}, "slurm: time"),
        (
            {"time": "1:00:00", "partition": "x", "partitoin": "y"},
            "'partitoin' is no argument of SlurmPipelineExecutor",
        ),
        ({"time": "1:00:00", "partition": "x"}, "sbatch"),
    ],
)
def test_what_slurm_lacks_is_one_line(given, build, slurm, words):
    content = {**yaml.safe_load(given.read_text("utf-8")), "slurm": slurm}
    given.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    code, _, err = build(given, "--executor", "slurm")
    assert code == 2 and words in err and err.count("\n") == 1, err


def workers_of(process):
    """Wait for a build's workers, and give them: those that the forkserver, itself a child, has forked."""
    while process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        found = [one for one in children if one.ppid() != process.pid]
        if len(found) >= 2:
            return children, found
        time.sleep(0.01)
    raise AssertionError(process.communicate())


@pytest.mark.slow
def test_a_killed_script_takes_its_workers_with_it_and_a_killed_worker_its_script(given, tmp_path):
    process = start(given, "--workers", "2")
    children, _ = workers_of(process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not psutil.wait_procs(children, timeout=10)[1]

    process = start(given, "--workers", "2", stderr=subprocess.PIPE)
    _, workers = workers_of(process)
    for worker in workers:
        worker.suspend()
    time.sleep(2)
    for worker in workers:
        worker.kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and b"error: a worker was killed" in err

    process = start(given, "--workers", "2", stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err

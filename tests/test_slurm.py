"""The Slurm script builds the right launch from what Slurm says, and reads no YAML."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def submit(tmp_path):
    """Run the script as sbatch would, with stand-ins for Slurm's commands that print what they are given."""
    for name, body in (
        ("scontrol", "echo node-a; echo node-b"),
        ("srun", '[ "$2" = --cpus-per-task=96 ] || exit 9; shift 2; SLURM_NODEID=1 "$@"'),
        ("accelerate", 'printf "%s\\n" "$@"'),
    ):
        path = tmp_path / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def run(*words):
        variables = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "SLURM_JOB_NODELIST": "node-[a-b]",
            "SLURM_NNODES": "2",
            "SLURM_JOB_ID": "31234",
            "SLURM_GPUS_ON_NODE": "4",
            "SLURM_CPUS_ON_NODE": "96",
            "SLURM_SUBMIT_DIR": str(tmp_path),
        }
        for folder in ("recipes", "accelerate_configs"):
            if not (tmp_path / folder).exists():
                os.symlink(ROOT / folder, tmp_path / folder)
        command = ["bash", ROOT / "slurm/train.slurm", *words]
        return subprocess.run(command, env=variables, capture_output=True, text=True)

    return run


def test_the_launch_is_slurm_s_nodes_and_gpus(submit):
    done = submit("recipes/luth-1.7b.yaml", "--max_steps", "3", "--hub_model_id", "a b")
    assert done.returncode == 0, done.stderr
    words = done.stdout.splitlines()[1:]
    assert words == [
        *["launch", "--config_file", "accelerate_configs/zero1.yaml", "--num_machines", "2", "--num_processes", "8"],
        *["--machine_rank", "1", "--main_process_ip", "node-a", "--main_process_port", "21234"],
        *["scripts/sft.py", "recipes/luth-1.7b.yaml", "--max_steps", "3", "--hub_model_id", "a b"],
    ]
    assert "accelerate_configs/fsdp2.yaml" in submit("recipes/luth-1.7b.yaml", "fsdp2").stdout


def test_a_wrong_word_is_one_line(submit):
    for words, said in (
        (["recipes/none.yaml"], "recipes/none.yaml: no such file"),
        (["recipes/luth-1.7b.yaml", "zero9"], "accelerate_configs/zero9.yaml: no such file"),
    ):
        done = submit(*words)
        assert done.returncode == 2 and said in done.stderr
    assert submit().returncode != 0

"""The script for machines with a GPU says so where there is none, and measures nothing."""

import subprocess
import sys
from pathlib import Path

import openmm
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "gpu.py"


def test_an_unknown_platform_is_refused_in_one_line(tmp_path):
    command = [sys.executable, SCRIPT, "--platform", "Foo"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert len(found.stderr.splitlines()) == 1
    assert "Foo" in found.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_it_says_so_in_one_line_and_writes_nothing(tmp_path):
    names = {
        openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())
    }
    if names & {"CUDA", "HIP"}:
        pytest.skip("OpenMM has a platform for GPUs here")
    found = subprocess.run(
        [sys.executable, SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert len(found.stderr.splitlines()) == 1
    assert "doctor" in found.stderr
    assert not list(tmp_path.iterdir())

"""A folder that may not be written costs one clear line, and nothing that is there is lost."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

import openmm_mlff as mlff

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1
PROGRAM = "from openmm_mlff.cli import main; main()"


def heed_permissions():
    """Give up what lets root write where nobody may; other users have nothing to give up."""
    if os.getuid() == 0 and ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
        raise PermissionError("the capability cannot be dropped")


def command(*arguments, folder):
    """Run the program as somebody whom permissions bind."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=heed_permissions,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory, short_protocol):
    """A finished run."""
    folder = tmp_path_factory.mktemp("kept") / "run"
    mlff.validate(
        "student:ultra-tiny",
        systems=["water"],
        protocol=short_protocol,
        reference="none",
        platform="Reference",
        output=folder,
    )
    return folder


@pytest.fixture
def locked(run):
    """The same, which may be read and not written."""
    paths = [run, *run.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield run
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize(
    "arguments",
    [
        "judge {run}",
        "validate student:ultra-tiny -s water --output {run}/new",
        "validate student:ultra-tiny -s water --protocol {protocol} --reference none "
        "--platform Reference --output {run} --resume",
        "export student:ultra-tiny {run}/out.pt --system water",
        "benchmark student:ultra-tiny --system water --output {run}/benchmark",
    ],
)
def test_it_is_refused_in_one_line(locked, short_protocol, tmp_path, arguments):
    before = {path: path.stat().st_mtime_ns for path in locked.rglob("*")}
    words = arguments.format(run=locked, protocol=short_protocol).split()
    try:
        done = command(*words, folder=tmp_path)
    except subprocess.SubprocessError:
        pytest.skip("root may write anywhere here, and cannot give that up")
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert str(locked) in line
    assert "Permission denied" in line
    assert {path: path.stat().st_mtime_ns for path in locked.rglob("*")} == before


def test_it_is_judged_where_nothing_is_to_be_written(locked, tmp_path):
    done = command("judge", locked, "--no-write", "--quiet", folder=tmp_path)
    assert done.returncode == 3, done.stderr

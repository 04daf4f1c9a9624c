"""Terminals that are narrow or know no Unicode, readers that leave, and names that are no text."""

import os
import subprocess
import sys

import pytest

from openmm_mlff.cli import main

COMMAND = [sys.executable, "-c", "from openmm_mlff.cli import main; main()"]
POOR = {"COLUMNS": "1", "NO_COLOR": "1", "LANG": "C", "PYTHONIOENCODING": "ascii"}


def test_a_poor_terminal_still_gets_the_list():
    done = subprocess.run(
        [*COMMAND, "checks"], env=os.environ | POOR, capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


def test_a_poor_terminal_still_gets_the_line():
    done = subprocess.run(
        [*COMMAND, "checks", "--protocol", "Ångström"],
        env=os.environ | POOR,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    (line,) = done.stderr.decode("ascii").splitlines()
    assert "unknown protocol" in line


def test_a_reader_that_leaves_gets_one_line():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "systems"], stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False
    )
    os.close(writing)
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, "closed the pipe" in line) == (2, True)


@pytest.mark.parametrize("name", ["\udcff.pt", "ase:\udcff:X", "student:\udcff"])
def test_a_name_that_is_no_text(capfd, name):
    with pytest.raises(SystemExit) as stopped:
        main(["validate", name])
    (line,) = capfd.readouterr().err.splitlines()
    assert (stopped.value.code, "is not UTF-8 text" in line) == (2, True)

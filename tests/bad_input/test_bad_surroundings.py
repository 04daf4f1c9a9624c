"""Terminals that are narrow or know no Unicode, readers that leave, and names that are no text."""

import os
import subprocess
import sys

import pytest

from openmm_mlff.cli import main

COMMAND = [sys.executable, "-c", "from openmm_mlff.cli import main; main()"]
POOR = {"COLUMNS": "1", "NO_COLOR": "1", "LANG": "C", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--protocol", "Ångström"], 2)])
def test_a_poor_terminal_gets_the_list_or_one_line(options, code):
    line, poor = [*COMMAND, "checks", *options], os.environ | POOR
    done = subprocess.run(line, env=poor, capture_output=True, timeout=120, check=False)
    assert (done.returncode, bool(done.stdout)) == (code, code == 0)
    assert (done.stdout + done.stderr).isascii()
    assert len(done.stderr.splitlines()) == (1 if code else 0)


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

"""A trial may end in every way a process can end; the parent says which."""

import pytest

from openmm_mlff.doctor.children import run_trial

TRIAL = """
import os, signal, sys, time
from openmm_mlff.doctor.children import MARKER

how = sys.argv[1]
print("noise on stdout")
if how == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if how == "hang":
    time.sleep(60)
if how == "silent":
    sys.exit(3)
if how == "raise":
    raise RuntimeError("first line\\nsecond line")
if how == "interrupt":
    raise ImportError("libfoo.so: cannot open")
print(MARKER + '{"arguments": ' + str(len(sys.argv) - 2) + '}')
print("more noise")
"""


@pytest.fixture
def trial(tmp_path, monkeypatch):
    (tmp_path / "some_trial.py").write_text(TRIAL)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{_paths()}")

    def run(*arguments, timeout_s=20.0):
        return run_trial(*arguments, timeout_s=timeout_s, module="some_trial")

    return run


def _paths():
    import os
    from pathlib import Path

    import openmm_mlff

    return os.pathsep.join([str(Path(openmm_mlff.__file__).parent.parent)])


def test_an_answer_is_found_among_noise(trial):
    outcome = trial("fine", "x", "y")
    assert (outcome.data, outcome.problem) == ({"arguments": 2}, "")


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("crash", "crashed (SIGSEGV)"),
        ("silent", "ended with code 3 and no message"),
        ("raise", "RuntimeError: first line second line"),
        ("interrupt", "ImportError: libfoo.so: cannot open"),
    ],
)
def test_how_it_ended_is_said(trial, how, problem):
    assert trial(how).problem == problem


def test_one_that_hangs_is_ended(trial):
    assert trial("hang", timeout_s=1.0).problem == "did not end within 1 s"

"""Trials on a machine where they work; and every way in which a process of one can end."""

import os
from pathlib import Path

import pytest

import openmm_mlff
from openmm_mlff.doctor import trial

TRIAL = """
import os, signal, sys, time
from openmm_mlff.doctor.trial import MARKER

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
def run(tmp_path, monkeypatch):
    (tmp_path / "some_trial.py").write_text(TRIAL)
    paths = (str(tmp_path), str(Path(openmm_mlff.__file__).parent.parent))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))

    def _run(*arguments):
        timeout_s = 1.0 if arguments == ("hang",) else 20.0
        return trial.run_trial(*arguments, timeout_s=timeout_s, module="some_trial")

    return _run


def test_a_result_is_found_among_noise(run):
    outcome = run("fine", "x", "y")
    assert (outcome.data, outcome.problem) == ({"arguments": 2}, "")


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("crash", "crashed (SIGSEGV)"),
        ("silent", "ended with code 3 and no message"),
        ("raise", "RuntimeError: first line second line"),
        ("interrupt", "ImportError: libfoo.so: cannot open"),
        ("hang", "did not end within 1 s"),
    ],
)
def test_how_a_trial_ended_is_reported(run, how, problem):
    assert run(how).problem == problem


def test_a_trial_runs_as_a_module():
    outcome = trial.run_trial("import", "json")
    assert (outcome.data, outcome.problem) == ({}, "")


def test_a_wrong_torchforce_is_an_error(monkeypatch):
    assert trial.try_torchforce("Reference")["error_kj_per_mol"] < 1e-3
    monkeypatch.setattr(trial, "_TOLERANCE_KJ_PER_MOL", -1.0)
    with pytest.raises(RuntimeError, match="off by"):
        trial.try_torchforce("Reference")


def test_openmm_torch_and_the_reference_are_described():
    found = trial.try_openmm()
    assert {"Reference", "CPU"} <= set(found["platforms"])
    assert "NVIDIA driver" in found["remedies"]["CUDA"]
    torch = trial.try_torch()
    assert torch["version"]
    assert isinstance(torch["gpus"], list)
    pytest.importorskip("tblite")
    assert -145.0 < trial.try_reference()["energy_ev"] < -130.0

"""The trials themselves, in this process: on a machine where they work."""

import json

import pytest

from openmm_mlff.doctor import trial
from openmm_mlff.doctor.children import MARKER


def test_a_torchforce_is_right_on_the_reference_platform():
    assert trial.try_torchforce("Reference")["error_kj_per_mol"] < 1e-3


def test_a_torchforce_that_is_wrong_is_said_to_be(monkeypatch):
    monkeypatch.setattr(trial, "_TOLERANCE_KJ_PER_MOL", -1.0)
    with pytest.raises(RuntimeError, match="off by"):
        trial.try_torchforce("Reference")


def test_openmm_lists_its_platforms_and_how_to_get_others():
    found = trial.try_openmm()
    assert {"Reference", "CPU"} <= set(found["platforms"])
    assert "NVIDIA driver" in found["remedies"]["CUDA"]


def test_torch_says_what_it_is():
    found = trial.try_torch()
    assert found["version"]
    assert isinstance(found["gpus"], list)


def test_the_reference_computes():
    pytest.importorskip("tblite")
    assert -145.0 < trial.try_reference()["energy_ev"] < -130.0


def test_the_answer_is_one_marked_line(capsys):
    trial.main(["import", "json"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(MARKER)]
    assert json.loads(line.removeprefix(MARKER)) == {}

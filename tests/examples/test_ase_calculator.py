"""The example as a user runs it, by a protocol that is short."""

import runpy
import sys

import pytest

from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.storage.run_directory import read_json

PROTOCOL = """
extends = "quick"
name = "short"
required = ["rotation_invariance", "stability", "force_accuracy", "energy_accuracy"]
reported = []
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.02
longest_ps = 0.02
[probes]
rotations = 2
thermal_frames = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""


@pytest.mark.slow
def test_judges_the_calculator_then_a_model_by_its_labels(
    repository, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("tblite")
    (tmp_path / "short.toml").write_text(PROTOCOL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ase_calculator.py", "short.toml"])
    # What an earlier call left is not added to.
    (tmp_path / "labels.extxyz").write_text("left over\n")
    runpy.run_path(str(repository / "examples" / "ase_calculator.py"), run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("ase:tblite.ase:TBLite?method=GFN2-xTB: INCONCLUSIVE")
    reports = [read_json(path) for path in tmp_path.glob("runs/*/report.json")]
    (itself,) = (report for report in reports if report["model"]["spec"].startswith("ase:"))
    unasked = [check for check in itself["checks"] if check["group"] == "accuracy"]
    assert {check["status"] for check in unasked} == {"SKIPPED"}
    assert all("it is the reference itself" in check["message"] for check in unasked)
    assert said[-2].startswith("student:tiny, force_accuracy: PASS. On water, ")
    assert said[-1].startswith("student:tiny, energy_accuracy: PASS. On water, ")
    assert len(LabelledFrames.from_file("labels.extxyz").frames) == 20
    labels = read_json(tmp_path / "runs/tiny-short/water/measurements/reference_labels.json")
    assert labels["data"]["reference"] == "labels.extxyz"

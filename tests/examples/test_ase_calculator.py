"""A calculator is judged, then a model by the calculator's labels."""

import pytest

from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.storage.run_directory import read_json


@pytest.mark.slow
def test_judges_the_calculator_then_a_model_by_its_labels(run_example, short_protocol, tmp_path):
    pytest.importorskip("tblite")
    short_protocol("determinism", "force_accuracy", "energy_accuracy")
    # What an earlier call left is not added to.
    (tmp_path / "labels.extxyz").write_text("left over\n")
    said = run_example("ase_calculator.py", "short.toml")
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

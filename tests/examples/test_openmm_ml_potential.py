"""A student runs in openmm-ml, and one is judged through it."""

import pytest

from openmm_mlff.reporters import EnergyReporter
from openmm_mlff.storage.run_directory import read_json
from openmm_mlff.storage.streams import read_csv


@pytest.mark.slow
def test_runs_a_student_in_openmm_ml_and_judges_one_through_it(
    run_example, short_protocol, tmp_path
):
    short_protocol("determinism")
    speed, verdict = run_example("openmm_ml_potential.py", 20, "short.toml")[-2:]
    assert "ms/step on " in speed
    assert len(read_csv(tmp_path / "energies.csv", EnergyReporter.columns)) == 2

    (report_path,) = tmp_path.glob("runs/*/report.json")
    report = read_json(report_path)
    assert verdict.startswith(f"{report['verdict']['label']}: ")
    assert report["model"]["spec"] == "openmm-ml:student-tiny"
    passed = {check["id"]: check["status"] for check in report["checks"]}
    assert passed == {"determinism": "PASS"}

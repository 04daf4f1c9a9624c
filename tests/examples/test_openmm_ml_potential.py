"""The example as a user runs it, with a protocol that takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import openmm_mlff
from openmm_mlff.reporters import EnergyReporter
from openmm_mlff.storage.run_directory import read_json
from openmm_mlff.storage.streams import read_csv

WEIGHTS = Path(openmm_mlff.__file__).parent / "students" / "weights" / "original.safetensors"

SHORT = """
extends = "quick"
name = "short"
description = "Two checks."
required = ["net_force_torque", "rotation_invariance"]
reported = []

[dynamics]
equilibration_ps = 0.02
duration_ps = 0.05
longest_ps = 0.05

[probes]
geometries = 2
rotations = 2
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""


@pytest.mark.slow
@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the weights of student:original are not there")
def test_runs_a_student_in_openmm_ml_and_judges_one_through_it(repository, tmp_path):
    (tmp_path / "short.toml").write_text(SHORT)
    path = os.pathsep.join(filter(None, [str(repository), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, str(repository / "examples/openmm_ml_potential.py"), "20", "short.toml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    speed, verdict = done.stdout.strip().splitlines()[-2:]
    assert "ms/step on " in speed
    assert len(read_csv(tmp_path / "energies.csv", EnergyReporter.columns)) == 2

    (report_path,) = tmp_path.glob("runs/*/report.json")
    report = read_json(report_path)
    assert verdict.startswith(f"{report['verdict']['label']}: ")
    assert report["model"]["spec"] == "openmm-ml:student-tiny"
    passed = {check["id"]: check["status"] for check in report["checks"] if check["required"]}
    assert passed == {"net_force_torque": "PASS", "rotation_invariance": "PASS"}

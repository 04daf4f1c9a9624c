"""The example as a user runs it, with fewer checks than `quick` has."""

import json
import runpy
import sys

import pytest
import torch

import openmm_mlff
from openmm_mlff.pipeline import validate
from openmm_mlff.potentials.torchscript import load_torchscript

PROTOCOL = """
extends = "quick"
name = "few"
required = ["openmm_parity", "determinism", "net_force_torque", "force_consistency", "stability"]
reported = []

[dynamics]
equilibration_ps = 0.02
duration_ps = 0.05
longest_ps = 0.05
"""


@pytest.fixture
def run_example(repository, monkeypatch, tmp_path):
    def run(output):
        asked = {}
        few = tmp_path / "few.toml"
        few.write_text(PROTOCOL)

        def validate_less(potential, **options):
            asked.update(options)
            return validate(potential, **(options | {"protocol": str(few)}))

        script = str(repository / "examples" / "own_torchscript_model.py")
        monkeypatch.setattr(openmm_mlff, "validate", validate_less, raising=False)
        monkeypatch.setattr(sys, "argv", [script, str(output)])
        runpy.run_path(script, run_name="__main__")
        return asked

    return run


def test_it_writes_validates_and_prints_the_verdict(run_example, tmp_path, capsys):
    output = tmp_path / "own"
    asked = run_example(output)

    assert (asked["protocol"], asked["reference"], asked["systems"]) == ("quick", "none", ["water"])
    report = json.loads((output / "report" / "report.json").read_text())
    found = {check["id"]: check["status"] for check in report["checks"]}
    assert set(found.values()) == {"PASS"}, found
    assert report["model"]["name"] == "harmonic_water"
    printed = capsys.readouterr().out
    assert f"harmonic_water.pt: {report['verdict']['label']}\n" in printed
    assert str(output / "report" / "report.md") in printed

    potential = load_torchscript(output / "harmonic_water.pt")
    assert potential.n_parameters == 3
    single = torch.zeros(3, 3, dtype=torch.float32, requires_grad=True)
    assert potential.program.module(single).dtype == torch.float64

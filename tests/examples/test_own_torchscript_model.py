"""A model of one's own is written, validated and judged; here by fewer checks than `quick` has."""

import json

import torch

import openmm_mlff
from openmm_mlff.pipeline import validate
from openmm_mlff.potentials.torchscript import load_torchscript

CHECKS = ("openmm_parity", "determinism", "net_force_torque", "force_consistency", "stability")


def test_it_writes_validates_and_prints_the_verdict(
    run_example, short_protocol, tmp_path, monkeypatch
):
    asked, protocol = {}, short_protocol(*CHECKS)

    def validate_less(potential, **options):
        asked.update(options)
        return validate(potential, **(options | {"protocol": protocol}))

    monkeypatch.setattr(openmm_mlff, "validate", validate_less, raising=False)
    output = tmp_path / "own"
    printed = run_example("own_torchscript_model.py", output)

    assert (asked["protocol"], asked["reference"], asked["systems"]) == ("quick", "none", ["water"])
    report = json.loads((output / "report" / "report.json").read_text())
    assert {check["id"]: check["status"] for check in report["checks"]} == dict.fromkeys(
        CHECKS, "PASS"
    )
    assert report["model"]["name"] == "harmonic_water"
    assert f"harmonic_water.pt: {report['verdict']['label']}" in printed
    assert any(str(output / "report" / "report.md") in line for line in printed)

    potential = load_torchscript(output / "harmonic_water.pt")
    assert potential.n_parameters == 3
    single = torch.zeros(3, 3, dtype=torch.float32, requires_grad=True)
    assert potential.program.module(single).dtype == torch.float64

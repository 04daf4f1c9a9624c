"""The argon of the example is OpenMM's own Lennard-Jones argon, and passes in its box."""

import importlib.util

import numpy as np
import openmm
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status, VerdictStatus
from openmm_mlff.units import nm_from_angstrom

CHECKS = (
    *("export_parity", "openmm_parity", "rotation_invariance", "translation_invariance"),
    *("force_consistency", "periodic_consistency", "stability", "energy_drift"),
)


@pytest.fixture(scope="module")
def example(repository):
    path = repository / "examples" / "periodic_box.py"
    spec = importlib.util.spec_from_file_location("periodic_box", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def argon():
    return load_system("argon_108")


@pytest.mark.parametrize("skew", [0.0, 3.0], ids=["upright", "triclinic"])
def test_the_model_is_openmms_own_lennard_jones(example, argon, skew):
    box_nm = nm_from_angstrom(np.array(argon.cell_angstrom))
    box_nm[2, 0] += nm_from_angstrom(skew)
    model = example.LennardJonesArgon(argon.n_atoms)
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(model.cutoff)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(model.switch)
    force.setUseDispersionCorrection(False)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box_nm)
    for _ in range(argon.n_atoms):
        system.addParticle(39.948)
        force.addParticle(0.0, model.sigma, model.epsilon)
    system.addForce(force)
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference")
    )
    positions_nm = nm_from_angstrom(argon.positions_angstrom)
    context.setPositions(positions_nm)
    state = context.getState(energy=True, forces=True)
    placed = torch.tensor(positions_nm, requires_grad=True)
    energy = model(placed, torch.tensor(box_nm))
    energy.backward()
    assert float(energy.detach()) == pytest.approx(state.getPotentialEnergy()._value, rel=1e-9)
    np.testing.assert_allclose(
        -placed.grad.numpy(), state.getForces(asNumpy=True)._value, atol=1e-6
    )


@pytest.mark.slow
def test_the_example_validates_a_periodic_box(example, short_protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = example.main(tmp_path / "argon", protocol=short_protocol(*CHECKS))
    found = {check.id: check for check in report.checks}
    wrong = {c.id: c.message for c in report.checks if c.status in (Status.FAIL, Status.ERROR)}
    assert wrong == {}
    assert report.verdict.status is VerdictStatus.INCONCLUSIVE
    assert found["periodic_consistency"].status is Status.PASS
    assert found["stability"].status is Status.PASS
    # A file of OpenMM's contract may count on a box as OpenMM orients it.
    assert found["rotation_invariance"].status is Status.NOT_APPLICABLE

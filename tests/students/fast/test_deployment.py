"""The contract of OpenMM: units, precision, copies, and the plugin itself."""

import openmm
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.student import import_openmmtorch
from openmm_mlff.students.deployment import FixedComposition
from openmm_mlff.students.fast import FastFixed
from openmm_mlff.students.fast.student import FastStudent
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV


@pytest.fixture(scope="module")
def water():
    molecule = load_system("water")
    torch.manual_seed(2)
    noise = 0.1 * torch.randn(4, molecule.n_atoms, 3, dtype=torch.float64)
    positions = torch.from_numpy(molecule.positions_angstrom.copy()) + noise
    return torch.from_numpy(molecule.atomic_numbers.copy()), positions / ANGSTROM_PER_NM


def by_autograd(model, numbers, positions):
    """Energy and forces by the automatic gradient of the plain module, in float64."""
    placed = positions.clone().requires_grad_()
    energy = FixedComposition(model, numbers, torch.float64)(placed)
    (gradient,) = torch.autograd.grad(energy, placed)
    return energy.detach(), -gradient


@pytest.mark.parametrize("positions_dtype", [torch.float32, torch.float64])
def test_units_and_precisions(small_model, water, positions_dtype):
    numbers, positions = water
    module = FastFixed(small_model, numbers, torch.float32)
    expected_energy, expected_forces = by_autograd(small_model, numbers, positions[0])
    energy, forces = module(positions[0].to(positions_dtype))
    assert (energy.dtype, energy.shape) == (torch.float64, ())
    assert forces.dtype == positions_dtype
    scale = float(expected_forces.abs().max())
    torch.testing.assert_close(energy, expected_energy, rtol=1e-6, atol=0.0)
    torch.testing.assert_close(forces.double(), expected_forces, rtol=0.0, atol=1e-5 * scale)


def test_copies_add_up_and_leave_no_autograd_graph(small_model, water):
    numbers, positions = water
    together = torch.jit.script(FastFixed(small_model, numbers, torch.float64))
    for _ in range(3):
        energy, forces = together(positions.reshape(-1, 3).clone().requires_grad_())
    assert not energy.requires_grad
    assert not forces.requires_grad
    energies, each = FastStudent(small_model, numbers, torch.float64)(positions * ANGSTROM_PER_NM)
    torch.testing.assert_close(energy, energies.sum() * KJ_PER_MOL_PER_EV)
    unit = KJ_PER_MOL_PER_EV * ANGSTROM_PER_NM
    torch.testing.assert_close(forces, each.reshape(-1, 3) * unit)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str
)
def test_it_runs_in_openmm(small_model, water, dtype, tolerance):
    numbers, positions = water
    force = import_openmmtorch().TorchForce(
        torch.jit.script(FastFixed(small_model, numbers, dtype).eval())
    )
    force.setOutputsForces(True)
    system = openmm.System()
    for _ in numbers:
        system.addParticle(1.0)
    system.addForce(force)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    # Several geometries: the compiled program changes after the first calls.
    for placed in positions:
        context.setPositions(placed.numpy())
        state = context.getState(energy=True, forces=True)
        energy, forces = by_autograd(small_model, numbers, placed)
        found = torch.tensor(state.getForces(asNumpy=True)._value)
        scale = float(forces.abs().max())
        torch.testing.assert_close(found, forces, rtol=0.0, atol=tolerance * scale)
        assert state.getPotentialEnergy()._value == pytest.approx(float(energy), rel=tolerance)

"""The contract of OpenMM: units, precision, copies, and the plugin itself."""

import pytest
import torch

from openmm_mlff.molecules import load_system
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

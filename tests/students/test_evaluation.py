"""Batches have the energies and forces of the eager model for molecules of any size."""

import resource

import numpy as np
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.students.deployment import FreeComposition, in_dtype
from openmm_mlff.students.evaluation import evaluate_batch, evaluate_with_list, program_of
from openmm_mlff.students.fast import ListedStudent
from openmm_mlff.students.painn import PaiNN

DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 2e-5)], ids=str
)
TRICLINIC = torch.tensor([[6.0, 0.0, 0.0], [1.5, 7.0, 0.0], [-1.0, 2.0, 6.5]]).double()


def chain(n_atoms, *, copies):
    """Molecules of alanine dipeptide side by side, cut after `n_atoms`, and noise."""
    molecule = load_system("alanine_dipeptide")
    shifts = 4.0 * np.arange(-(-n_atoms // molecule.n_atoms))
    placed = np.concatenate([molecule.positions_angstrom + np.array([0.0, 0.0, z]) for z in shifts])
    numbers = np.tile(molecule.atomic_numbers, len(shifts))[:n_atoms]
    noise = np.random.default_rng(n_atoms).normal(scale=0.04, size=(copies, n_atoms, 3))
    return torch.from_numpy(numbers.copy()), torch.from_numpy(placed[:n_atoms] + noise)


def eager(model, numbers, positions):
    """Energy and forces by the automatic gradient, all pairs in one list, in float64."""
    placed = positions.clone().requires_grad_()
    energy = FreeComposition(model, torch.float64)(numbers, placed)
    (gradient,) = torch.autograd.grad(energy, placed, allow_unused=True)
    return energy.detach(), torch.zeros_like(placed) if gradient is None else -gradient


@DTYPES
@pytest.mark.parametrize("n_atoms", [1, 2, 9, 64, 65, 100])
def test_every_size_has_the_energies_of_the_eager_model(small_model, n_atoms, dtype, tolerance):
    numbers, positions = chain(n_atoms, copies=3)
    order = torch.randperm(n_atoms)
    numbers, positions = numbers[order], positions[:, order]
    for program in (program_of(small_model, dtype), ListedStudent(small_model, dtype)):
        energies, forces = evaluate_batch(program, numbers, positions, dtype=dtype)
        assert energies.dtype == forces.dtype == torch.float64
        for placed, energy, force in zip(positions, energies, forces, strict=True):
            expected, expected_forces = eager(small_model, numbers, placed)
            scale = max(1.0, float(expected_forces.abs().max()))
            assert abs(float(energy - expected)) < tolerance * scale * n_atoms
            assert float((force - expected_forces).abs().max()) < tolerance * scale


@DTYPES
def test_a_box_has_the_energy_forces_and_virial_of_the_eager_model(small_model, dtype, tolerance):
    # Several images of one atom lie within the cutoff.
    numbers, positions = chain(12, copies=1)
    eager_model = in_dtype(small_model, torch.float64)
    expected = evaluate_with_list(
        eager_model, numbers, positions[0], dtype=torch.float64, cell=TRICLINIC
    )
    found = evaluate_with_list(
        program_of(small_model, dtype), numbers, positions[0], dtype=dtype, cell=TRICLINIC
    )
    for got, wanted in zip(found, expected, strict=True):
        scale = max(1.0, float(wanted.abs().max()))
        assert float((got - wanted).abs().max()) < 2 * tolerance * scale


def test_a_subclass_is_not_replaced_by_the_kernels(small_config):
    class Shifted(PaiNN):
        pass

    model = in_dtype(Shifted(small_config), torch.float64)
    assert type(program_of(model, torch.float64)) is Shifted


def test_the_memory_of_a_batch_is_bounded(small_model):
    numbers, positions = chain(200, copies=4)
    program = program_of(small_model, torch.float32)
    evaluate_batch(program, numbers, positions, dtype=torch.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    evaluate_batch(program, numbers, positions.repeat(10, 1, 1), dtype=torch.float32)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 200_000  # kB

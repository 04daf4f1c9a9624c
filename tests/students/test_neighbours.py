"""A neighbour list finds the pairs of a table of all pairs, and periodic images."""

import numpy as np
import pytest
import torch

from openmm_mlff.students.deployment import FixedComposition, in_dtype
from openmm_mlff.students.evaluation import evaluate_with_list
from openmm_mlff.students.neighbours import FastInABox, FastLarge, InABox, Large
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV

from .conftest import slope

DTYPE = torch.float64
TRICLINIC = torch.tensor([[6.0, 0.0, 0.0], [1.5, 7.0, 0.0], [-1.0, 2.0, 6.5]], dtype=DTYPE)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    student = PaiNN(PaiNNConfig(features=8, interactions=2, basis=8, cutoff_angstrom=4.0))
    return in_dtype(student, DTYPE)


@pytest.fixture(scope="module")
def atoms():
    """Twelve atoms of four elements, spread over the triclinic box."""
    rng = np.random.default_rng(5)
    grid = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1, 2], indexing="ij"), -1).reshape(-1, 3)
    fractions = grid / np.array([2, 2, 3]) + rng.uniform(0.0, 0.15, size=(12, 3))
    numbers = torch.tensor([1, 6, 7, 8] * 3)
    return numbers, torch.from_numpy(fractions) @ TRICLINIC


def test_a_box_equals_the_middle_of_many_copies(model, atoms):
    numbers, positions = atoms
    energy, forces, _ = evaluate_with_list(model, numbers, positions, dtype=DTYPE, cell=TRICLINIC)
    # Two message steps of 4 Å reach 8 Å; five copies each way are more than enough around one.
    shifts = torch.cartesian_prod(*[torch.arange(-2, 3)] * 3).to(DTYPE) @ TRICLINIC
    middle = len(shifts) // 2
    copies = (positions + shifts[:, None]).reshape(-1, 3)
    _, around, _ = evaluate_with_list(model, numbers.repeat(len(shifts)), copies, dtype=DTYPE)
    inside = around.reshape(len(shifts), -1, 3)[middle]
    assert (inside - forces).abs().max() < 1e-9
    assert torch.isfinite(energy)


def test_forces_and_virial_are_slopes_of_the_energy(model, atoms):
    numbers, positions = atoms
    _, forces, virial = evaluate_with_list(model, numbers, positions, dtype=DTYPE, cell=TRICLINIC)
    still = torch.zeros(3, 3, dtype=DTYPE)

    def energy(moved, strain):
        placed = positions + positions @ strain + moved
        cell = TRICLINIC + TRICLINIC @ strain
        return evaluate_with_list(model, numbers, placed, dtype=DTYPE, cell=cell)[0]

    along = torch.randn(positions.shape, dtype=DTYPE)
    rise = slope(lambda moved: energy(moved, still), along)
    assert rise == pytest.approx(-(forces * along).sum().item(), abs=1e-5)
    for row, column in ((0, 0), (1, 2), (2, 1)):
        strain = still.clone()
        strain[row, column] = 1.0
        rise = slope(lambda strain: energy(0.0, strain), strain)
        assert rise == pytest.approx(virial[row, column].item(), abs=1e-4)


def test_the_compiled_modules_keep_openmms_contract(model, atoms):
    numbers, positions = atoms
    energy, _, _ = evaluate_with_list(model, numbers, positions, dtype=DTYPE, cell=TRICLINIC)
    boxed = torch.jit.script(InABox(model, numbers, DTYPE).eval())
    assert boxed(positions / 10, TRICLINIC / 10) / KJ_PER_MOL_PER_EV == pytest.approx(
        energy.item(), abs=1e-9
    )
    table = FixedComposition(model, numbers, DTYPE)
    large = torch.jit.script(Large(model, numbers, DTYPE).eval())
    assert large(positions / 10).item() == pytest.approx(table(positions / 10).item(), abs=1e-7)


# OpenMM freezes the module. Many copies have pairs for several parts, and each geometry another
# number of them.
@pytest.mark.parametrize("copies", [1, 8])
@pytest.mark.parametrize("periodic", [True, False])
def test_analytic_forces_are_those_of_autograd(model, atoms, periodic, copies):
    numbers, positions = atoms
    shifts = torch.arange(copies, dtype=DTYPE)[:, None, None] * torch.tensor([0.0, 0.0, 6.5])
    placed, cell = (positions + shifts).reshape(-1, 3), TRICLINIC.clone()
    cell[2, 2] *= copies
    numbers = numbers.repeat(copies)
    kind = FastInABox if periodic else FastLarge
    module = torch.jit.freeze(torch.jit.script(kind(model, numbers, DTYPE).eval()))
    for _ in range(4):
        placed = placed + 0.1 * torch.randn_like(placed)
        energy, forces, _ = evaluate_with_list(
            model, numbers, placed, dtype=DTYPE, cell=cell if periodic else None
        )
        found, found_forces = module(placed / 10, cell / 10) if periodic else module(placed / 10)
        scale = KJ_PER_MOL_PER_EV * ANGSTROM_PER_NM
        assert float(found) / KJ_PER_MOL_PER_EV == pytest.approx(float(energy), abs=1e-9)
        torch.testing.assert_close(found_forces / scale, forces, rtol=1e-9, atol=1e-8)

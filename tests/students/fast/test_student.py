"""The hand-written gradient is that of the eager model for every geometry, also for OpenMM."""

import numpy as np
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.students.deployment import FixedComposition, in_dtype
from openmm_mlff.students.evaluation import evaluate_batch
from openmm_mlff.students.fast.student import FastFixed, FastStudent, ListingStudent
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.units import ANGSTROM_PER_NM, KJ_PER_MOL_PER_EV

DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str
)
SPECIAL = {
    "contact": [[0.0, 0.0, 0.0], [0.4, 0.0, 0.0], [0.2, 1.3, 0.1], [-0.9, 0.3, 0.7]],
    "beyond the cutoff": [[0.0, 0.0, 0.0], [1.1, 0.0, 0.0], [0.0, 5.7, 0.0], [0.3, 6.5, 0.4]],
    "one atom": [[0.0, 0.0, 0.0]],
}


def random_model(*, interactions: int, features: int = 8) -> PaiNN:
    """Random weights and biases, none of them zero, in float64."""
    torch.manual_seed(interactions)
    model = PaiNN(PaiNNConfig(features=features, interactions=interactions, basis=7))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.3).add_(0.1 * torch.randn_like(parameter))
        model.reference_energies.copy_(-10.0 * torch.arange(1, 5, dtype=torch.float64))
    return in_dtype(model, torch.float64)


def geometries(name: str, *, copies: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Atomic numbers and distorted copies of a molecule, or a special geometry."""
    if name in SPECIAL:
        placed = torch.tensor([SPECIAL[name]], dtype=torch.float64)
        return torch.tensor([1, 8, 6, 1])[: placed.shape[1]], placed
    molecule = load_system(name)
    noise = np.random.default_rng(5).normal(scale=0.12, size=(copies, molecule.n_atoms, 3))
    return (
        torch.from_numpy(molecule.atomic_numbers.copy()),
        torch.from_numpy(molecule.positions_angstrom + noise),
    )


def close(got: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    scale = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(got, expected, rtol=0.0, atol=tolerance * scale)


KINDS = pytest.mark.parametrize("kind", [FastStudent, ListingStudent])


@KINDS
@DTYPES
@pytest.mark.parametrize(
    ("name", "interactions"),
    [
        *((name, 3) for name in ("water", "methane", "alanine", *SPECIAL)),
        ("water", 1),
        ("water", 2),
        ("methanol", 4),
    ],
)
def test_energies_and_forces_are_those_of_the_eager_model(
    name, interactions, dtype, tolerance, kind
):
    model = random_model(interactions=interactions, features=8 if interactions == 3 else 9)
    numbers, positions = geometries(name)
    energies, forces = evaluate_batch(model, numbers, positions, dtype=torch.float64)
    eager = kind(model, numbers, dtype).eval()
    for program in (eager, torch.jit.freeze(torch.jit.script(eager))):
        # Compiled programs change after the first calls.
        for _ in range(3):
            got_energies, got_forces = program(positions)
        assert got_energies.dtype == got_forces.dtype == torch.float64
        close(got_energies, energies, tolerance)
        close(got_forces, forces, tolerance)


@KINDS
def test_the_net_force_vanishes_in_single_precision(kind):
    numbers, positions = geometries("benzene")
    model = random_model(interactions=3)
    _, forces = kind(model, numbers, torch.float32)(positions + 1000.0)
    assert float(forces.sum(1).abs().max()) < 1e-10


def test_a_large_table_is_a_list_on_a_cpu_unless_shapes_must_be_constant():
    molecule = load_system("smiles:CCCCCCCCCC")
    numbers = torch.from_numpy(molecule.atomic_numbers.copy())
    few, many = (random_model(interactions=2, features=count) for count in (8, 120))
    assert type(FastFixed(few, numbers, torch.float64).student) is FastStudent
    listing = FastFixed(many, numbers, torch.float64)
    table = FastFixed(many, numbers, torch.float64, constant=True)
    assert type(listing.student) is ListingStudent
    assert type(table.student) is FastStudent
    positions = torch.from_numpy(molecule.positions_angstrom / ANGSTROM_PER_NM)
    for got, expected in zip(listing(positions), table(positions), strict=True):
        close(got, expected, 1e-12)


# The larger batches are evaluated in parts.
@KINDS
@pytest.mark.parametrize(("name", "copies"), [("water", 5), ("water", 300), ("benzene", 20)])
def test_a_batch_equals_its_copies(name, copies, kind):
    numbers, positions = geometries(name, copies=copies)
    program = torch.jit.script(kind(random_model(interactions=3), numbers, torch.float64))
    energies, forces = program(positions)
    for index in (0, 1, copies // 2, copies - 1):
        energy, force = program(positions[index : index + 1])
        close(energy, energies[index : index + 1], 1e-12)
        close(force, forces[index : index + 1], 1e-12)


def test_other_architectures_and_elements_are_refused():
    with pytest.raises(TypeError, match="expected a PaiNN"):
        FastStudent(torch.nn.Linear(2, 2), torch.tensor([1]), torch.float32)
    model = random_model(interactions=1)
    for numbers in ([], [1, 17]):
        with pytest.raises(ValueError, match="expected one or more, of elements"):
            FastStudent(model, torch.tensor(numbers), torch.float32)


@pytest.mark.parametrize("positions_dtype", [torch.float32, torch.float64])
def test_openmm_gets_its_units_and_precisions(positions_dtype):
    model, (numbers, positions) = random_model(interactions=3), geometries("water")
    placed = (positions[0] / ANGSTROM_PER_NM).requires_grad_()
    expected = FixedComposition(model, numbers, torch.float64)(placed)
    (gradient,) = torch.autograd.grad(expected, placed)
    module = FastFixed(model, numbers, torch.float32)
    energy, forces = module(placed.detach().to(positions_dtype))
    assert (energy.dtype, energy.shape, forces.dtype) == (torch.float64, (), positions_dtype)
    assert float(energy) == pytest.approx(float(expected.detach()), rel=1e-6)
    close(forces.double(), -gradient, 1e-5)


def test_copies_add_up_in_openmm_and_leave_no_autograd_graph():
    model, (numbers, positions) = random_model(interactions=3), geometries("water", copies=4)
    together = torch.jit.script(FastFixed(model, numbers, torch.float64))
    for _ in range(3):
        energy, forces = together((positions / ANGSTROM_PER_NM).reshape(-1, 3).requires_grad_())
    assert not energy.requires_grad
    assert not forces.requires_grad
    energies, each = FastStudent(model, numbers, torch.float64)(positions)
    torch.testing.assert_close(energy, energies.sum() * KJ_PER_MOL_PER_EV)
    torch.testing.assert_close(forces, each.reshape(-1, 3) * (KJ_PER_MOL_PER_EV * ANGSTROM_PER_NM))

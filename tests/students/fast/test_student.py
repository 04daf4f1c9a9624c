"""The hand-written gradient is that of the eager model, wherever the atoms are."""

import numpy as np
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.evaluation import evaluate_batch
from openmm_mlff.students.fast import FastFixed
from openmm_mlff.students.fast.student import FastStudent
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str
)
CONTACT = [[0.0, 0.0, 0.0], [0.4, 0.0, 0.0], [0.2, 1.3, 0.1], [-0.9, 0.3, 0.7]]
BEYOND = [[0.0, 0.0, 0.0], [1.1, 0.0, 0.0], [0.0, 5.7, 0.0], [0.3, 6.5, 0.4]]


def loud_model(*, interactions: int, features: int = 8) -> PaiNN:
    """Random weights and biases, none of them zero, in float64."""
    torch.manual_seed(interactions)
    model = PaiNN(PaiNNConfig(features=features, interactions=interactions, basis=7))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.3).add_(0.1 * torch.randn_like(parameter))
        model.reference_energies.copy_(-10.0 * torch.arange(1, 5, dtype=torch.float64))
    return in_dtype(model, torch.float64)


def distorted(name: str, *, copies: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    molecule = load_system(name)
    noise = np.random.default_rng(5).normal(scale=0.12, size=(copies, molecule.n_atoms, 3))
    return (
        torch.from_numpy(molecule.atomic_numbers.copy()),
        torch.from_numpy(molecule.positions_angstrom + noise),
    )


def special(positions) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([1, 8, 6, 1]), torch.tensor([positions], dtype=torch.float64)


GEOMETRIES = {
    "water": lambda: distorted("water"),
    "methane": lambda: distorted("methane"),
    "benzene": lambda: distorted("benzene"),
    "alanine": lambda: distorted("alanine"),
    "contact": lambda: special(CONTACT),
    "beyond the cutoff": lambda: special(BEYOND),
    "one atom": lambda: (torch.tensor([7]), torch.zeros(2, 1, 3, dtype=torch.float64)),
}


def close(got: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    scale = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(got, expected, rtol=0.0, atol=tolerance * scale)


@DTYPES
@pytest.mark.parametrize("name", GEOMETRIES)
def test_energies_and_forces_are_those_of_the_eager_model(name, dtype, tolerance):
    model = loud_model(interactions=3)
    numbers, positions = GEOMETRIES[name]()
    energies, forces = evaluate_batch(model, numbers, positions, dtype=torch.float64)
    eager = FastStudent(model, numbers, dtype).eval()
    for program in (eager, torch.jit.script(eager), torch.jit.freeze(torch.jit.script(eager))):
        # Compiled programs change after the first calls.
        for _ in range(3):
            got_energies, got_forces = program(positions)
        assert got_energies.dtype == got_forces.dtype == torch.float64
        close(got_energies, energies, tolerance)
        close(got_forces, forces, tolerance)


@DTYPES
@pytest.mark.parametrize("interactions", [1, 2, 4])
def test_any_number_of_steps(interactions, dtype, tolerance):
    model = loud_model(interactions=interactions, features=9)
    numbers, positions = distorted("methanol" if interactions == 4 else "water")
    energies, forces = evaluate_batch(model, numbers, positions, dtype=torch.float64)
    got_energies, got_forces = FastStudent(model, numbers, dtype)(positions)
    close(got_energies, energies, tolerance)
    close(got_forces, forces, tolerance)


@pytest.mark.parametrize("name", ["methane", "contact"])
def test_forces_are_the_slope_of_the_energy(name):
    numbers, positions = GEOMETRIES[name]()
    program = FastStudent(loud_model(interactions=2), numbers, torch.float64)
    _, forces = program(positions[:1])
    step = 1e-4
    moves = step * torch.eye(positions[0].numel(), dtype=torch.float64).view(-1, len(numbers), 3)
    ahead, behind = (program(positions[:1] + sign * moves)[0] for sign in (1.0, -1.0))
    slope = -(ahead - behind).view(-1, 3) / (2.0 * step)
    close(forces[0], slope, 1e-5)


def test_the_core_acts_at_contact():
    numbers, positions = special(CONTACT)
    energy, forces = FastStudent(loud_model(interactions=2), numbers, torch.float64)(positions)
    assert float(forces[0, 0, 0]) < -50.0 < 50.0 < float(forces[0, 1, 0])
    wide = positions * 4.0
    assert float(energy) > float(
        FastStudent(loud_model(interactions=2), numbers, torch.float64)(wide)[0]
    )


def test_net_force_is_nothing_in_single_precision():
    numbers, positions = distorted("benzene")
    _, forces = FastStudent(loud_model(interactions=3), numbers, torch.float32)(positions + 1000.0)
    assert float(forces.sum(1).abs().max()) < 1e-10


# The larger batches are evaluated in parts.
@pytest.mark.parametrize(("name", "copies"), [("water", 5), ("water", 300), ("benzene", 20)])
def test_a_batch_is_its_copies(name, copies):
    numbers, positions = distorted(name, copies=copies)
    program = torch.jit.script(FastStudent(loud_model(interactions=3), numbers, torch.float64))
    energies, forces = program(positions)
    for index in (0, 1, copies // 2, copies - 1):
        energy, force = program(positions[index : index + 1])
        close(energy, energies[index : index + 1], 1e-12)
        close(force, forces[index : index + 1], 1e-12)


def test_positions_that_want_a_gradient_leave_no_tape():
    numbers, positions = distorted("water", copies=1)
    program = torch.jit.script(FastFixed(loud_model(interactions=2), numbers, torch.float32))
    for _ in range(3):
        energy, forces = program(positions[0].clone().requires_grad_())
    assert not energy.requires_grad
    assert not forces.requires_grad


def test_other_architectures_and_elements_are_refused():
    with pytest.raises(TypeError, match="expected a PaiNN"):
        FastStudent(torch.nn.Linear(2, 2), torch.tensor([1]), torch.float32)
    model = loud_model(interactions=1)
    for numbers in ([], [1, 17]):
        with pytest.raises(ValueError, match="expected one or more, of elements"):
            FastStudent(model, torch.tensor(numbers), torch.float32)

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from openmm_mlff.molecules import load_system
from openmm_mlff.students.checkpoint import n_parameters
from openmm_mlff.students.deployment import all_pairs
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.training.recipe import SIZES

from .conftest import slope

CUTOFF = 5.0
HYDROGENS = [2, 3, 4, 5]


@pytest.fixture(scope="module")
def methanol():
    molecule = load_system("methanol")
    assert np.flatnonzero(molecule.atomic_numbers == 1).tolist() == HYDROGENS
    noise = np.random.default_rng(5).normal(scale=0.1, size=(molecule.n_atoms, 3))
    return molecule.atomic_numbers, molecule.positions_angstrom + noise


ROTATIONS = Rotation.random(3, random_state=3).as_matrix()
UNCHANGED = np.arange(6)


@pytest.mark.parametrize(
    ("matrix", "shift", "order"),
    [
        (np.eye(3), 100.0, UNCHANGED),
        *((matrix, 0.0, UNCHANGED) for matrix in (*ROTATIONS, *-ROTATIONS)),
        (np.eye(3), 0.0, np.random.default_rng(2).permutation(6)),
        (np.eye(3), 0.0, np.array([0, 1, 3, 4, 5, 2])),
    ],
)
def test_translations_rotations_reflections_and_permutations_change_nothing(
    small_model, evaluate, methanol, matrix, shift, order
):
    numbers, positions = methanol
    energy, forces = evaluate(small_model, numbers, positions)
    moved_energy, moved_forces = evaluate(
        small_model, numbers[order], positions[order] @ matrix.T + shift
    )
    assert moved_energy == pytest.approx(energy, abs=1e-10)
    np.testing.assert_allclose(moved_forces, forces[order] @ matrix.T, atol=1e-10)


def test_energy_depends_on_the_geometry_and_on_the_elements(small_model, evaluate, methanol):
    numbers, positions = methanol
    energy, forces = evaluate(small_model, numbers, positions)
    assert np.abs(forces).max() > 0.1
    for other in ((numbers, 1.02 * positions), (numbers[::-1], positions)):
        assert abs(evaluate(small_model, *other)[0] - energy) > 1e-3
    with pytest.raises(IndexError):
        evaluate(small_model, [16, 1], [[0, 0, 0], [1.3, 0, 0]])


def test_forces_are_the_gradient(small_model, evaluate, methanol):
    numbers, positions = methanol
    _, forces = evaluate(small_model, numbers, positions)
    for seed in range(3):
        along = np.random.default_rng(seed).normal(size=positions.shape)
        rise = slope(lambda shift: evaluate(small_model, numbers, positions + shift)[0], along)
        assert -(forces * along).sum() == pytest.approx(rise, rel=1e-6)
    np.testing.assert_allclose(forces.sum(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(np.cross(positions, forces).sum(axis=0), 0.0, atol=1e-9)


def test_two_copies_far_apart_have_twice_the_energy(small_model, evaluate, methanol):
    atoms = [(np.array([element]), np.zeros((1, 3))) for element in (1, 6, 7, 8)]
    for numbers, positions in (methanol, *atoms):
        energy, forces = evaluate(small_model, numbers, positions)
        away = positions + np.array([100.0, 0.0, 0.0])
        double, double_forces = evaluate(
            small_model, np.tile(numbers, 2), np.concatenate([positions, away])
        )
        assert double == pytest.approx(2 * energy, abs=1e-9)
        np.testing.assert_allclose(double_forces, np.tile(forces, (2, 1)), atol=1e-9)


def test_pairs_beyond_the_cutoff_add_nothing_and_torchscript_changes_nothing(small_model, methanol):
    numbers, positions = (torch.tensor(array) for array in methanol)
    numbers, positions = numbers.repeat(2), torch.cat([positions, positions + 4.0])
    senders, receivers = all_pairs(len(numbers))
    near = (positions[senders] - positions[receivers]).norm(dim=1) < CUTOFF
    assert 0 < near.sum() < len(near)
    graph, scripted = torch.zeros_like(numbers), torch.jit.script(small_model)

    def energy_and_gradient(model, kept):
        placed, sent, received = positions.clone().requires_grad_(), senders[kept], receivers[kept]
        energy = model(numbers, placed[sent] - placed[received], sent, received, graph, 1)
        return energy.detach(), *torch.autograd.grad(energy.sum(), placed)

    expected = energy_and_gradient(small_model, slice(None))
    for model in (small_model, scripted, scripted, scripted):
        found = energy_and_gradient(model, near)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_reference_energies_are_added_to_each_atom_of_their_element(
    small_model, evaluate, methanol
):
    numbers, positions = methanol
    before, forces = evaluate(small_model, numbers, positions)
    shift = torch.tensor([0.5, -3.0, 7.0, 0.25], dtype=torch.float64)
    small_model.reference_energies += shift
    after, same_forces = evaluate(small_model, numbers, positions)
    counts = [(numbers == z).sum() for z in (1, 6, 7, 8)]
    assert after - before == pytest.approx(float(np.dot(counts, shift.numpy())), abs=1e-10)
    np.testing.assert_allclose(same_forces, forces, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"), [("original", 427_000), ("tiny", 77_000), ("ultra-tiny", 21_000)]
)
def test_sizes_are_those_of_the_published_students(name, expected):
    assert n_parameters(PaiNN(SIZES[name])) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": 1}, "expected at least 2"),
        ({"basis": 1}, "expected at least 2"),
        ({"interactions": 0}, "expected at least 2"),
        ({"cutoff_angstrom": 0.0}, "expected more than zero"),
        ({"cutoff_angstrom": float("nan")}, "expected more than zero"),
        ({"elements": (1, 79)}, "expected some of"),
        ({"elements": ()}, "expected some of"),
    ],
)
def test_impossible_sizes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PaiNNConfig(**({"features": 8, "interactions": 2, "basis": 6} | change))

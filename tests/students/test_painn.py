import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from openmm_mlff.molecules import load_system
from openmm_mlff.students.checkpoint import n_parameters
from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.evaluation import evaluate_batch
from openmm_mlff.students.painn import (
    PaiNN,
    PaiNNConfig,
)
from openmm_mlff.students.training.recipe import SIZES

CUTOFF = 5.0


@pytest.fixture(scope="module")
def methanol():
    molecule = load_system("methanol")
    noise = np.random.default_rng(5).normal(scale=0.1, size=(molecule.n_atoms, 3))
    return molecule.atomic_numbers, molecule.positions_angstrom + noise


def test_energy_depends_on_the_geometry(small_model, evaluate, methanol):
    numbers, positions = methanol

    energy, forces = evaluate(small_model, numbers, positions)
    stretched, _ = evaluate(small_model, numbers, 1.02 * positions)

    assert abs(stretched - energy) > 1e-3
    assert np.abs(forces).max() > 0.1


@pytest.mark.parametrize("shift", [10.0, 100.0])
def test_translation_changes_nothing(small_model, evaluate, methanol, shift):
    numbers, positions = methanol
    energy, forces = evaluate(small_model, numbers, positions)

    moved_energy, moved_forces = evaluate(small_model, numbers, positions + shift)

    assert moved_energy == pytest.approx(energy, abs=1e-10)
    np.testing.assert_allclose(moved_forces, forces, atol=1e-10)


@pytest.mark.parametrize("mirror", [False, True], ids=["rotation", "reflection"])
def test_forces_turn_with_the_molecule(small_model, evaluate, methanol, mirror):
    numbers, positions = methanol
    energy, forces = evaluate(small_model, numbers, positions)
    for turn in Rotation.random(5, random_state=3).as_matrix():
        matrix = -turn if mirror else turn

        turned_energy, turned_forces = evaluate(small_model, numbers, positions @ matrix.T)

        assert turned_energy == pytest.approx(energy, abs=1e-10)
        np.testing.assert_allclose(turned_forces, forces @ matrix.T, atol=1e-10)


def test_like_atoms_may_change_places(small_model, evaluate, methanol):
    numbers, positions = methanol
    energy, forces = evaluate(small_model, numbers, positions)
    order = np.random.default_rng(2).permutation(len(numbers))
    exchanged = np.arange(len(numbers))
    hydrogens = np.flatnonzero(numbers == 1)
    exchanged[hydrogens] = np.roll(hydrogens, 1)

    for permutation in (order, exchanged):
        found_energy, found_forces = evaluate(
            small_model, numbers[permutation], positions[permutation]
        )
        assert found_energy == pytest.approx(energy, abs=1e-10)
        np.testing.assert_allclose(found_forces, forces[permutation], atol=1e-10)


def test_unlike_atoms_may_not(small_model, evaluate, methanol):
    numbers, positions = methanol
    energy, _ = evaluate(small_model, numbers, positions)

    exchanged, _ = evaluate(small_model, numbers[::-1], positions)

    assert abs(exchanged - energy) > 1e-3


def test_forces_are_the_gradient(small_model, evaluate, methanol):
    numbers, positions = methanol
    _, forces = evaluate(small_model, numbers, positions)
    step = 1e-4
    differences = np.empty_like(positions)
    for atom, axis in np.ndindex(*positions.shape):
        moved = [positions.copy(), positions.copy()]
        moved[0][atom, axis] += step
        moved[1][atom, axis] -= step
        ahead, behind = (evaluate(small_model, numbers, x)[0] for x in moved)
        differences[atom, axis] = -(ahead - behind) / (2 * step)

    np.testing.assert_allclose(differences, forces, atol=1e-5)
    np.testing.assert_allclose(forces.sum(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(np.cross(positions, forces).sum(axis=0), 0.0, atol=1e-9)


def test_a_batch_is_the_same_as_one_by_one(small_model, evaluate, methanol):
    numbers, positions = methanol
    many = positions + np.random.default_rng(0).normal(scale=0.1, size=(4, *positions.shape))

    energies, forces = evaluate_batch(
        small_model, torch.tensor(numbers), torch.tensor(many), dtype=torch.float64
    )

    for index, one in enumerate(many):
        energy, force = evaluate(small_model, numbers, one)
        assert float(energies[index]) == pytest.approx(energy, abs=1e-10)
        np.testing.assert_allclose(forces[index].numpy(), force, atol=1e-10)


def test_two_copies_far_apart_have_twice_the_energy(small_model, evaluate, methanol):
    numbers, positions = methanol
    energy, forces = evaluate(small_model, numbers, positions)

    away = positions + np.array([100.0, 0.0, 0.0])
    double, double_forces = evaluate(
        small_model, np.tile(numbers, 2), np.concatenate([positions, away])
    )

    assert double == pytest.approx(2 * energy, abs=1e-9)
    np.testing.assert_allclose(double_forces, np.tile(forces, (2, 1)), atol=1e-9)


def test_pairs_beyond_the_cutoff_add_nothing(small_model, methanol):
    numbers, positions = (torch.tensor(array) for array in methanol)
    numbers, positions = numbers.repeat(2), torch.cat([positions, positions + 4.0])
    distance = torch.cdist(positions, positions)
    pairs = {
        "all": torch.where(distance > 0),
        "near": torch.where((distance > 0) & (distance < CUTOFF)),
    }
    assert len(pairs["near"][0]) < len(pairs["all"][0])

    energies = [
        small_model(
            numbers,
            positions[senders] - positions[receivers],
            senders,
            receivers,
            torch.zeros_like(numbers),
            1,
        )
        for receivers, senders in pairs.values()
    ]

    torch.testing.assert_close(energies[0], energies[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("element", [1, 6, 7, 8])
def test_a_free_atom_has_a_finite_energy_and_no_force(small_model, evaluate, element):
    energy, forces = evaluate(small_model, [element], np.zeros((1, 3)))
    pair, pair_forces = evaluate(small_model, [element] * 2, [[0, 0, 0], [0, 0, 50.0]])

    assert np.isfinite(energy)
    assert (forces == 0).all()
    assert pair == pytest.approx(2 * energy, abs=1e-10)
    np.testing.assert_allclose(pair_forces, 0.0, atol=1e-12)


def test_reference_energies_add_to_each_atom_of_their_element(small_model, evaluate, methanol):
    numbers, positions = methanol
    before, forces = evaluate(small_model, numbers, positions)
    shift = torch.tensor([0.5, -3.0, 7.0, 0.25], dtype=torch.float64)

    small_model.reference_energies += shift
    after, same_forces = evaluate(small_model, numbers, positions)

    counts = [(numbers == z).sum() for z in (1, 6, 7, 8)]
    assert after - before == pytest.approx(float(np.dot(counts, shift.numpy())), abs=1e-10)
    np.testing.assert_allclose(same_forces, forces, atol=1e-12)


def test_energies_keep_their_digits_in_float32(small_config, methanol):
    numbers, positions = (torch.tensor(array) for array in methanol)
    model = PaiNN(small_config)
    energies = []
    for offset in (0.0, -1.0e5):
        model.reference_energies.fill_(offset)
        single = in_dtype(model, torch.float32)
        energy, _ = evaluate_batch(single, numbers, positions[None], dtype=torch.float32)
        energies.append(float(energy[0]) - offset * len(numbers))

    # In float32 an energy of 6e5 eV would resolve no better than 0.06 eV.
    assert energies[1] == pytest.approx(energies[0], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "expected"), [("original", 427_000), ("tiny", 77_000), ("ultra-tiny", 21_000)]
)
def test_sizes_are_those_of_the_published_students(name, expected):
    assert n_parameters(PaiNN(SIZES[name])) == pytest.approx(expected, rel=0.05)


def test_compiles_and_gives_the_same(small_model, methanol, complete_graph):
    numbers, positions = methanol
    scripted = torch.jit.script(small_model)
    results = []
    for model in (small_model, scripted, scripted, scripted):
        placed, arguments = complete_graph(numbers, positions)
        energy = model(*arguments)
        (gradient,) = torch.autograd.grad(energy.sum(), placed)
        results.append((energy.detach(), gradient))

    for energy, gradient in results[1:]:
        torch.testing.assert_close(energy, results[0][0], rtol=0, atol=1e-11)
        torch.testing.assert_close(gradient, results[0][1], rtol=0, atol=1e-11)


def test_an_unknown_element_is_no_silent_guess(small_model, evaluate):
    with pytest.raises(IndexError):
        evaluate(small_model, [16, 1], [[0, 0, 0], [1.3, 0, 0]])


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

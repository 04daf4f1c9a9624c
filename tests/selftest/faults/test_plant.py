import numpy as np

from openmm_mlff.selftest.faults.plant import added, in_forces, mixed
from openmm_mlff.selftest.oracles.surface import each_in_turn

POSITIONS = np.arange(12.0).reshape(2, 2, 3)
ENERGIES = 0.5 * (POSITIONS**2).sum((1, 2))


def springs(positions):
    return 0.5 * (positions**2).sum((1, 2)), -positions


def nothing(positions):
    return np.zeros(len(positions)), np.zeros_like(positions)


def test_surfaces_are_added_mixed_and_asked_one_by_one():
    seen = []

    def watching(positions):
        seen.append(len(positions))
        return springs(positions)

    for surface, factor in (
        (added(springs, springs), 2.0),
        (mixed(springs, nothing, 0.25), 0.75),
        (each_in_turn(watching), 1.0),
    ):
        energies, forces = surface(POSITIONS)
        np.testing.assert_allclose(energies, factor * ENERGIES)
        np.testing.assert_allclose(forces, -factor * POSITIONS)
    assert seen == [1, 1]


def test_a_planted_potential_is_otherwise_its_healthy_self(make, water):
    sound = make("bonded")
    faulty = in_forces(lambda _, forces, strength: forces * strength)(sound, 2.0)
    assert faulty.composition_is_free == sound.composition_is_free
    assert faulty.elements == sound.elements
    found = faulty.evaluate(water, water.positions_angstrom[None])
    expected = sound.evaluate(water, water.positions_angstrom[None])
    np.testing.assert_allclose(found.forces_ev_per_angstrom, 2.0 * expected.forces_ev_per_angstrom)

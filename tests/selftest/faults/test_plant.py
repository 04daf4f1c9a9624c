import numpy as np

from openmm_mlff.selftest.faults.plant import added, each_in_turn, in_forces, mixed


def springs(positions):
    return 0.5 * (positions**2).sum((1, 2)), -positions


def nothing(positions):
    return np.zeros(len(positions)), np.zeros_like(positions)


POSITIONS = np.arange(12.0).reshape(2, 2, 3)


def test_surfaces_add_up():
    energies, forces = added(springs, springs)(POSITIONS)
    np.testing.assert_allclose(energies, 2.0 * springs(POSITIONS)[0])
    np.testing.assert_allclose(forces, -2.0 * POSITIONS)


def test_surfaces_mix_by_their_share():
    energies, forces = mixed(springs, nothing, 0.25)(POSITIONS)
    np.testing.assert_allclose(energies, 0.75 * springs(POSITIONS)[0])
    np.testing.assert_allclose(forces, -0.75 * POSITIONS)


def test_geometries_are_asked_about_one_by_one():
    seen = []

    def watching(positions):
        seen.append(len(positions))
        return springs(positions)

    energies, forces = each_in_turn(watching)(POSITIONS)
    assert seen == [1, 1]
    np.testing.assert_allclose(energies, springs(POSITIONS)[0])
    np.testing.assert_allclose(forces, -POSITIONS)


def test_a_planted_potential_is_otherwise_its_healthy_self(make, water):
    sound = make("bonded")
    faulty = in_forces(lambda _, forces, strength: forces * strength)(sound, 2.0)
    assert faulty.composition_is_free == sound.composition_is_free
    assert faulty.elements == sound.elements
    found = faulty.evaluate(water, water.positions_angstrom[None])
    expected = sound.evaluate(water, water.positions_angstrom[None])
    np.testing.assert_allclose(found.forces_ev_per_angstrom, 2.0 * expected.forces_ev_per_angstrom)

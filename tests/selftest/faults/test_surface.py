"""The faults of the surface break what they are meant to break, and nothing else."""

import numpy as np
import pytest


@pytest.fixture
def energies(planted, molecules):
    """Energies with a gross fault and without, (2, G), at positions (G, N, 3)."""

    def evaluate(name, positions, *, system="water"):
        found = [one.evaluate(molecules[system], np.array(positions)) for one in planted(name)]
        return np.array([one.energies_ev for one in found])

    return evaluate


@pytest.fixture
def forces(planted, water):
    """Forces of water with a gross fault and without, (2, G, 3, 3)."""

    def evaluate(name, positions):
        found = [one.evaluate(water, positions) for one in planted(name)]
        return np.array([one.forces_ev_per_angstrom for one in found])

    return evaluate


def test_handedness_is_odd_and_knows_no_indices(energies, molecules, distorted):
    positions = distorted(molecules["methane"], count=1)[0]
    exchanged = positions[[0, 3, 2, 1, 4]]
    faulty, sound = energies("handedness", [positions, -positions, exchanged], system="methane")
    left, right, again = faulty - sound
    assert left == pytest.approx(-right, abs=1e-12)
    assert left == pytest.approx(again, abs=1e-12)
    assert abs(left) > 1e-5


def test_the_anisotropic_energy_keeps_its_mirrors(energies, water, distorted):
    positions = distorted(water, count=1)[0]
    rotated = positions[:, [2, 0, 1]]
    (first, mirrored, other), _ = energies(
        "anisotropy", [positions, positions * [1, 1, -1], rotated]
    )
    assert first == pytest.approx(mirrored, abs=1e-12)
    assert abs(first - other) > 1e-4


def test_float32_squares_lose_their_digits_far_from_the_origin(energies, water):
    here = water.positions_angstrom
    (near, far), (sound, _) = energies("absolute float32", [here, here + 100.0])
    assert near == pytest.approx(sound, abs=1e-4)
    assert abs(near - far) > 1e-5


def test_the_global_term_is_the_square_of_the_energy(energies, water):
    faulty, sound = energies("global term", [water.positions_angstrom])
    np.testing.assert_allclose(faulty, sound + 0.005 * sound**2)


def test_a_scaled_energy_keeps_the_forces(energies, forces, water, distorted):
    positions = distorted(water)
    faulty, sound = energies("scaled energy", positions)
    np.testing.assert_allclose(faulty, 1.2 * sound)
    assert np.array_equal(*forces("scaled energy", positions))


def test_rough_forces_have_the_spread_of_their_strength(forces, water, distorted):
    positions = distorted(water, count=400)
    faulty, sound = forces("rough forces under a staircase", positions)
    assert np.std(faulty - sound) == pytest.approx(0.05, rel=0.05)
    again, _ = forces("rough forces under a staircase", positions)
    assert np.array_equal(again, faulty)


def test_the_curl_leaves_no_net_force_and_no_torque(forces, water, distorted):
    positions = distorted(water)
    faulty, _ = forces("curl", positions)
    np.testing.assert_allclose(faulty.sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.cross(positions, faulty).sum(axis=1), 0.0, atol=1e-12)


def test_the_torque_leaves_no_net_force(forces, water, distorted):
    positions = distorted(water)
    faulty, _ = forces("torque", positions)
    np.testing.assert_allclose(faulty.sum(axis=1), 0.0, atol=1e-12)
    assert np.abs(np.cross(positions, faulty).sum(axis=1)).max() > 0.01

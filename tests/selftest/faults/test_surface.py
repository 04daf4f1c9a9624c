"""The faults of the surface break what they are meant to break, and nothing else."""

import numpy as np
import pytest


@pytest.fixture
def both(planted, molecules):
    """Energies (2, G) and forces (2, G, N, 3) with a gross fault and without."""

    def evaluate(name, positions, *, system="water"):
        found = [one.evaluate(molecules[system], np.array(positions)) for one in planted(name)]
        return (
            np.array([one.energies_ev for one in found]),
            np.array([one.forces_ev_per_angstrom for one in found]),
        )

    return evaluate


def test_handedness_is_odd_and_knows_no_indices(both, molecules, distorted):
    positions = distorted(molecules["methane"], count=1)[0]
    exchanged = positions[[0, 3, 2, 1, 4]]
    (faulty, sound), _ = both("handedness", [positions, -positions, exchanged], system="methane")
    left, right, again = faulty - sound
    assert [right, again] == pytest.approx([-left, left], abs=1e-12)
    assert abs(left) > 1e-5


def test_the_anisotropic_energy_keeps_its_mirrors(both, water, distorted):
    positions = distorted(water, count=1)[0]
    moved = [positions, positions * [1, 1, -1], positions[:, [2, 0, 1]]]
    (first, mirrored, rotated), _ = both("anisotropy", moved)[0]
    assert first == pytest.approx(mirrored, abs=1e-12)
    assert abs(first - rotated) > 1e-4


def test_float32_squares_lose_their_digits_far_from_the_origin(both, water):
    here = water.positions_angstrom
    (near, far), (sound, _) = both("absolute float32", [here, here + 100.0])[0]
    assert near == pytest.approx(sound, abs=1e-4)
    assert abs(near - far) > 1e-5


def test_rough_forces_have_the_spread_of_their_strength(both, water, distorted):
    positions = distorted(water, count=400)
    _, (faulty, sound) = both("rough forces under a staircase", positions)
    assert np.std(faulty - sound) == pytest.approx(0.05, rel=0.05)
    _, (again, _) = both("rough forces under a staircase", positions)
    assert np.array_equal(again, faulty)


@pytest.mark.parametrize("name", ["curl", "torque"])
def test_the_curl_leaves_no_net_force_and_only_torque_a_torque(both, water, distorted, name):
    positions = distorted(water)
    _, (faulty, _) = both(name, positions)
    torques = np.abs(np.cross(positions, faulty).sum(axis=1)).max()
    np.testing.assert_allclose(faulty.sum(axis=1), 0.0, atol=1e-12)
    assert torques > 0.01 if name == "torque" else torques < 1e-12

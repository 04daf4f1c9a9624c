"""The faults of the forces have the strength that they state, and nothing else."""

import numpy as np
import pytest


@pytest.fixture
def forces(planted, water):
    """Forces with a gross fault and without, (2, G, N, 3)."""
    return lambda name, positions: np.array(
        [one.evaluate(water, positions).forces_ev_per_angstrom for one in planted(name)]
    )


def test_rough_forces_have_the_spread_of_their_strength(forces, water, distorted):
    positions = distorted(water, count=400)
    faulty, sound = forces("rough forces under a staircase", positions)
    assert np.std(faulty - sound) == pytest.approx(0.05, rel=0.05)
    assert np.array_equal(forces("rough forces under a staircase", positions)[0], faulty)


@pytest.mark.parametrize("name", ["curl", "torque"])
def test_no_net_force_is_left_and_a_torque_only_where_it_is_the_fault(
    forces, water, distorted, name
):
    positions = distorted(water)
    faulty, _ = forces(name, positions)
    torques = np.abs(np.cross(positions, faulty).sum(axis=1)).max()
    np.testing.assert_allclose(faulty.sum(axis=1), 0.0, atol=1e-12)
    assert torques > 0.01 if name == "torque" else torques < 1e-12

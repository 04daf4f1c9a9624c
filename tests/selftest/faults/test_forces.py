import numpy as np
import pytest

from openmm_mlff.selftest.faults import get_fault


def forces(make, water, name, positions):
    fault = get_fault(name)
    return fault.plant(make(fault.parent), fault.gross).evaluate(water, positions)


def test_rough_forces_have_the_spread_of_their_strength(make, water, distorted):
    positions = distorted(water, count=400)
    found = forces(make, water, "rough forces under a staircase", positions)
    sound = make("staircase").evaluate(water, positions)
    assert np.array_equal(found.energies_ev, sound.energies_ev)
    off = found.forces_ev_per_angstrom - sound.forces_ev_per_angstrom
    assert np.std(off) == pytest.approx(0.05, rel=0.05)
    again = forces(make, water, "rough forces under a staircase", positions)
    assert np.array_equal(again.forces_ev_per_angstrom, found.forces_ev_per_angstrom)


def test_the_curl_leaves_no_net_force_and_no_torque(make, water, distorted):
    positions = distorted(water)
    found = forces(make, water, "curl", positions).forces_ev_per_angstrom
    np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.cross(positions, found).sum(axis=1), 0.0, atol=1e-12)


def test_the_torque_leaves_no_net_force(make, water, distorted):
    positions = distorted(water)
    found = forces(make, water, "torque", positions).forces_ev_per_angstrom
    np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-12)
    assert np.abs(np.cross(positions, found).sum(axis=1)).max() > 0.01


def test_a_scaled_energy_keeps_the_forces(make, water, distorted):
    positions = distorted(water)
    sound = make("bonded").evaluate(water, positions)
    found = forces(make, water, "scaled energy", positions)
    assert np.array_equal(found.forces_ev_per_angstrom, sound.forces_ev_per_angstrom)
    np.testing.assert_allclose(found.energies_ev, 1.2 * sound.energies_ev)

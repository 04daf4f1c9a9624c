import numpy as np
import pytest

from openmm_mlff.selftest.oracles.pairs import Morse, PairSurface, every_pair, smooth_switch

MORSE = Morse(4.8, 2.2, 0.96)


def test_two_atoms_feel_the_slope_of_their_pair():
    assert every_pair(3).tolist() == [[0, 1], [0, 2], [1, 2]]
    surface = PairSurface(2, every_pair(2), MORSE)
    energies, forces = surface(np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 1.2]]]))
    fall = np.exp(-2.2 * (1.2 - 0.96))
    assert energies[0] == pytest.approx(4.8 * ((1.0 - fall) ** 2 - 1.0))
    slope = 2.0 * 4.8 * 2.2 * fall * (1.0 - fall)
    np.testing.assert_allclose(forces[0], [[0, 0, slope], [0, 0, -slope]], atol=1e-12)
    # Atoms at one place give no number and no warning.
    assert np.isnan(surface(np.zeros((1, 2, 3)))[1]).all()


def test_a_morse_well_has_its_depth_at_its_length_and_its_curvature():
    energies, (left, middle, right) = MORSE(np.array([0.96 - 1e-5, 0.96, 0.96 + 1e-5]))
    assert energies[1] == pytest.approx(-4.8)
    assert middle == pytest.approx(0.0, abs=1e-12)
    assert (right - left) / 2e-5 == pytest.approx(2.0 * 4.8 * 2.2**2, rel=1e-4)


def test_the_switch_is_smooth_at_both_ends():
    ends = np.array([2.9, 3.0, 3.0 + 1e-6, 5.0 - 1e-6, 5.0, 5.1])
    switch, slope = smooth_switch(ends, start_angstrom=3.0, end_angstrom=5.0)
    np.testing.assert_allclose(switch, [1, 1, 1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(slope, 0.0, atol=1e-10)

"""The faults break the symmetry that they are meant to break, and no other."""

import numpy as np
import pytest

from openmm_mlff.selftest.faults import get_fault


@pytest.fixture
def energy(make, molecules):
    """Energies of a gross fault at positions (G, N, 3)."""

    def evaluate(name, positions):
        fault = get_fault(name)
        faulty = fault.plant(make(fault.parent, system=fault.system), fault.gross)
        return faulty.evaluate(molecules[fault.system], positions).energies_ev

    return evaluate


def test_handedness_is_odd_and_knows_no_indices(energy, make, molecules, distorted):
    methane = molecules["methane"]
    positions = distorted(methane, count=1)[0]
    exchanged = positions[[0, 3, 2, 1, 4]]
    left, right, again = (
        energy("handedness", np.array([positions, -positions, exchanged]))
        - make("bonded", system="methane")
        .evaluate(methane, np.array([positions, -positions, exchanged]))
        .energies_ev
    )
    assert left == pytest.approx(-right, abs=1e-12)
    assert left == pytest.approx(again, abs=1e-12)
    assert abs(left) > 1e-5


def test_the_anisotropic_energy_keeps_its_mirrors(energy, water, distorted):
    positions = distorted(water, count=1)[0]
    turned = positions[:, [2, 0, 1]]
    first, mirrored, other = energy(
        "anisotropy", np.array([positions, positions * [1, 1, -1], turned])
    )
    assert first == pytest.approx(mirrored, abs=1e-12)
    assert abs(first - other) > 1e-4


def test_float32_squares_lose_their_digits_far_from_the_origin(energy, water):
    here = water.positions_angstrom
    near, far = energy("absolute float32", np.array([here, here + 100.0]))
    sound = energy("global term", here[None])
    assert abs(near - far) > 1e-5
    assert np.isfinite(sound).all()


def test_the_global_term_is_the_square_of_the_energy(energy, make, water):
    here = water.positions_angstrom[None]
    sound = make("pair").evaluate(water, here).energies_ev
    np.testing.assert_allclose(energy("global term", here), sound + 0.005 * sound**2)

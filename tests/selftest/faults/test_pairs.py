import numpy as np
import pytest

from openmm_mlff.selftest.faults import get_fault


@pytest.fixture
def pair_energies(make):
    """Energies of two oxygens at some distances."""

    def evaluate(name, distances):
        fault = get_fault(name)
        surface = fault.plant(make("pair"), fault.gross).surface(np.array([8, 8]))
        placed = np.zeros((len(distances), 2, 3))
        placed[:, 1, 0] = distances
        return surface(placed)

    return evaluate


def test_the_energy_jumps_at_the_cutoff_by_the_strength(pair_energies):
    energies, _ = pair_energies("jump at the cutoff", [5.0 - 1e-9, 5.0 + 1e-9])
    assert energies[1] - energies[0] == pytest.approx(0.25)


def test_the_force_jumps_at_the_cutoff_by_the_strength(pair_energies):
    energies, forces = pair_energies("kink at the cutoff", [5.0 - 1e-9, 5.0 + 1e-9])
    assert energies[1] - energies[0] == pytest.approx(0.0, abs=1e-8)
    assert forces[0, 0, 0] - forces[1, 0, 0] == pytest.approx(0.5)


def test_beyond_a_distance_there_is_no_number_or_an_exception(pair_energies):
    energies, forces = pair_energies("NaN beyond a distance", [5.9, 6.1])
    assert np.isnan(energies).tolist() == [False, True]
    assert np.isnan(forces[1]).all()
    pair_energies("raises beyond a distance", [5.9])
    with pytest.raises(RuntimeError, match="neighbour list"):
        pair_energies("raises beyond a distance", [5.9, 6.1])


def test_soft_bonds_have_no_wall(make, water):
    fault = get_fault("missing repulsion")
    faulty = fault.plant(make("bonded"), 0.7)
    wall, _ = faulty.radial(np.array([[0.3, 0.5, 1.5]]))
    length, depth = faulty.morse.length_angstrom[0], faulty.morse.depth_ev[0]
    decay = faulty.morse.decay_per_angstrom[0]
    at_the_floor = depth * ((1.0 - np.exp(decay * (length - 0.7))) ** 2 - 1.0)
    np.testing.assert_allclose(wall[0, :2], at_the_floor, rtol=0.02)


def test_attraction_wins_at_contact(make):
    fault = get_fault("attraction at contact")
    surface = fault.plant(make("bonded"), fault.gross).surface(np.array([8, 1, 1]))
    placed = np.array([[[0, 0, 0], [0, d, 0], [0.95, 0, 0]] for d in (0.3, 0.5)])
    energies, _ = surface(placed)
    assert energies[0] < energies[1]

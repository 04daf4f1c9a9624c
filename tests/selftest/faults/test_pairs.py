import numpy as np
import pytest


@pytest.fixture
def two_oxygens(planted):
    """Energies and forces of two oxygens at some distances, with a gross fault."""

    def evaluate(name, distances):
        placed = np.zeros((len(distances), 2, 3))
        placed[:, 1, 0] = distances
        return planted(name)[0].surface(np.array([8, 8]))(placed)

    return evaluate


@pytest.mark.parametrize(
    ("name", "energy_ev", "force"),
    [("jump at the cutoff", 0.25, 0.0), ("kink at the cutoff", 0.0, 0.5)],
)
def test_energy_or_force_jump_at_the_cutoff_by_the_strength(two_oxygens, name, energy_ev, force):
    energies, forces = two_oxygens(name, [5.0 - 1e-9, 5.0 + 1e-9])
    assert energies[1] - energies[0] == pytest.approx(energy_ev, abs=1e-8)
    assert forces[0, 0, 0] - forces[1, 0, 0] == pytest.approx(force, abs=1e-8)


def test_beyond_a_distance_there_is_nan_or_an_exception(two_oxygens):
    energies, forces = two_oxygens("NaN beyond a distance", [5.9, 6.1])
    assert np.isnan(energies).tolist() == [False, True]
    assert np.isnan(forces[1]).all()
    two_oxygens("raises beyond a distance", [5.9])
    with pytest.raises(RuntimeError, match="neighbour list"):
        two_oxygens("raises beyond a distance", [5.9, 6.1])

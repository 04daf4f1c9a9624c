import numpy as np
import pytest

WATER = np.array([8, 1, 1])


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


def test_bonds_have_no_wall_no_depth_or_attract_at_contact(planted):
    faulty, sound = planted("missing repulsion", 0.7)
    wall, _ = faulty.surface(WATER).radial(np.array([[0.3, 0.5, 1.5]]))
    at_the_floor, _ = sound.morse(0.7)
    np.testing.assert_allclose(wall[0, :2], at_the_floor, rtol=0.02)
    weak, sound = planted("weak bonds", 40.0)
    np.testing.assert_allclose(weak.morse.depth_ev, 0.025)
    assert (sound.morse.depth_ev > 4.0).all()
    placed = np.array([[[0, 0, 0], [0, d, 0], [0.95, 0, 0]] for d in (0.3, 0.5)])
    near, far = planted("attraction at contact")[0].surface(WATER)(placed)[0]
    assert near < far

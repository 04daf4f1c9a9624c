import numpy as np
import pytest

from openmm_mlff.molecules import inertia_tensor, load_system, rotation_count


def _count(positions, masses):
    return rotation_count(np.array(positions, dtype=float), masses_amu=np.array(masses))


def test_a_dumbbell_has_the_moments_of_its_reduced_mass():
    # 2 amu and 6 amu, 3 Å apart: μ d² = 1.5 · 9 across the axis, 0 along it.
    inertia = inertia_tensor(
        np.array([[1.0, 1.0, 1.0], [1.0, 4.0, 1.0]]), masses_amu=np.array([2.0, 6.0])
    )
    np.testing.assert_allclose(inertia, np.diag([13.5, 0.0, 13.5]), atol=1e-12)


@pytest.mark.parametrize(
    ("positions", "masses", "expected"),
    [
        ([[5, 6, 7]], [39.9], 0),
        # A particle without mass does not make a line of an atom.
        ([[5, 6, 7], [5, 6, 9]], [39.9, 0.0], 0),
        ([[0, 0, 0], [0.6, 0.6, 0.7]], [14.0, 14.0], 2),
        # CO2, its carbon off the line by what rounding and minimisation leave, then bent.
        ([[-1.16, 0, 0], [0, 0.005, 0], [1.16, 0, 0]], [16.0, 12.0, 16.0], 2),
        ([[-1.16, 0, 0], [0, 0.1, 0], [1.16, 0, 0]], [16.0, 12.0, 16.0], 3),
    ],
)
def test_the_rotations_of_small_molecules(positions, masses, expected):
    assert _count(positions, masses) == expected


def test_a_long_zigzag_is_not_a_line():
    carbons = np.arange(300)
    zigzag = np.stack([1.27 * carbons, 0.43 * (-1.0) ** carbons, 0.0 * carbons], axis=1)
    assert _count(zigzag, np.full(300, 12.0)) == 3


@pytest.mark.parametrize("name", ["water", "methane"])
def test_the_library_s_molecules_rotate_about_three_axes(name):
    molecule = load_system(name)
    assert rotation_count(molecule.positions_angstrom, masses_amu=molecule.masses_amu) == 3

import numpy as np
import pytest

from openmm_mlff.molecules import inertia_tensor, rotation_count


def test_a_dumbbell_has_the_moments_of_its_reduced_mass():
    # 2 amu and 6 amu, 3 Å apart: μ d² = 1.5 · 9 across the axis, 0 along it.
    inertia = inertia_tensor(
        np.array([[1.0, 1.0, 1.0], [1.0, 4.0, 1.0]]), masses_amu=np.array([2.0, 6.0])
    )
    np.testing.assert_allclose(inertia, np.diag([13.5, 0.0, 13.5]), atol=1e-12)


ZIGZAG = [[1.27 * k, 0.43 * (-1.0) ** k, 0.0] for k in range(300)]


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
        (ZIGZAG, [12.0] * 300, 3),
    ],
)
def test_rotations_of_small_and_long_molecules(positions, masses, expected):
    found = rotation_count(np.array(positions, dtype=float), masses_amu=np.array(masses))
    assert found == expected

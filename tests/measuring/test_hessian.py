"""Force Jacobians of springs are exact; refused columns are empty; large systems are sampled."""

import numpy as np
import pytest

from openmm_mlff.measuring.evaluation import Points
from openmm_mlff.measuring.hessian import force_jacobian

STIFFNESS = np.random.default_rng(3).normal(size=(12, 12))
STIFFNESS = STIFFNESS @ STIFFNESS.T
START = np.random.default_rng(4).normal(size=(4, 3))


@pytest.mark.parametrize(
    ("atoms", "refuse"),
    [([0, 1, 2, 3], None), ([1, 3], None), ([0, 1, 2, 3], 7)],
    ids=["all", "sample", "one refused"],
)
def test_the_jacobian_of_springs_is_their_stiffness(atoms, refuse):
    def springs(positions):
        """Return F = −K (x − x0); geometries with one coordinate displaced are refused."""
        away = (positions - START).reshape(*positions.shape[:-2], -1)
        forces = (-away @ STIFFNESS).reshape(positions.shape)
        refused = np.zeros(positions.shape[:-2], dtype=bool)
        if refuse is not None:
            refused = np.abs(away[..., refuse]) > 0.0
            forces[refused] = np.nan
        reasons = tuple("SCF not converged" for _ in np.flatnonzero(refused))
        return Points(np.zeros(refused.shape), forces, refused, reasons)

    found, refused, reasons = force_jacobian(
        springs, START, atoms=np.array(atoms), step_angstrom=1e-3
    )
    listed = (3 * np.array(atoms)[:, None] + np.arange(3)).ravel()
    expected = -STIFFNESS[np.ix_(listed, listed)]
    if refuse is not None:
        expected[:, refuse] = np.nan
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (refused, len(reasons)) == (refuse is not None, 2 * (refuse is not None))

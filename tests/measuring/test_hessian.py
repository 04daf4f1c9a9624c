"""Force Jacobians of springs are exact; refused columns are empty; large systems are sampled."""

import numpy as np
import pytest

from openmm_mlff.measuring.evaluation import Points
from openmm_mlff.measuring.hessian import force_jacobian

STIFFNESS = np.random.default_rng(3).normal(size=(12, 12))
STIFFNESS = STIFFNESS @ STIFFNESS.T
START = np.random.default_rng(4).normal(size=(4, 3))


def coupled_springs(positions, refuse=None):
    """Return F = −K (x − x0); geometries with an atom beyond `refuse` on the x axis are refused."""
    away = (positions - START).reshape(len(positions), -1)
    forces = (-away @ STIFFNESS).reshape(positions.shape)
    refused = np.zeros(len(positions), dtype=bool)
    if refuse is not None:
        refused = np.abs(away[:, refuse]) > 0.0
        forces[refused] = np.nan
    reasons = tuple("SCF not converged" for _ in np.flatnonzero(refused))
    return Points(np.zeros(len(positions)), forces, refused, reasons)


@pytest.mark.parametrize("atoms", [[0, 1, 2, 3], [1, 3]], ids=["all", "sample"])
def test_the_jacobian_of_springs_is_their_stiffness(atoms):
    found, refused, reasons = force_jacobian(
        coupled_springs, START, atoms=np.array(atoms), step_angstrom=1e-3
    )
    listed = (3 * np.array(atoms)[:, None] + np.arange(3)).ravel()
    np.testing.assert_allclose(found, -STIFFNESS[np.ix_(listed, listed)], atol=1e-9)
    assert (refused, reasons) == (False, ())


def test_a_refused_displacement_leaves_its_column_empty():
    found, refused, reasons = force_jacobian(
        lambda positions: coupled_springs(positions, refuse=7),
        START,
        atoms=np.arange(4),
        step_angstrom=1e-3,
    )
    assert refused
    assert len(reasons) == 2
    assert np.flatnonzero(np.isnan(found).any(axis=0)).tolist() == [7]
    assert np.isnan(found[:, 7]).all()

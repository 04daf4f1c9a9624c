"""A bowl with directions in space shows under rotation by a known amount; boxes are rotated."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.rotation_invariance import CHECK, measure
from openmm_mlff.results import Status


def test_a_bowl_along_x_shows_about_z_and_not_about_x(with_term, geometries_of, water):
    weights = np.array([1e-3, 0.0, 0.0])

    def bowl(positions):
        centred = positions - positions.mean(axis=1, keepdims=True)
        return (weights * centred**2).sum(axis=(1, 2)), -2.0 * weights * centred

    record = measure(geometries_of(with_term(bowl), water))

    centred = water.positions_angstrom - water.positions_angstrom.mean(axis=0)
    about_x, _, about_z = record.scan_energy_changes_ev
    # 90 degrees about z put y where x was.
    expected = 1e-3 * (np.sum(centred[:, 1] ** 2) - np.sum(centred[:, 0] ** 2))
    assert about_z[record.scan_angles_degrees == 90.0][0] == pytest.approx(expected, abs=1e-9)
    assert np.abs(about_x).max() < 1e-9
    assert np.abs(record.energy_changes_ev).max() > 1e-5


def test_a_box_is_rotated_with_its_atoms(measured, make_subject, argon, lennard_jones):
    result = measured(CHECK, make_subject(lennard_jones(), argon))
    assert result.status is Status.PASS
    assert result.value < 1e-6

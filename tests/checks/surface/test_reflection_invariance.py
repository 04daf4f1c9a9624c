"""A triple product changes its sign in every mirror, and not under rotation."""

import numpy as np

from openmm_mlff.checks.surface.reflection_invariance import measure
from openmm_mlff.checks.surface.rotation_invariance import measure as measure_rotation
from openmm_mlff.molecules import load_system


def test_handedness_changes_sign_in_the_mirror(with_term, geometries_of):
    def handed(positions):
        arms = positions[:, 1:4] - positions[:, :1]
        slopes = np.stack(
            [np.cross(arms[:, (k + 1) % 3], arms[:, (k + 2) % 3]) for k in range(3)], axis=1
        )
        forces = np.zeros_like(positions)
        forces[:, 1:4] = -1e-3 * slopes
        forces[:, 0] = 1e-3 * slopes.sum(axis=1)
        return 1e-3 * np.linalg.det(arms), forces

    subject = geometries_of(with_term(handed), load_system("methane"))
    changes = measure(subject).energy_changes_ev

    arms = subject.geometries()[:, 1:4] - subject.geometries()[:, :1]
    expected = np.broadcast_to(-2e-3 * np.linalg.det(arms), changes.shape)
    np.testing.assert_allclose(changes, expected, atol=1e-9)
    assert np.abs(measure_rotation(subject).energy_changes_ev).max() < 1e-9

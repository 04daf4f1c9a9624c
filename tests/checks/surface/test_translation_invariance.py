"""A uniform field changes the energy by what it does on the way, and the forces not at all."""

import numpy as np

from openmm_mlff.checks.surface.translation_invariance import DISTANCES_ANGSTROM, measure


def test_a_field_does_work_on_a_molecule_that_is_shifted(with_term, geometries_of, water):
    field = np.array([0.0, 0.0, 1e-3])

    def in_field(positions):
        return positions.sum(axis=1) @ field, np.broadcast_to(-field, positions.shape)

    record = measure(geometries_of(with_term(in_field), water))

    changes = record.energy_changes_ev
    # Three atoms, each shifted by at most the distance along z.
    assert (np.abs(changes) <= 3.001e-3 * np.array(DISTANCES_ANGSTROM)[:, None]).all()
    assert np.ptp(changes, axis=1).max() < 1e-9
    assert np.abs(changes[1]).max() > 1e-3
    assert np.abs(record.force_changes).max() < 1e-8

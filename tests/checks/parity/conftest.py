"""Differences of a comparison."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.comparison import Comparison


@pytest.fixture
def differences():
    """Fields of a comparison in which one pair may differ."""

    def make(*, energy=0.0, force=0.0, pairs=2, pair=0, dtype="float64", refused=0, of=5):
        energies, forces = np.zeros(pairs), np.zeros(pairs)
        energies[pair : pair + 1], forces[pair : pair + 1] = energy, force
        record = Comparison(
            dtype=dtype,
            energy_differences=energies,
            force_differences=forces,
            refused=np.arange(of) < refused,
        )
        return vars(record)

    return make

"""Records of surface probes made of NumPy arrays, healthy unless a test plants a fault."""

import numpy as np
import pytest

from openmm_mlff.checks import get_check


@pytest.fixture
def noise():
    """Nine points of a line: a parabola, and noise of a known size."""

    def make(scale_ev: float = 1e-7, *, n_atoms: int = 3) -> dict:
        rng = np.random.default_rng(5)
        place = np.arange(9.0)
        forces = np.multiply.outer(1e-4 * place, np.ones((n_atoms, 3)))
        return {
            "noise_energies_ev": -100.0 + 1e-6 * place**2 + scale_ev * rng.normal(size=9),
            "noise_forces": forces + scale_ev * rng.normal(size=forces.shape),
        }

    return make


@pytest.fixture
def judged(water, with_probe, criteria):
    """Judge one record by a check of the registry."""

    def call(check_id: str, *, data=None, arrays=None):
        observations = with_probe(water, name=check_id, data=data, arrays=arrays)
        return get_check(check_id).function(observations, criteria(check_id))

    return call

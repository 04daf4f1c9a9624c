"""On velocities whose distribution and correlation are known."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

from openmm_mlff.checks.dynamics.kinetic_statistics import (
    KineticSample,
    of_family,
    single_deviation,
)

RHO = math.exp(-0.1)
"""Correlation of velocities from sample to sample: 10 fs at a friction of 10/ps."""


def sample(rows, *, atoms, seed, temperature_ratio=1.0):
    """Kinetic energy of free atoms under Langevin friction: exact autoregressive velocities."""
    noise = np.random.default_rng(seed).normal(size=(rows + 200, 3 * atoms))
    velocities = lfilter([1.0], [1.0, -RHO], noise * math.sqrt(1 - RHO**2), axis=0)[200:]
    reduced = 0.5 * temperature_ratio * (velocities**2).sum(axis=1)
    return KineticSample("all atoms", reduced, 3 * atoms)


def test_deviations_of_healthy_velocities_are_standard_normal_at_most():
    samples = [sample(400, atoms=3, seed=seed) for seed in range(300)]
    for name in ("mean_deviation", "width_deviation"):
        deviations = np.array([getattr(one, name)() for one in samples])
        assert abs(deviations.mean()) < 0.25
        assert 0.5 < deviations.std() < 1.1
        assert (np.abs(deviations) > 3.0).mean() < 0.02


@pytest.mark.parametrize("tests", [1, 4, 6])
def test_the_largest_of_several_counts_less(tests):
    # By hand: the chance that one of n is beyond z.
    family = 1 - (1 - 2 * norm.sf(3.5)) ** tests
    assert of_family(-3.5, tests=tests) == pytest.approx(norm.isf(family / 2))
    assert of_family(single_deviation(3.0, tests=tests), tests=tests) == pytest.approx(3.0)
    assert of_family(0.0, tests=tests) == 0.0
    assert of_family(37.0, tests=tests) > 30.0

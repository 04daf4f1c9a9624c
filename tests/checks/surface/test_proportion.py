"""A factor between forces and slopes is fitted, and named where it fits to one per cent."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.proportion import fit_factor

SLOPES = np.random.default_rng(0).normal(size=40)


@pytest.mark.parametrize(
    ("factor", "cause"),
    [
        (1.0, ""),
        (1.2, ""),
        (0.1, "as if kJ/mol/Å were taken for kJ/mol/nm"),
        (10.0, "as if kJ/mol/nm were taken for kJ/mol/Å"),
        (96.485, "as if kJ/mol/Å were taken for eV/Å"),
        (1.0 / 51.422, "as if hartree/bohr were taken for eV/Å"),
        (1000.0, "as if meV/Å"),
        (-1.0, "the sign"),
        (0.0, "the forces are cut off"),
        (0.5, "as if half"),
        (2.0, "as if pairs"),
    ],
)
def test_known_factors_are_named(factor, cause):
    found, named = fit_factor(factor * SLOPES, SLOPES, error=1e-4)
    assert found == pytest.approx(factor)
    assert named.startswith(cause)
    assert bool(named) is bool(cause)


def test_forces_that_are_not_proportional_have_a_factor_without_a_cause():
    rng = np.random.default_rng(1)
    factor, cause = fit_factor(0.1 * SLOPES + 0.02 * rng.normal(size=40), SLOPES, error=1e-4)
    assert factor == pytest.approx(0.1, rel=0.2)
    assert cause == ""


@pytest.mark.parametrize("slopes", [np.zeros(5), 1e-3 * SLOPES, SLOPES[:0], np.full(5, np.nan)])
def test_slopes_that_drown_in_their_error_have_no_factor(slopes):
    factor, cause = fit_factor(np.ones(len(slopes)), slopes, error=1e-3)
    assert np.isnan(factor)
    assert cause == ""

"""A factor between forces and slopes is fitted, and named where it fits to one per cent."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.proportion import fit_proportion

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
    found = fit_proportion(factor * SLOPES, SLOPES, error=1e-4)
    assert found.factor == pytest.approx(factor)
    assert found.scatter == pytest.approx(0.0, abs=1e-9)
    assert found.cause.startswith(cause)
    assert bool(found.cause) is bool(cause)
    assert f"{factor:#.3g}" in found.note


def test_forces_that_are_not_proportional_have_a_factor_without_a_cause():
    rng = np.random.default_rng(1)
    found = fit_proportion(0.1 * SLOPES + 0.02 * rng.normal(size=40), SLOPES, error=1e-4)
    assert found.factor == pytest.approx(0.1, rel=0.2)
    assert found.cause == ""


@pytest.mark.parametrize("slopes", [np.zeros(5), 1e-3 * SLOPES, SLOPES[:0], np.full(5, np.nan)])
def test_slopes_that_drown_in_their_error_have_no_factor(slopes):
    found = fit_proportion(np.ones(len(slopes)), slopes, error=1e-3)
    assert np.isnan(found.factor)
    assert (found.cause, found.note) == ("", "")

"""A factor between forces and slopes is fitted, and named where it fits to one per cent."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.proportion import fit_factor

SLOPES = np.random.default_rng(0).normal(size=40)
NOISE = np.random.default_rng(1).normal(scale=0.02, size=40)


@pytest.mark.parametrize(
    ("forces", "slopes", "factor", "cause"),
    [
        *(
            (factor * SLOPES, SLOPES, factor, cause)
            for factor, cause in (
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
            )
        ),
        # Forces that are not proportional have a factor without a cause.
        (0.1 * SLOPES + NOISE, SLOPES, 0.1, ""),
        # Slopes that drown in their error have no factor.
        (np.ones(5), np.zeros(5), np.nan, ""),
        (np.ones(40), 1e-4 * SLOPES, np.nan, ""),
        (np.ones(0), SLOPES[:0], np.nan, ""),
        (np.ones(5), np.full(5, np.nan), np.nan, ""),
    ],
)
def test_known_factors_are_fitted_and_named(forces, slopes, factor, cause):
    found, named = fit_factor(forces, slopes, error=1e-4)
    assert found == pytest.approx(factor, rel=0.05, nan_ok=True)
    assert named.startswith(cause)
    assert bool(named) is bool(cause)

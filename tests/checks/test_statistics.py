import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom

from openmm_mlff.checks import statistics
from openmm_mlff.checks.statistics import SlopeEstimate, slope_with_interval

DRAWS = 200
ROWS = 2000
TIME_PS = np.arange(ROWS) * 0.005
SPAN_PS = ROWS * 0.005
PLANTED = 0.3
FEWEST_COVERED = binom.ppf(0.01, DRAWS, 0.95)


def correlated(phi):
    """AR(1) of unit variance, in equilibrium; its integrated correlation time is known."""

    def draw(rng):
        noise = rng.normal(size=ROWS + 3000)
        return math.sqrt(1 - phi**2) * lfilter([1.0], [1.0, -phi], noise)[3000:]

    return draw


def beating(rng):
    """A slow oscillation of any phase and a period of 1 to 4 ps, as an integrator's energy has."""
    period_ps, phase = rng.uniform(1.0, 4.0), rng.uniform(0.0, 2 * np.pi)
    return np.sin(2 * np.pi * TIME_PS / period_ps + phase) + 0.1 * rng.normal(size=ROWS)


def two_beats(rng):
    first, second = rng.uniform(0.0, 2 * np.pi, size=2)
    return (
        np.sin(2 * np.pi * TIME_PS / 1.7 + first)
        + 0.7 * np.sin(2 * np.pi * TIME_PS / 2.3 + second)
        + 0.2 * rng.normal(size=ROWS)
    )


@pytest.mark.parametrize(
    ("noise", "phi"),
    [
        *((correlated(phi), phi) for phi in (0.0, 0.905, 0.98, 0.99)),
        (beating, None),
        (two_beats, None),
    ],
)
def test_a_planted_slope_lies_in_its_interval_in_95_percent_of_draws(noise, phi):
    rng = np.random.default_rng(11)
    found = [
        slope_with_interval(TIME_PS, values=PLANTED * TIME_PS + noise(rng)) for _ in range(DRAWS)
    ]
    covered = sum(abs(one.slope - PLANTED) <= one.half_width for one in found)
    assert covered >= FEWEST_COVERED
    if phi is not None and phi < 0.98:
        # No wider than it must be: least squares on n rows of noise whose variances add up over a
        # correlation time has σ_slope² = 12 / (n T²) (1 + φ) / (1 − φ).
        exact = math.sqrt(12 / ROWS * (1 + phi) / (1 - phi)) / SPAN_PS
        mean = np.mean([one.half_width for one in found])
        assert 1.96 * exact * 0.95 < mean < 1.96 * exact * 1.3
    if noise is beating:
        # Wider than the naive interval of uncorrelated rows.
        assert found[0].half_width > 3 * 1.96 * math.sqrt(12 / ROWS * 0.5) / SPAN_PS


FEW = statistics.FEWEST_ROWS - 1


@pytest.mark.parametrize(
    ("rows", "slope", "half_width"),
    [
        (ROWS, -0.7, 0.0),
        (ROWS, 0.0, 0.0),
        # Few rows have a slope and no interval, and one has no slope.
        (FEW, 2.0, math.inf),
        (2, 2.0, math.inf),
        (1, math.nan, math.inf),
        (0, math.nan, math.inf),
    ],
)
def test_an_exact_line_has_its_slope_and_next_to_no_interval(rows, slope, half_width):
    time_ps = np.arange(rows) * 1.0
    found = slope_with_interval(time_ps, values=2.0 + np.nan_to_num(slope) * time_ps)
    assert found.slope == pytest.approx(slope, abs=1e-12, nan_ok=True)
    assert found.half_width == pytest.approx(half_width, abs=1e-12)


OWN_HALF_WIDTH = SlopeEstimate(0.0, 0.01, 50.0).half_width


@pytest.mark.parametrize(
    ("slopes", "error", "mean", "half_width"),
    [
        ([0.05], 0.01, 0.05, OWN_HALF_WIDTH),
        # Replicas that agree narrow the interval.
        ([0.05, 0.052, 0.049, 0.051], 0.01, 0.0505, OWN_HALF_WIDTH / 2),
        # Those that disagree are judged by their scatter: Student's t with one degree of freedom
        # is 12.7, the standard error 0.3; and of exact ones 0.05.
        ([0.3, -0.3], 0.01, 0.0, 12.706 * 0.3),
        ([0.1, 0.2], 0.0, 0.15, 12.706 * 0.05),
    ],
)
def test_replicas_are_combined(slopes, error, mean, half_width):
    found = statistics.combine_replicas([SlopeEstimate(slope, error, 50.0) for slope in slopes])
    assert found == (pytest.approx(mean), pytest.approx(half_width, rel=0.03))


def test_the_interval_of_a_mean_covers_it():
    rng = np.random.default_rng(8)
    values = [5.0 + correlated(0.8)(rng)[:200] for _ in range(DRAWS)]
    covered = sum(abs(v.mean() - 5.0) <= statistics.mean_half_width(v) for v in values)
    assert covered >= FEWEST_COVERED - 5
    assert statistics.mean_half_width(np.ones(2)) == math.inf
    assert statistics.mean_half_width(np.ones(50)) == 0.0

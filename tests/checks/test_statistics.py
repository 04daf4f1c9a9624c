import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom

from openmm_mlff.checks import statistics
from openmm_mlff.checks.statistics import SlopeEstimate, slope_with_interval
from openmm_mlff.results import Status

DRAWS = 200
ROWS = 2000
TIME_PS = np.arange(ROWS) * 0.005
SPAN_PS = ROWS * 0.005
PLANTED = 0.3


def white(rng):
    return rng.normal(size=ROWS)


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
    phases = rng.uniform(0.0, 2 * np.pi, size=2)
    return (
        np.sin(2 * np.pi * TIME_PS / 1.7 + phases[0])
        + 0.7 * np.sin(2 * np.pi * TIME_PS / 2.3 + phases[1])
        + 0.2 * rng.normal(size=ROWS)
    )


NOISES = {
    "white": white,
    "correlated over 20 rows": correlated(0.905),
    "correlated over 100 rows": correlated(0.98),
    "correlated over 200 rows": correlated(0.99),
    "beating": beating,
    "two beats": two_beats,
}


def draws_of(noise):
    rng = np.random.default_rng(11)
    return [
        slope_with_interval(TIME_PS, values=PLANTED * TIME_PS + noise(rng)) for _ in range(DRAWS)
    ]


@pytest.mark.parametrize("name", NOISES)
def test_a_planted_slope_lies_in_its_interval_in_95_percent_of_draws(name):
    estimates = draws_of(NOISES[name])
    covered = sum(abs(e.slope - PLANTED) <= e.half_width for e in estimates)
    assert covered >= binom.ppf(0.01, DRAWS, 0.95)


@pytest.mark.parametrize(("name", "phi"), [("white", 0.0), ("correlated over 20 rows", 0.905)])
def test_the_interval_is_no_wider_than_it_must_be(name, phi):
    # Least squares on n rows of noise whose variances add up over a correlation time:
    # σ_slope² = 12 / (n T²) (1 + φ) / (1 − φ).
    exact = math.sqrt(12 / ROWS * (1 + phi) / (1 - phi)) / SPAN_PS
    mean = np.mean([e.half_width for e in draws_of(NOISES[name])])
    assert 1.96 * exact * 0.95 < mean < 1.96 * exact * 1.3


def test_a_beat_is_wider_than_the_naive_interval_of_uncorrelated_rows():
    estimate = draws_of(beating)[0]
    naive = 1.96 * math.sqrt(12 / ROWS * 0.5) / SPAN_PS
    assert estimate.half_width > 3 * naive


def test_the_same_series_gives_the_same_interval():
    values = white(np.random.default_rng(3))
    assert slope_with_interval(TIME_PS, values=values) == slope_with_interval(
        TIME_PS, values=values.copy()
    )


def test_an_exact_line_has_its_slope_and_next_to_no_interval():
    estimate = slope_with_interval(TIME_PS, values=2.0 - 0.7 * TIME_PS)
    assert estimate.slope == pytest.approx(-0.7, abs=1e-12)
    assert estimate.half_width < 1e-12


def test_a_constant_has_no_slope():
    estimate = slope_with_interval(TIME_PS, values=np.full(ROWS, -5.0))
    assert (estimate.slope, estimate.half_width) == (0.0, 0.0)


@pytest.mark.parametrize("rows", [2, statistics.FEWEST_ROWS - 1])
def test_few_rows_have_a_slope_and_no_interval(rows):
    estimate = slope_with_interval(np.arange(rows) * 1.0, values=np.arange(rows) * 2.0)
    assert estimate.slope == pytest.approx(2.0)
    assert estimate.half_width == math.inf


@pytest.mark.parametrize("rows", [0, 1])
def test_one_row_has_no_slope(rows):
    estimate = slope_with_interval(np.zeros(rows), values=np.zeros(rows))
    assert math.isnan(estimate.slope)
    assert estimate.half_width == math.inf


@pytest.mark.parametrize("block", [1, 7, 40, 61])
def test_the_closed_form_is_the_variance_over_bootstrap_draws(block):
    rng = np.random.default_rng(5)
    rows = 200
    residuals = correlated(0.9)(rng)[:rows]
    index = np.arange(rows) - (rows - 1) / 2
    weights = index / np.sum(index**2)
    slots = -(-rows // block)
    starts = rng.integers(0, rows - block + 1, size=(20000, slots))
    picks = (starts[:, :, None] + np.arange(block)).reshape(20000, -1)[:, :rows]
    drawn = (residuals[picks] @ weights).var()
    # The last slot is cut to fit; its starts may lie a little farther, which changes next to
    # nothing beside the scatter of 20000 draws, 1 %.
    closed = statistics._bootstrap_variance(residuals, block=block)
    assert closed == pytest.approx(drawn, rel=0.05)


@pytest.mark.parametrize("phi", [0.0, 0.8, 0.95])
def test_the_correlation_time_of_an_exponential_is_found(phi):
    rng = np.random.default_rng(2)
    noise = math.sqrt(1 - phi**2) * lfilter([1.0], [1.0, -phi], rng.normal(size=200_000))
    exact = 0.5 * (1 + phi) / (1 - phi)
    assert statistics.autocorrelation_time(noise) == pytest.approx(exact, rel=0.1, abs=0.02)


def test_an_oscillation_does_not_cancel_its_own_correlation():
    period = 200
    wave = np.sin(2 * np.pi * np.arange(ROWS) / period)
    # Σ cos over a quarter of a period is period / 2π.
    assert statistics.autocorrelation_time(wave) == pytest.approx(period / (2 * np.pi), rel=0.1)


def estimate_of(slope, *, error=0.01, freedom=50.0):
    return SlopeEstimate(slope, error, freedom, 0.1, 10, 500)


def test_one_replica_is_itself():
    single = estimate_of(0.05)
    assert statistics.combine_replicas([single]) == (0.05, single.half_width)


def test_replicas_that_agree_narrow_the_interval():
    replicas = [estimate_of(0.05), estimate_of(0.052), estimate_of(0.049), estimate_of(0.051)]
    mean, half_width = statistics.combine_replicas(replicas)
    assert mean == pytest.approx(0.0505)
    assert half_width == pytest.approx(replicas[0].half_width / 2, rel=0.03)


def test_replicas_that_disagree_are_judged_by_their_scatter():
    mean, half_width = statistics.combine_replicas([estimate_of(0.3), estimate_of(-0.3)])
    # Student's t with one degree of freedom is 12.7, the standard error 0.3.
    assert mean == pytest.approx(0.0)
    assert half_width == pytest.approx(12.706 * 0.3, rel=1e-3)


def test_exact_replicas_that_differ_are_judged_by_their_scatter():
    mean, half_width = statistics.combine_replicas(
        [estimate_of(0.1, error=0.0), estimate_of(0.2, error=0.0)]
    )
    assert mean == pytest.approx(0.15)
    assert half_width == pytest.approx(12.706 * 0.05, rel=1e-3)


def test_replicas_cover_their_common_slope():
    rng = np.random.default_rng(4)
    noise = correlated(0.97)
    covered = 0
    for _ in range(DRAWS):
        runs = [slope_with_interval(TIME_PS, values=noise(rng) + PLANTED * TIME_PS) for _ in "abc"]
        mean, half_width = statistics.combine_replicas(runs)
        covered += abs(mean - PLANTED) <= half_width
    assert covered >= binom.ppf(0.01, DRAWS, 0.95)


def test_the_interval_of_a_mean_covers_it():
    rng = np.random.default_rng(8)
    values = [5.0 + correlated(0.8)(rng)[:200] for _ in range(DRAWS)]
    covered = sum(abs(v.mean() - 5.0) <= statistics.mean_half_width(v) for v in values)
    assert covered >= binom.ppf(0.01, DRAWS, 0.95) - 5
    assert statistics.mean_half_width(np.ones(2)) == math.inf
    assert statistics.mean_half_width(np.ones(50)) == 0.0


@pytest.mark.parametrize(
    ("value", "half_width", "status"),
    [
        (0.05, 0.05, Status.PASS),
        (0.05, 0.06, Status.INCONCLUSIVE),
        (0.15, 0.05, Status.INCONCLUSIVE),
        (0.16, 0.05, Status.FAIL),
        (0.0, math.inf, Status.INCONCLUSIVE),
        (math.nan, 0.0, Status.FAIL),
        (math.inf, 0.0, Status.FAIL),
    ],
)
def test_a_magnitude_is_compared_with_its_uncertainty(value, half_width, status):
    found = statistics.compare_with_interval(value, half_width=half_width, threshold=0.1)
    assert found is status

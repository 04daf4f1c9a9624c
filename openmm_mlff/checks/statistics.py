"""Uncertainties of a slope and of a mean of a correlated series.

The slope of the total energy is fitted by least squares.  Its interval comes from the moving-block
bootstrap of the residuals (Künsch, Ann. Statist. 17, 1217 (1989); Politis & White, Econometric
Reviews 23, 53 (2004)).  The slope is linear in the residuals, so the variance that infinitely many
bootstrap draws would give is known in closed form (:func:`_bootstrap_variance`): nothing is drawn
at random, and the cost is linear in the length of the series.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri

from openmm_mlff.intervals import CONFIDENCE, student_half_width

FEWEST_ROWS = 20  # fewer do not determine a correlation time
FEWEST_BLOCKS = 4  # longer blocks leave too few degrees of freedom

WINDOW = 5.0
"""The autocorrelation is summed up to this many correlation times: Sokal's self-consistent window,
"Monte Carlo methods in statistical mechanics", 1997."""


@dataclass(frozen=True)
class SlopeEstimate:
    """A slope and its standard error, which is infinite for a short series."""

    slope: float
    standard_error: float
    degrees_of_freedom: float

    @property
    def half_width(self) -> float:
        """Half the 95 % interval."""
        return student_half_width(self.standard_error, freedom=self.degrees_of_freedom)


def autocorrelation_time(residuals: np.ndarray) -> float:
    """Return the integrated autocorrelation time of (T,) residuals of mean zero, in rows.

    τ = 1/2 + Σ ρ(k), k = 1 to M, with the smallest M ≥ 5 τ(M); at least 1/2, which is white noise.
    The largest partial sum up to M is taken: the autocorrelation of an oscillation, such as the
    slow beat of an integrator's energy error, turns negative and would cancel the correlation that
    matters.
    """
    rows = len(residuals)
    # Twice the length, so that the end of the series does not correlate with its start.
    spectrum = np.fft.rfft(residuals, 2 * rows)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, 2 * rows)[:rows]
    if covariance[0] <= 0.0:
        return 0.5
    partial_sums = 0.5 + np.cumsum(covariance[1:] / covariance[0])
    wide_enough = np.flatnonzero(np.arange(1, rows) >= WINDOW * partial_sums)
    window = int(wide_enough[0]) + 1 if len(wide_enough) else rows - 1
    return max(0.5, float(partial_sums[:window].max()))


def correlation_rows(values: np.ndarray) -> float:
    """Return the number of rows of a series (T,) worth one independent row, at least 1.

    Twice the autocorrelation time, at the upper edge of its error √(2(2M + 1)/T) for a window of M
    (Madras & Sokal, J. Stat. Phys. 50 (1988) 109).
    """
    tau = autocorrelation_time(values - values.mean())
    return 2.0 * tau * (1.0 + math.sqrt(2.0 * (2.0 * WINDOW * tau + 1.0) / len(values)))


def slope_with_interval(time: np.ndarray, *, values: np.ndarray) -> SlopeEstimate:
    """Fit a straight line to values (T,) at evenly spaced times (T,); autocorrelation is included.

    The block length is b = (2τ)^(2/3) T^(1/3).  Politis & White's rule for an exponentially
    correlated series is 0.7 times that, the best for the variance itself; intervals need longer
    blocks, and with these they have their nominal coverage for correlation times up to T/20.

    Three corrections, without which a bootstrap of few blocks underestimates the error: 1/(1 − τ/b)
    for the correlation cut between blocks (exact for an exponential), K/(K − 2) with K = T/b blocks
    for the two parameters fitted, and Student's t with K − 2 degrees of freedom.

    A beat slower than the series cannot be distinguished from a slope, by any method.  The standard
    error is infinite for fewer than 20 rows.
    """
    rows = len(time)
    if rows < 2:
        return SlopeEstimate(math.nan, math.inf, 1.0)
    centred_time, centred = time - time.mean(), values - values.mean()
    slope = float(centred_time @ centred) / float(centred_time @ centred_time)
    if rows < FEWEST_ROWS:
        return SlopeEstimate(slope, math.inf, 1.0)
    residuals = centred - slope * centred_time
    tau_rows = autocorrelation_time(residuals)
    block = round((2.0 * tau_rows) ** (2 / 3) * rows ** (1 / 3))
    block = min(max(block, 1), rows // FEWEST_BLOCKS)
    n_blocks = rows / block
    variance = _bootstrap_variance(residuals, block=block) * n_blocks / (n_blocks - 2.0)
    variance /= 1.0 - min(0.5, tau_rows / block)
    interval = (time[-1] - time[0]) / (rows - 1)
    return SlopeEstimate(slope, math.sqrt(max(variance, 0.0)) / interval, n_blocks - 2.0)


def _bootstrap_variance(residuals: np.ndarray, *, block: int) -> float:
    """Return the variance of the slope per row over all moving-block resamples of the residuals.

    The slope per row is Σ w_i r_i with w_i = (i − ī)/Σ(i − ī)².  In slot k a block that starts at a
    random s contributes Σ_j w_{kb+j} r_{s+j} = w_{kb} A(s) + w' B(s), with A(s) = Σ_j r_{s+j}, B(s)
    = Σ_j j r_{s+j} and w' the step of w.  Slots are independent, so their variances over s add up.
    """
    rows = len(residuals)
    index = np.arange(rows) - (rows - 1) / 2.0
    weights = index / float(index @ index)
    step, whole, total = weights[1] - weights[0], rows - rows % block, 0.0
    # Σ r_i and Σ i r_i over the rows before each, whose differences are A and B.
    before = np.zeros((2, rows + 1))
    before[:, 1:] = np.cumsum([residuals, np.arange(rows) * residuals], axis=1)
    # The last slot is shorter where the blocks do not fill the series.
    for length, first in ((block, weights[:whole:block]), (rows - whole, weights[whole::block])):
        if length:
            sums, moments = before[:, length:] - before[:, :-length]
            moments -= np.arange(len(sums)) * sums
            (aa, ab), (_, bb) = np.cov(sums, moments, bias=True)
            total += (
                aa * np.sum(first**2) + 2.0 * ab * step * first.sum() + bb * step**2 * len(first)
            )
    return float(total)


def combine_replicas(estimates: Sequence[SlopeEstimate]) -> tuple[float, float]:
    """Return the mean slope of independent replicas and half its 95 % interval.

    Where the replicas scatter no more than their own errors explain (one-way analysis of variance,
    F test at 95 %), the errors are combined with Welch and Satterthwaite's degrees of freedom; else
    the scatter decides, with Student's t for one less than the number of replicas.
    """
    slopes, squares, freedoms = np.array(
        [(one.slope, one.standard_error**2, one.degrees_of_freedom) for one in estimates]
    ).T
    mean, count = float(slopes.mean()), len(estimates)
    if count == 1 or not np.isfinite(squares).all():
        return mean, max(estimate.half_width for estimate in estimates)
    scatter = float(slopes.var(ddof=1))
    if squares.sum() > 0.0:
        freedom = float(squares.sum() ** 2 / np.sum(squares**2 / freedoms))
        if scatter <= squares.mean() * float(fdtri(count - 1, freedom, CONFIDENCE)):
            return mean, student_half_width(math.sqrt(squares.sum()) / count, freedom=freedom)
    return mean, student_half_width(math.sqrt(scatter / count), freedom=count - 1.0)


def root_mean(squares: np.ndarray) -> tuple[float, float]:
    """Return the root of the mean of a correlated series (T,), and half its 95 % interval."""
    root = float(np.sqrt(squares.mean()))
    # d√m = dm / 2√m.
    return root, mean_half_width(squares) / (2.0 * root) if root else 0.0


def mean_half_width(values: np.ndarray) -> float:
    """Return half the 95 % interval of the mean of a correlated series (T,), in order of time.

    Student's t with σ/√n, n = T/2τ the number of independent values, at least 2; infinite for fewer
    than 3 values.
    """
    if len(values) < 3:
        return math.inf
    tau_rows = autocorrelation_time(values - values.mean())
    independent = max(2.0, len(values) / (2.0 * tau_rows))
    error = float(values.std(ddof=1)) / math.sqrt(independent)
    return student_half_width(error, freedom=independent - 1.0)

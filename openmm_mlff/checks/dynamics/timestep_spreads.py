"""Spreads of the total energy at several timesteps, and the power law through them."""

import math
from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.statistics import student_half_width

NOISE_STEPS = 200  # at the shortest timestep; their energies separate the noise from the motion
LARGEST_RATIO = 0.05  # σ(E_total)/σ(E_kinetic) at a timestep that we call safe: our choice
NOISE_MARGIN = 3.0  # a spread of at least this many times the noise: exponent accurate to 0.04

DIFFERENCES = 6
"""Order of the differences that keep the noise of consecutive steps and remove the motion: of the
energy of an O–H bond, at 0.25 fs, a fraction of 1e-4 remains."""


@dataclass(frozen=True)
class Spreads:
    """Standard deviations at three timesteps, the shortest first; eV.

    Attributes:
        timesteps_fs: (D,).
        each_total_ev: of the total energy, from each start, (S, D).
        each_kinetic_ev: of the kinetic energy, (S, D).
        noise_ev: of the total energy from step to step.
    """

    timesteps_fs: np.ndarray
    each_total_ev: np.ndarray
    each_kinetic_ev: np.ndarray
    noise_ev: float

    @property
    def total_ev(self) -> np.ndarray:
        """Of the total energy over all starts, (D,)."""
        return np.asarray(np.sqrt(np.mean(self.each_total_ev**2, axis=0)))

    @property
    def ratios(self) -> np.ndarray:
        """σ(E_total)/σ(E_kinetic) over all starts, (D,); infinite where nothing moves."""
        kinetic = np.sqrt(np.mean(self.each_kinetic_ev**2, axis=0))
        return np.divide(
            self.total_ev, kinetic, out=np.full_like(kinetic, np.inf), where=kinetic > 0.0
        )

    def exponents(self, first: int, last: int) -> np.ndarray:
        """Return p of σ ∝ dt^p between two of the timesteps, from each start, (S,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.each_total_ev[:, last] / self.each_total_ev[:, first]
            powers = np.log(ratio) / np.log(self.timesteps_fs[last] / self.timesteps_fs[first])
        return np.asarray(powers)

    def exponent(self, first: int, last: int) -> tuple[float, float]:
        """Return the mean exponent of the starts and half its 95 % interval.

        Student's t with S − 1 degrees of freedom; infinite for a single start.
        """
        powers = self.exponents(first, last)
        if len(powers) < 2:
            return float(powers[0]), math.inf
        error = float(powers.std(ddof=1)) / math.sqrt(len(powers))
        return float(powers.mean()), student_half_width(error, freedom=len(powers) - 1)

    def first_above_noise(self) -> int | None:
        """Return the shortest timestep whose spread is not noise; None where fewer than two are."""
        clear = np.flatnonzero(
            (self.total_ev >= NOISE_MARGIN * self.noise_ev) & (self.total_ev > 0.0)
        )
        return int(clear[0]) if len(clear) and clear[0] < len(self.total_ev) - 1 else None

    def safe_timestep_fs(self, *, first: int) -> float | None:
        """Return the largest timestep at which σ(E_total)/σ(E_kinetic) stays within 0.05.

        By the law fitted to the timesteps from ``first`` on, and never beyond the largest that was
        run; None where the law does not rise.
        """
        ratios, timesteps_fs = self.ratios[first:], self.timesteps_fs[first:]
        if not (np.isfinite(ratios) & (ratios > 0.0)).all():
            return None
        power, offset = np.polyfit(np.log(timesteps_fs), np.log(ratios), 1)
        if power <= 0.0:
            return None
        return float(min(timesteps_fs[-1], np.exp((np.log(LARGEST_RATIO) - offset) / power)))

    def least_error_ev(self, *, first: int, low: float) -> float:
        """Return the smallest error x of the surface, eV, that gives an exponent below ``low``.

        An error that does not depend on the timestep adds to both variances; with k = dt₂/dt₁ and
        an integrator of p = 2, (k⁴ s² + x²)/(s² + x²) = k^(2 p_low) gives x.
        """
        ratio = self.timesteps_fs[-1] / self.timesteps_fs[first]
        bound = ratio ** (2.0 * low)
        return float(self.total_ev[first] * np.sqrt((ratio**4 - bound) / (bound - 1.0)))


def noise(energies_ev: np.ndarray) -> float:
    """Estimate the standard deviation of the noise of energies of consecutive steps, eV.

    σ = 1.4826 median |Δ⁶E| / √C(12, 6): the median, so that a rare jump does not count.  Infinite
    where it cannot be estimated.
    """
    if len(energies_ev) < 2 * DIFFERENCES or not np.isfinite(energies_ev).all():
        return math.inf
    spread = float(np.median(np.abs(np.diff(energies_ev, DIFFERENCES))))
    return 1.4826 * spread / math.sqrt(math.comb(2 * DIFFERENCES, DIFFERENCES))

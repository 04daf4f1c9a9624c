"""How far correlated kinetic energies are from the Maxwell–Boltzmann distribution.

The kinetic energy of n degrees of freedom over k_B T follows a gamma distribution of shape n/2,
and so does the mean of independent samples of it, so that its deviation is exact for any number of
samples.  `physical_validation` alone, which bootstraps the few tens of independent samples of 4 ps
of three atoms, is beyond 3 σ in 3 to 17 of 100 healthy runs.

The time average of the kinetic energy of any group of atoms over t of Langevin dynamics with the
friction γ is worth at least γt independent samples, whatever the potential: K − ⟨K⟩ is an
eigenfunction of the thermostat's part of the generator, with the eigenvalue 2γ, and a forward and a
backward martingale (Lyons & Zheng, Astérisque 157 (1988) 249) bound the variance of the average by
Var(K)/(γt).  So a run of a few 1/γ needs no estimate of a correlation time.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, ndtr, ndtri

from openmm_mlff.checks.statistics import correlation_rows

HALF_DEVIATION = 2.0  # both halves of a run that fails deviate by this, in the same direction
_SMALLEST_PROBABILITY = 1e-300


@dataclass(frozen=True)
class KineticSample:
    """Kinetic energies of some atoms."""

    group: str
    reduced: np.ndarray  # kinetic energy over k_B T, (S,), in order of time
    degrees_of_freedom: int  # three an atom, less one for each fixed distance
    # independent samples that the mean is worth; None for an estimate from the samples themselves
    known_independent: float | None = None

    @property
    def shape(self) -> float:
        """Of the gamma distribution; also its mean and variance."""
        return self.degrees_of_freedom / 2.0

    @property
    def temperature_ratio(self) -> float:
        """Temperature by the mean, over the thermostat's."""
        return float(self.reduced.mean()) / self.shape

    def half(self, second: int) -> "KineticSample":
        """Return the first (0) or second (1) half of the run."""
        middle = len(self.reduced) // 2
        part = self.reduced[middle:] if second else self.reduced[:middle]
        known = self.known_independent and self.known_independent / 2.0
        return replace(self, reduced=part, known_independent=known)

    def correlation(self) -> float:
        """Return the number of samples worth one independent sample, at least 1."""
        return correlation_rows(self.reduced)

    def independent(self) -> float:
        """Return the number of independent samples that these are worth, at least 1."""
        if self.known_independent is not None:
            return max(1.0, self.known_independent)
        return max(1.0, len(self.reduced) / self.correlation())

    def mean_deviation(self) -> float:
        """Return the deviation of the mean, in standard deviations, negative where it is cold.

        That of a normal distribution with the probability of the sum of m independent samples,
        which is gamma distributed with shape m n/2.
        """
        total_shape = self.independent() * self.shape
        total = total_shape * self.temperature_ratio
        below, above = float(gammainc(total_shape, total)), float(gammaincc(total_shape, total))
        sigma = float(ndtri(max(min(below, above), _SMALLEST_PROBABILITY)))
        return sigma if below < above else -sigma

    def least_heating(self, sigma: float) -> float:
        """Return the relative rise of the temperature, (T − T₀)/T₀, of a deviation of the mean."""
        total_shape = self.independent() * self.shape
        return float(gammainccinv(total_shape, ndtr(-sigma))) / total_shape - 1.0

    def width_deviation(self) -> float:
        """Return the deviation of the width, in standard deviations, negative where it is narrow.

        The logarithm of the variance of m samples of a distribution with an excess kurtosis κ is
        uncertain by √((κ + 2)/m); a gamma distribution of shape k has κ = 6/k.
        """
        independent = self.independent()
        error = math.sqrt((6.0 / self.shape + 2.0) / independent)
        variance = float(self.reduced.var()) / max(0.5, 1.0 - 1.0 / independent)
        if variance <= 0.0:
            return float(ndtri(_SMALLEST_PROBABILITY))
        # The mean of a logarithm lies half its variance below the logarithm of the mean.
        return (math.log(variance / self.shape) + 0.5 * error**2) / error


@dataclass(frozen=True)
class Deviation:
    """One test of one group in one run.

    ``quantity`` is ``mean`` or ``width``; ``library_sigma`` is by `physical_validation`.
    """

    run: str
    sample: KineticSample
    quantity: str
    library_sigma: float | None = None

    @cached_property
    def sigma(self) -> float:
        """The deviation in standard deviations, with its sign."""
        return self._of(self.sample)

    def _of(self, sample: KineticSample) -> float:
        return sample.mean_deviation() if self.quantity == "mean" else sample.width_deviation()

    def confirmed(self, limit: float) -> bool:
        """Return whether both halves deviate in the same direction, and the library agrees."""
        halves = [math.copysign(1.0, self.sigma) * self._of(self.sample.half(k)) for k in (0, 1)]
        # A NaN from the library counts as a deviation.
        agreed = self.library_sigma is None or not self.library_sigma <= limit
        return min(halves) > HALF_DEVIATION and agreed

    def as_dict(self, target_kelvin: float) -> dict[str, Any]:
        """Return the test for the evidence."""
        return {
            "run": self.run,
            "group": self.sample.group,
            "quantity": self.quantity,
            "deviation_sigma": self.sigma,
            "physical_validation_sigma": self.library_sigma,
            "degrees_of_freedom": self.sample.degrees_of_freedom,
            "independent_samples": self.sample.independent(),
            "temperature_kelvin": self.sample.temperature_ratio * target_kelvin,
        }


def of_family(deviation: float, *, tests: int) -> float:
    """Return the largest of several deviations as that of one test; both in standard deviations.

    Šidák: p_family = 1 − (1 − p)^n, as if the tests were independent, which is conservative.
    """
    single = max(2.0 * float(ndtr(-abs(deviation))), _SMALLEST_PROBABILITY)
    if single >= 1.0:
        return 0.0
    family = -math.expm1(tests * math.log1p(-single))
    return max(0.0, -float(ndtri(family / 2.0)))


def single_deviation(family: float, *, tests: int) -> float:
    """Return the deviation that the largest of several tests needs; the inverse of `of_family`."""
    probability = 2.0 * float(ndtr(-family))
    single = -math.expm1(math.log1p(-probability) / tests)
    return -float(ndtri(single / 2.0))

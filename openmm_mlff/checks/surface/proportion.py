"""The factor between the forces and the slope of the energy, and known mistakes that cause it."""

from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.parity.unit_scale import nearest_slip
from openmm_mlff.units import EV_PER_ANGSTROM_BY_FORCE_UNIT, MEV_PER_EV

NAMED_WITHIN = 0.01  # a cause is named where the factor agrees with it to 1 %
PROPORTIONAL = 0.05  # forces are proportional to the slope where the scatter is less than this
CLEAR_OF_NOISE = 10.0  # a factor is fitted where the slopes are this many times their own error
CAUSES = {
    -1.0: "the sign is wrong",
    0.5: "as if half of the energy were differentiated",
    2.0: "as if pairs were counted twice",
    MEV_PER_EV: "as if meV/Å were taken for eV/Å",
    1.0 / MEV_PER_EV: "as if eV/Å were taken for meV/Å",
}


@dataclass(frozen=True)
class Proportion:
    """Forces fitted as a multiple of −dE/dx.

    Attributes:
        factor: F/(−dE/dx) by least squares; NaN where the slopes are no more than their error.
        error: one standard error, from that of the slopes.
        scatter: RMS of F − factor · (−dE/dx), relative to the forces.
    """

    factor: float
    error: float
    scatter: float

    @property
    def cause(self) -> str:
        """The known cause of the factor; empty where there is none, or where the factor is 1."""
        margin = NAMED_WITHIN * abs(self.factor) + 3.0 * self.error
        if not self.scatter < PROPORTIONAL or abs(self.factor - 1.0) <= margin:
            return ""
        if abs(self.factor) < NAMED_WITHIN / MEV_PER_EV:
            return "the forces are cut off from the energy"
        for size, cause in CAUSES.items():
            if abs(self.factor - size) <= NAMED_WITHIN * abs(size):
                return cause
        slip, size = nearest_slip(self.factor, unit_sizes=EV_PER_ANGSTROM_BY_FORCE_UNIT)
        return slip if abs(self.factor - size) <= NAMED_WITHIN * size else ""

    @property
    def note(self) -> str:
        """The factor and its cause for a sentence; empty where there is no factor."""
        if not np.isfinite(self.factor):
            return ""
        cause = f", {self.cause}" if self.cause else ""
        return f"fitted F/(−dE/dx) = {self.factor:#.3g}{cause}"


def rms(values: np.ndarray) -> float:
    """Return the root mean square; NaN where there is no value."""
    return float(np.sqrt(np.mean(values**2))) if values.size else float("nan")


def fit_proportion(forces: np.ndarray, slopes: np.ndarray, *, error: float) -> Proportion:
    """Fit forces as a multiple of the slopes −dE/dx along the same directions.

    Args:
        forces: in any unit.
        slopes: in the same unit.
        error: one standard error of a slope.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        size = rms(slopes)
        if not size > CLEAR_OF_NOISE * error:
            return Proportion(float("nan"), float("nan"), float("nan"))
        factor = float(np.sum(forces * slopes) / np.sum(slopes**2))
        rest = rms(forces - factor * slopes)
    # Forces of zero are proportional to any slope.
    scatter = rest / max(rms(forces), 1e-6 * size)
    return Proportion(factor, float(error / (size * np.sqrt(slopes.size))), scatter)

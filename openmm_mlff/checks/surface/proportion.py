"""By what factor are forces larger than the slope of the energy, and what makes such a factor?"""

from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.parity.unit_scale import nearest_slip
from openmm_mlff.units import EV_PER_ANGSTROM_BY_FORCE_UNIT, MEV_PER_EV

NAMED_WITHIN = 0.01
"""A cause is named where the factor agrees with it to 1 %."""

PROPORTIONAL = 0.05
"""Forces are proportional to the slope where a factor leaves less than this share of them."""

CLEAR_OF_NOISE = 10.0
"""A factor is fitted where the slopes are this many times their own error."""

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
        scatter: RMS of what the factor leaves, relative to the forces.
    """

    factor: float
    error: float
    scatter: float

    @property
    def cause(self) -> str:
        """What makes such a factor; empty where none is known, or where the factor is 1."""
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
        """The factor for a sentence, with its cause; empty where it is not known."""
        if not np.isfinite(self.factor):
            return ""
        cause = f", {self.cause}" if self.cause else ""
        return f"fitted F/(−dE/dx) = {self.factor:#.3g}{cause}"


def fit_proportion(forces: np.ndarray, slopes: np.ndarray, *, error: float) -> Proportion:
    """Fit forces as a multiple of slopes.

    Args:
        forces: F along any directions, any unit.
        slopes: −dE/dx along them.
        error: one standard error of a slope.

    Returns:
        The factor.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        size = float(np.sqrt(np.mean(slopes**2))) if slopes.size else 0.0
        if not size > CLEAR_OF_NOISE * error:
            return Proportion(float("nan"), float("nan"), float("nan"))
        factor = float(np.sum(forces * slopes) / np.sum(slopes**2))
        rest = float(np.sqrt(np.mean((forces - factor * slopes) ** 2)))
    # Forces of zero are proportional to any slope.
    scatter = rest / max(float(np.sqrt(np.mean(forces**2))), 1e-6 * size)
    return Proportion(factor, float(error / (size * np.sqrt(slopes.size))), scatter)

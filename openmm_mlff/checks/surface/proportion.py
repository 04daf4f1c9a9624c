"""The factor between the forces and the slope of the energy, and known mistakes that cause it."""

import math
from itertools import permutations

import numpy as np

from openmm_mlff.units import EV_PER_ANGSTROM_BY_FORCE_UNIT, MEV_PER_EV

NAMED_WITHIN = 0.01  # a cause is named where the factor agrees with it to 1 %
PROPORTIONAL = 0.05  # forces are proportional to the slope where the scatter is less than this
CLEAR_OF_NOISE = 10.0  # a factor is fitted where the slopes are this many times their own error
_UNITS = EV_PER_ANGSTROM_BY_FORCE_UNIT
CAUSES = {
    0.0: "the forces are cut off from the energy",
    -1.0: "the sign is wrong",
    0.5: "as if half of the energy were differentiated",
    2.0: "as if pairs were counted twice",
    MEV_PER_EV: "as if meV/Å were taken for eV/Å",
    1.0 / MEV_PER_EV: "as if eV/Å were taken for meV/Å",
} | {
    _UNITS[taken] / _UNITS[given]: f"as if {given} were taken for {taken}"
    for given, taken in permutations(_UNITS, 2)
}


def rms(values: np.ndarray) -> float:
    """Return the root mean square; NaN where there is no value."""
    return float(np.sqrt(np.mean(values**2))) if values.size else math.nan


def fit_factor(forces: np.ndarray, slopes: np.ndarray, *, error: float) -> tuple[float, str]:
    """Return F/(−dE/dx) by least squares, and its known cause; empty for none, or a factor of 1.

    The slopes −dE/dx along the directions of the forces have the standard error `error`, all in one
    unit; the factor is NaN where they are not clear of it.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        size = rms(slopes)
        if not size > CLEAR_OF_NOISE * error:
            return math.nan, ""
        factor = float(np.sum(forces * slopes) / np.sum(slopes**2))
        # Forces of zero are proportional to any slope.
        scatter = rms(forces - factor * slopes) / max(rms(forces), 1e-6 * size)
    for known, cause in CAUSES.items():
        close = math.isclose(factor, known, rel_tol=NAMED_WITHIN, abs_tol=1e-5)
        if close and scatter < PROPORTIONAL:
            return factor, cause
    return factor, ""

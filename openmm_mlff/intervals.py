"""95 % intervals of means, for what measures and what judges."""

import math

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95
FEWEST_FOR_SCATTER = 4  # theory estimates the error better than the scatter of fewer runs


def student_half_width(standard_error: float, *, freedom: float) -> float:
    """Return half the 95 % interval by Student's t; infinite where the error is not finite."""
    if not math.isfinite(standard_error):
        return math.inf
    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * standard_error


def scatter_error(values: np.ndarray) -> float:
    """Return the standard error of the mean of values (n,) by their scatter; NaN for fewer than 4.

    The unit is that of the values.
    """
    if len(values) < FEWEST_FOR_SCATTER:
        return math.nan
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def temperature_half_width(runs_kelvin: np.ndarray, *, degrees_of_freedom: int) -> float:
    """Return half the 95 % interval, K, of the mean of the temperatures of NVE runs, (n,), K.

    It is that of the scatter of four runs or more, else that of a harmonic molecule with f
    vibrational degrees of freedom, T/√(f n).
    """
    count, scatter = len(runs_kelvin), scatter_error(runs_kelvin)
    if not math.isnan(scatter):
        return student_half_width(scatter, freedom=count - 1.0)
    theory = 1.0 / math.sqrt(degrees_of_freedom * count)
    return student_half_width(theory * float(runs_kelvin.mean()), freedom=math.inf)

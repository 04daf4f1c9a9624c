"""Quantisation of energies: the step of which all energies are multiples.

An energy accumulated in float32 is a multiple of one unit in the last place (ulp) of the total;
along a path it is a staircase even if the forces are exact.
"""

import numpy as np

_ROUNDING = 4.0 * float(np.finfo(float).eps)
"""Relative error of a float64 energy after unit conversion."""

_CLEAR = 1000.0
"""A common step must exceed its error by this factor."""

_TELLING = 0.01
"""A remainder is significant if its error is below this fraction of the step; for smooth energies
each comparison then succeeds by chance with a probability of 1 %."""

FEWEST_STEPS = 4
"""Fewer distinct energies have a common step by chance."""

_NEIGHBOURS = 40

_LARGEST_ULP = 1.01 * 2.0**-23
"""Of float32, relative (23 fraction bits), with a margin for variation along a curve."""


def energy_quantum_ev(energies_ev: np.ndarray) -> float:
    """Return the largest common divisor of all energy differences, by Euclid's algorithm.

    Args:
        energies_ev: (P,), not evenly spaced along a straight slope; non-finite values are ignored.

    Returns:
        The step, eV, independent of unit and offset; 0 if none is coarser than float64 rounding.
    """
    values = np.sort(energies_ev[np.isfinite(energies_ev)])
    if len(values) < FEWEST_STEPS:
        return 0.0
    rounding = _ROUNDING * float(np.abs(values).max())
    steps = np.diff(values)
    steps = np.sort(steps[steps > _CLEAR * rounding])
    if len(steps) < FEWEST_STEPS:
        return 0.0
    quantum, error, compared = float(steps[0]), rounding, 0
    for step in steps[1:].tolist():
        if step / quantum * error > _TELLING * quantum:
            break
        quantum, error = _common_divisor(step, rounding, quantum, error)
        compared += 1
        if quantum <= _CLEAR * error:
            return 0.0
    return quantum if compared >= FEWEST_STEPS - 1 else 0.0


def _common_divisor(
    larger: float, larger_error: float, smaller: float, smaller_error: float
) -> tuple[float, float]:
    """Return the greatest common divisor of two numbers with errors, and its error."""
    while smaller > _CLEAR * smaller_error:
        times = round(larger / smaller)
        rest, rest_error = abs(larger - times * smaller), larger_error + times * smaller_error
        if rest_error > _TELLING * smaller:
            return 0.0, rest_error
        if rest <= rest_error:
            break
        larger, larger_error, smaller, smaller_error = smaller, smaller_error, rest, rest_error
    return smaller, smaller_error


def local_ulps_ev(energies_ev: np.ndarray) -> np.ndarray:
    """Return the float32 ulp at each energy of a curve, eV, (P,); 0 if the energies are finer.

    It is determined among energies of similar magnitude, because an ulp grows with the total.
    Equal jumps between flat segments also have a common step, so a step is only accepted if all
    energies share one and it does not exceed a float32 ulp.
    """
    ulps = np.zeros(len(energies_ev))
    common = energy_quantum_ev(energies_ev)
    finite = np.flatnonzero(np.isfinite(energies_ev))
    if common == 0.0:
        return ulps
    order = finite[np.argsort(energies_ev[finite], kind="stable")]
    for part in np.array_split(order, max(1, len(order) // _NEIGHBOURS)):
        largest = _LARGEST_ULP * float(np.abs(energies_ev[part]).max())
        found = energy_quantum_ev(energies_ev[part])
        ulps[part] = max(quantum if quantum <= largest else 0.0 for quantum in (common, found))
    return ulps


def is_float32(quantum_ev: float, *, energy_ev: float) -> bool:
    """Check whether a step is one ulp of a float32 total, in any energy unit."""
    return 0.49 * _LARGEST_ULP <= quantum_ev / max(abs(energy_ev), 1e-300) <= _LARGEST_ULP

"""The granularity of energies: the step of which all of them are multiples.

An energy that is added up in float32 is a multiple of one unit in the last place (ulp) of the
total: along a path it is a staircase, although the forces may be exact.
"""

import numpy as np

_ROUNDING = 4.0 * float(np.finfo(float).eps)
"""Error of a float64 energy that was converted from another unit, relative."""

_CLEAR = 1000.0
"""A common step counts where it is this many times the error with which it is known."""

_TELLING = 0.01
"""A remainder tells whether a step divides another where its error is less than this share of it;
smooth energies then pass by chance once in a hundred, for each step."""

FEWEST_STEPS = 4
"""Fewer different energies have a common step by chance: two always have one."""

_NEIGHBOURS = 40

_LARGEST_ULP = 1.01 * 2.0**-23
"""Of float32, relative: 23 bits follow the leading one.  Energies of one curve differ a little."""


def energy_quantum_ev(energies_ev: np.ndarray) -> float:
    """Return the largest step of which all differences are whole multiples, by Euclid's algorithm.

    Args:
        energies_ev: (P,), at points that are not evenly spaced on a straight slope; values that are
            not finite are left out.

    Returns:
        The step, eV, whatever the unit in which the energies were rounded and whatever was added
        to them; 0 where there is none coarser than the rounding of float64.
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
    """Return the ulp of float32 at each energy of a curve whose energies are multiples of one.

    Jumps of one size between flat pieces have a common step, too: it counts only where all energies
    have one, and where it is no more than an ulp of float32.

    Args:
        energies_ev: (P,).

    Returns:
        (P,), eV, from energies of about that size, because an ulp grows with the total; 0 where
        the energies are finer than float32.
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
    """Return whether a step is one ulp of a float32 total, in any unit of energy."""
    return 0.49 * _LARGEST_ULP <= quantum_ev / max(abs(energy_ev), 1e-300) <= _LARGEST_ULP

"""Medians, quartiles and ratios of the times of blocks; pure."""

import math
from collections.abc import Sequence

import numpy as np

from openmm_mlff.benchmark.entries import Ratio, Spread, Timing

_SIGNIFICANT_DIGITS = 6


def spread(values: Sequence[float]) -> Spread:
    """Return median and quartiles (linear between order statistics) of times or ratios.

    Raises:
        ValueError: no values, or values that are not finite and positive.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not (np.isfinite(array).all() and (array > 0.0).all()):
        raise ValueError(f"expected a list of positive, finite numbers, got {list(values)}")
    p25, median, p75 = (float(value) for value in np.percentile(array, [25.0, 50.0, 75.0]))
    return Spread(median=median, p25=p25, p75=p75)


def median_interval(values: Sequence[float], *, coverage: float = 0.95) -> tuple[float, float]:
    """Return the distribution-free confidence interval of the median of independent values.

    The k-th smallest and k-th largest of n values enclose the median with probability 1 − 2 P(B <
    k), where B is binomial with n trials of probability 1/2 (David and Nagaraja, Order Statistics,
    3rd ed., 7.1); k is the largest with the required coverage. With fewer than six values the
    widest interval covers less than 95 % and is returned.
    """
    ordered = sorted(values)
    n = len(ordered)
    tail, k = 0.0, 0
    while k < n // 2:
        tail += math.comb(n, k) / 2.0**n
        if 2.0 * tail > 1.0 - coverage:
            break
        k += 1
    k = max(k, 1)
    return ordered[k - 1], ordered[n - k]


def timing(blocks_ms: Sequence[float]) -> Timing:
    """Return median and quartiles of the blocks, which are times per step in ms.

    The blocks are rounded first, so that the file contains the numbers from which all medians and
    speedups are computed.

    Raises:
        ValueError: no blocks, or values that are not finite and positive.
    """
    rounded = tuple(float(f"{block:.{_SIGNIFICANT_DIGITS}g}") for block in blocks_ms)
    return Timing(**vars(spread(rounded)), blocks=rounded)


def per_replica(step: Timing, count: int) -> Timing:
    """Return the time per step divided by the number of replicas."""
    return timing([block / count for block in step.blocks])


def speedup(reference: Timing, model: Timing) -> Spread:
    """Return median and quartiles of the speedup over the reference.

    The ratio t_reference / t_model is computed within each round before it is summarised, so that
    slow changes of the machine cancel, unlike in the ratio of two medians.

    Raises:
        ValueError: the numbers of blocks differ.
    """
    return spread(_ratios(reference, model))


def ratio(above: Timing, below: Timing) -> Ratio:
    """Return the median ratio of two times and its 95 % interval, computed as in :func:`speedup`.

    Raises:
        ValueError: the numbers of blocks differ.
    """
    ratios = _ratios(above, below)
    low, high = median_interval(ratios)
    return Ratio(median=spread(ratios).median, low=low, high=high)


def _ratios(above: Timing, below: Timing) -> list[float]:
    """Return the ratio of the times of each round."""
    return [slow / fast for slow, fast in zip(above.blocks, below.blocks, strict=True)]

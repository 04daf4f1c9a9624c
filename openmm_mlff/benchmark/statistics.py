"""From the times of blocks to medians, quartiles, speedups and throughput; pure."""

import math
from collections.abc import Sequence

import numpy as np

from openmm_mlff.benchmark.entries import Ratio, Spread, Timing

_SIGNIFICANT_DIGITS = 6


def spread(values: Sequence[float]) -> Spread:
    """Give median and quartiles (linear between order statistics).

    Args:
        values: at least one, all finite and positive: times or ratios of times.

    Returns:
        The spread.

    Raises:
        ValueError: no values, or values that are no times.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not (np.isfinite(array).all() and (array > 0.0).all()):
        raise ValueError(f"expected a list of positive, finite numbers, got {list(values)}")
    p25, median, p75 = (float(value) for value in np.percentile(array, [25.0, 50.0, 75.0]))
    return Spread(median=median, p25=p25, p75=p75)


def median_interval(values: Sequence[float], *, coverage: float = 0.95) -> tuple[float, float]:
    """Give the interval that holds the true median, whatever the distribution.

    Of n values in order, the k-th smallest and the k-th largest enclose the median of what they
    are drawn from with probability 1 − 2 P(B < k), B binomial of n halves (David and Nagaraja,
    Order Statistics, 3rd ed., 7.1); k is the largest that keeps the coverage.  With fewer than six
    values even the widest interval covers less than 95 %, and that one is given.

    Args:
        values: at least one, independent of each other.
        coverage: probability.

    Returns:
        Its ends, which are two of the values.
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
    """Summarise the blocks of one model.

    The blocks are rounded before anything is computed of them, so that the file holds all that
    its medians and speedups come from.

    Args:
        blocks_ms: mean time of a step in each block, ms.

    Returns:
        The blocks with their median and quartiles.

    Raises:
        ValueError: no blocks, or values that are no times.
    """
    rounded = tuple(float(f"{block:.{_SIGNIFICANT_DIGITS}g}") for block in blocks_ms)
    found = spread(rounded)
    return Timing(median=found.median, p25=found.p25, p75=found.p75, blocks=rounded)


def per_replica(step: Timing, count: int) -> Timing:
    """Divide the time of a step of some replicas by their number.

    Args:
        step: of all replicas together.
        count: how many there are.

    Returns:
        The time that one of them takes.
    """
    return timing([block / count for block in step.blocks])


def speedup(reference: Timing, model: Timing) -> Spread:
    """Give how many times faster a model is than the reference.

    The ratio t_reference / t_model is taken within each round, where both met the same state of
    the machine, and only then summarised: slow changes of the machine cancel, which they do not
    in the ratio of two medians.

    Args:
        reference: blocks of the reference model.
        model: blocks of the model, of the same rounds.

    Returns:
        Median and quartiles of the ratios; 1 for the reference itself.

    Raises:
        ValueError: not as many blocks of one as of the other.
    """
    return spread(_ratios(reference, model))


def ratio(above: Timing, below: Timing) -> Ratio:
    """Give the ratio of two times, taken within each round as in :func:`speedup`.

    Args:
        above: blocks of the numerator.
        below: blocks of the denominator, of the same rounds.

    Returns:
        Median of the ratios and its 95 % interval, see :func:`median_interval`.

    Raises:
        ValueError: not as many blocks of one as of the other.
    """
    ratios = _ratios(above, below)
    low, high = median_interval(ratios)
    return Ratio(median=spread(ratios).median, low=low, high=high)


def _ratios(above: Timing, below: Timing) -> list[float]:
    if len(above.blocks) != len(below.blocks):
        raise ValueError(
            f"expected as many blocks of both models, got {len(above.blocks)} and "
            f"{len(below.blocks)}"
        )
    return [slow / fast for slow, fast in zip(above.blocks, below.blocks, strict=True)]


def steps_of_block(seconds_per_step: float, *, block_seconds: float, fewest: int, most: int) -> int:
    """Choose how many steps make a block of about the wanted time.

    Args:
        seconds_per_step: measured.
        block_seconds: wanted.
        fewest: never less than this.
        most: never more than this.

    Returns:
        The number of steps.
    """
    wanted = round(block_seconds / max(seconds_per_step, 1e-9))
    return min(max(wanted, fewest), most)

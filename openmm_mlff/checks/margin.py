"""How near a result comes to its limit."""

import math

from openmm_mlff.results import CheckResult, Status


def limit_used(result: CheckResult) -> float | None:
    """Return how much of its limit a result uses: 1 is at the limit, more is beyond it.

    Args:
        result: with value and threshold.

    Returns:
        Value over threshold, or threshold over value where the value must reach it; None where
        nothing is compared, or where a run lasted as long as was asked, which it cannot exceed.
    """
    if result.value is None or result.threshold is None:
        return None
    if not result.at_least:
        return _ratio(abs(result.value), result.threshold)
    if result.status is Status.PASS and result.value == result.threshold:
        return None
    return _ratio(result.threshold, result.value)


def _ratio(above: float, below: float) -> float:
    if below > 0.0:
        return above / below
    return math.inf if above > 0.0 else 0.0

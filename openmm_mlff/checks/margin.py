"""How near a result comes to its threshold."""

import math

from openmm_mlff.records import CheckResult, Status


def limit_used(result: CheckResult) -> float | None:
    """Say how much of what is allowed a result uses: 1 is at the threshold, more is beyond it.

    Args:
        result: with value and threshold.

    Returns:
        Value over threshold, or threshold over value where the value must reach it; None where
        there is nothing to compare, or a run simply came to its end.
    """
    if result.value is None or result.threshold is None:
        return None
    if result.id == "stability":
        return None if result.status is Status.PASS else _ratio(result.threshold, result.value)
    for measure in result.evidence.get("measures", []):
        same = measure.get("value") == result.value and measure.get("unit") == result.unit
        if same and measure.get("threshold") == result.threshold and measure.get("at_least"):
            return _ratio(result.threshold, result.value)
    return _ratio(abs(result.value), result.threshold)


def _ratio(above: float, below: float) -> float:
    if below > 0.0:
        return above / below
    return math.inf if above > 0.0 else 0.0

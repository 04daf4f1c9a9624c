"""Values that changed by more than their uncertainty from a baseline to another report."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from openmm_mlff.report.comparing.changes import by_key
from openmm_mlff.report.wording import interval_half_width
from openmm_mlff.results import CheckResult, ValidationReport

Direction = Literal["better", "worse"]


@dataclass(frozen=True)
class ValueChange:
    """A value that changed by more than its 95 % interval.

    Attributes:
        difference: in the unit of the values.
        interval: half-width of the 95 % interval of the difference.
    """

    before: CheckResult
    after: CheckResult
    difference: float
    interval: float
    direction: Direction

    def as_dict(self) -> dict[str, Any]:
        """Return the change as JSON-compatible data."""
        return {
            "id": self.after.id,
            "system": self.after.system,
            "condition": self.after.condition,
            "unit": self.after.unit,
            "required": self.before.required or self.after.required,
            "before": self.before.value,
            "after": self.after.value,
            "difference": self.difference,
            "interval": self.interval,
            "direction": self.direction,
        }


def value_changes(baseline: ValidationReport, other: ValidationReport) -> list[ValueChange]:
    """Return the values that changed beyond their intervals.

    If two means have 95 % intervals of half-widths a and b, that of their difference is sqrt(a² +
    b²). A value without an interval is compared by status only.
    """
    old, new = by_key(baseline), by_key(other)
    found = (_compare(old[key], new[key]) for key in old if key in new)
    return [change for change in found if change is not None]


def _compare(before: CheckResult, after: CheckResult) -> ValueChange | None:
    a, b = interval_half_width(before), interval_half_width(after)
    if before.value is None or after.value is None or a is None or b is None:
        return None
    if before.unit != after.unit:
        return None
    difference = after.value - before.value
    interval = math.hypot(a, b)
    if abs(difference) <= interval:
        return None
    # Drifts and errors are better near zero, unless the value must reach its limit.
    larger = abs(after.value) > abs(before.value)
    direction: Direction = "better" if larger == after.at_least else "worse"
    return ValueChange(before, after, difference, interval, direction)

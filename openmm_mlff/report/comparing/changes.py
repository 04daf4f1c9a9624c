"""Changes from a baseline to another report: of statuses, and of values beyond their intervals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from openmm_mlff.report.wording import condition_label, interval_half_width
from openmm_mlff.results import CheckResult, Status, ValidationReport

Kind = Literal["worse", "better", "changed", "lost", "new"]
"""`lost`: only the baseline has the result; `new`: only the other report has it."""

Direction = Literal["better", "worse"]

Key = tuple[str, str, str]
"""System, condition, check."""

_RANKS = {
    Status.PASS: 0,
    Status.NOT_APPLICABLE: 0,
    # A check that was not measured is never approved, whatever the cause.
    Status.INCONCLUSIVE: 1,
    Status.ERROR: 1,
    Status.SKIPPED: 1,
    Status.FAIL: 2,
}


@dataclass(frozen=True)
class Change:
    """A check whose status differs from the baseline.

    Attributes:
        result: the newer one, or the only one.
        before: result of the baseline, None where it has none.
        after: result of the other report, None where it has none.
    """

    kind: Kind
    result: CheckResult
    before: CheckResult | None
    after: CheckResult | None

    @property
    def required(self) -> bool:
        """Whether at least one of the two verdicts depends on it."""
        return any(result.required for result in (self.before, self.after) if result is not None)

    @property
    def counts(self) -> bool:
        """Whether the model got worse: a required check has a worse status or lost its PASS."""
        if not self.required:
            return False
        if self.kind == "lost":
            return self.before is not None and self.before.status is Status.PASS
        if self.kind == "new":
            return self.after is not None and self.after.status is Status.FAIL
        return self.kind == "worse"

    def as_dict(self) -> dict[str, Any]:
        """Return the change as JSON-compatible data."""
        result = self.result
        return {
            "id": result.id,
            "system": result.system,
            "condition": result.condition,
            "kind": self.kind,
            "required": self.required,
            "counts": self.counts,
            "before": self.before and self.before.status.value,
            "after": self.after and self.after.status.value,
            "message": result.message,
        }


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


def by_key(report: ValidationReport) -> Mapping[Key, CheckResult]:
    """Index the results of a report by system, condition and check."""
    return {
        (result.system, condition_label(result.condition), result.id): result
        for result in report.checks
    }


def status_changes(baseline: ValidationReport, other: ValidationReport) -> list[Change]:
    """Return all changes of status, those that count first."""
    old, new = by_key(baseline), by_key(other)
    changes = []
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        kind = _kind(before, after)
        if kind is not None:
            changes.append(Change(kind, new.get(key) or old[key], before, after))
    return sorted(changes, key=lambda change: not change.counts)


def value_changes(baseline: ValidationReport, other: ValidationReport) -> list[ValueChange]:
    """Return the values that changed beyond their intervals.

    If two means have 95 % intervals of half-widths a and b, that of their difference is sqrt(a² +
    b²). A value without an interval is compared by status only.
    """
    old, new = by_key(baseline), by_key(other)
    found = (_compare(old[key], new[key]) for key in old if key in new)
    return [change for change in found if change is not None]


def _kind(before: CheckResult | None, after: CheckResult | None) -> Kind | None:
    if before is None:
        return "new"
    if after is None:
        return "lost"
    if before.status is after.status:
        return None
    step = _RANKS[after.status] - _RANKS[before.status]
    if step == 0:
        return "changed"
    return "worse" if step > 0 else "better"


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

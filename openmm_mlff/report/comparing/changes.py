"""Changes of status from a baseline to another report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from openmm_mlff.report.comparing.merging import verdict_rank
from openmm_mlff.report.wording import condition_label
from openmm_mlff.results import CheckResult, Status, ValidationReport

Kind = Literal["worse", "better", "changed", "lost", "new"]
"""`lost`: only the baseline has the result; `new`: only the other report has it."""

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
        before: result of the baseline, None where it has none.
        after: result of the other report, None where it has none.
    """

    kind: Kind
    before: CheckResult | None
    after: CheckResult | None

    @property
    def result(self) -> CheckResult:
        """The newer result, or the only one."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change without results; expected at least one")
        return found

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
            "before": None if self.before is None else self.before.status.value,
            "after": None if self.after is None else self.after.status.value,
            "message": result.message,
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
            changes.append(Change(kind, before, after))
    return sorted(changes, key=lambda change: not change.counts)


def verdict_is_worse(baseline: ValidationReport, other: ValidationReport) -> bool:
    """Return whether a verdict is worse than the baseline's."""
    return verdict_rank(other) > verdict_rank(baseline)


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

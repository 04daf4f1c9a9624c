"""All checks of several reports, one quantity per row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.changes import by_key
from openmm_mlff.report.selection import measures
from openmm_mlff.report.wording import NOTHING, limit_cell, number
from openmm_mlff.results import CheckResult, Status, ValidationReport

_JUDGED = (Status.PASS, Status.FAIL)

Quantity = tuple[tuple[str, ...], str]
"""Names of the limits it is compared with, and its unit."""


@dataclass(frozen=True)
class Row:
    """One quantity of one check on one system under one condition.

    Attributes:
        results: one per report, None where it has none.
        quantity: names the limit, where the check needs several rows.
    """

    results: tuple[CheckResult | None, ...]
    quantity: str = ""

    @property
    def there(self) -> list[CheckResult]:
        """The results that are present."""
        return [result for result in self.results if result is not None]

    @property
    def name(self) -> str:
        """Check id, with the quantity where the check has several."""
        check = self.there[0].id
        return f"{check}: {self.quantity}" if self.quantity else check

    @property
    def unit(self) -> str:
        """Unit of all values."""
        measured = [result for result in self.there if result.value is not None]
        return (measured or self.there)[0].unit

    @property
    def limit(self) -> str:
        """The distinct thresholds."""
        compared = [result for result in self.there if result.threshold is not None]
        return " or ".join(sorted({limit_cell(result) for result in compared})) or NOTHING

    @property
    def required(self) -> bool:
        """Whether a verdict depends on it."""
        return any(result.required for result in self.there)


def comparison_rows(reports: Sequence[ValidationReport]) -> list[Row]:
    """Return the rows of all checks of all reports, in order of first occurrence.

    A check that compares several quantities with limits reports the one nearest to its limit, which
    may be an energy for one model and a force for another; each such quantity has a row.
    """
    tables = [by_key(report) for report in reports]
    rows = []
    for key in dict.fromkeys(key for table in tables for key in table):
        found = [table.get(key) for table in tables]
        pairs = list(zip(reports, found, strict=True))
        quantities = dict.fromkeys(
            _quantity(report, result.id, result.threshold, result.unit)
            for report, result in pairs
            if result is not None and result.value is not None
        )
        if len(quantities) < 2:
            rows.append(Row(tuple(found)))
            continue
        rows += [
            Row(
                tuple(_of_quantity(report, result, quantity) for report, result in pairs),
                " or ".join(quantity[0]) or quantity[1],
            )
            for quantity in quantities
        ]
    return rows


def _quantity(
    report: ValidationReport, check_id: str, threshold: float | None, unit: str
) -> Quantity:
    """Return the quantity of a number, identified by its limits."""
    limits = report.protocol.get("criteria", {}).get(check_id, {})
    names = [
        name
        for name, limit in limits.items()
        if (limit.get("value"), limit.get("unit")) == (threshold, unit)
    ]
    return tuple(names), unit


def _of_quantity(
    report: ValidationReport, result: CheckResult | None, quantity: Quantity
) -> CheckResult | None:
    """Return the measure of one quantity that is nearest to its limit."""
    if result is None or result.value is None:
        return result
    if _quantity(report, result.id, result.threshold, result.unit) == quantity:
        return result
    found = [
        _as_result(result, measure)
        for measure in measures(result)
        if _quantity(report, result.id, measure["threshold"], measure["unit"]) == quantity
    ]
    return max(found, key=lambda one: one.limit_used or 0.0, default=None)


def _as_result(result: CheckResult, measure: dict[str, Any]) -> CheckResult:
    """Convert a measure in the evidence of a result to a result."""
    status = result.status
    if status in _JUDGED:
        status = Status.PASS if measure["ok"] else Status.FAIL
    fields = {name: measure[name] for name in ("value", "unit", "threshold", "at_least")}
    message = f"{measure['what']} {number(measure['value'])} {measure['unit']}"
    return result.model_copy(
        update={**fields, "status": status, "message": message, "evidence": {}}
    )

"""Every check of several reports side by side, one quantity a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.changes import by_key
from openmm_mlff.report.wording import NOTHING, limit_cell, number
from openmm_mlff.results import CheckResult, Status, ValidationReport

_JUDGED = (Status.PASS, Status.FAIL)

Quantity = tuple[tuple[str, ...], str]
"""Names of the limits that it is compared with, and its unit."""


@dataclass(frozen=True)
class Row:
    """One quantity of one check on one system under one condition.

    Attributes:
        results: one a report, None where it has none.
        quantity: names the limit, where the check needs several rows.
    """

    results: tuple[CheckResult | None, ...]
    quantity: str = ""

    @property
    def there(self) -> list[CheckResult]:
        """The results that there are."""
        return [result for result in self.results if result is not None]

    @property
    def name(self) -> str:
        """Id of the check, with the quantity where it has several."""
        check = self.there[0].id
        return f"{check}: {self.quantity}" if self.quantity else check

    @property
    def unit(self) -> str:
        """Unit of all values."""
        measured = [result for result in self.there if result.value is not None]
        return (measured or self.there)[0].unit

    @property
    def limit(self) -> str:
        """The thresholds, of those results that have one."""
        compared = [result for result in self.there if result.threshold is not None]
        return " or ".join(sorted({limit_cell(result) for result in compared})) or NOTHING

    @property
    def required(self) -> bool:
        """Whether a verdict rests on it."""
        return any(result.required for result in self.there)


def comparison_rows(reports: Sequence[ValidationReport]) -> list[Row]:
    """Lay every check of every report side by side.

    A check that compares several quantities with limits reports the one nearest to its limit, which
    may be an energy for one model and a force for another; it has a row for each of those.

    Args:
        reports: one a model, version or protocol.

    Returns:
        The rows, in the order in which the checks first occur.
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
    """Return which quantity a number is: limits have names, values have not."""
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
    """Return what a result says of one quantity: the measure nearest to its limit."""
    if result is None or result.value is None:
        return result
    if _quantity(report, result.id, result.threshold, result.unit) == quantity:
        return result
    measures = [
        _as_result(result, measure)
        for measure in result.evidence.get("measures") or []
        if _quantity(report, result.id, measure["threshold"], measure["unit"]) == quantity
    ]
    return max(measures, key=lambda one: one.limit_used or 0.0, default=None)


def _as_result(result: CheckResult, measure: dict[str, Any]) -> CheckResult:
    """Return a measure in the evidence of a result as a result of its own."""
    status = result.status
    if status in _JUDGED:
        status = Status.PASS if measure["ok"] else Status.FAIL
    fields = {name: measure[name] for name in ("value", "unit", "threshold", "at_least")}
    message = f"{measure['what']} {number(measure['value'])} {measure['unit']}"
    return result.model_copy(
        update={**fields, "status": status, "message": message, "evidence": {}}
    )

"""The dashboard: checks as rows, systems as columns, each cell with value and threshold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openmm_mlff.checks import CHECKS, Check
from openmm_mlff.report.selection import in_order, severity, systems_with_results
from openmm_mlff.report.wording import (
    SYMBOLS,
    condition_label,
    number,
    several_conditions,
)
from openmm_mlff.results import MOST_SEVERE_FIRST, CheckResult, ValidationReport

DECADES = 4.0
"""Powers of ten shown below the threshold; half as many are shown above."""


@dataclass(frozen=True)
class Cell:
    """One result in the dashboard.

    Attributes:
        result: None where there is none.
        used_text: how much of the limit is used; empty where nothing was compared.
        bar: length of the bar, 0 to 100; the threshold is at two thirds.
        order: sort key, the most severe lowest.
    """

    system: str
    result: CheckResult | None
    used_text: str = ""
    bar: float | None = None
    order: float = math.inf


@dataclass(frozen=True)
class Row:
    """One check under one condition.

    Attributes:
        title: its question; empty for an unknown check.
        condition: its label; empty unless results have different conditions.
        required: whether the verdict depends on any of its results.
        cells: one per system.
    """

    check_id: str
    title: str
    group: str
    condition: str
    required: bool
    cells: tuple[Cell, ...]

    @property
    def statuses(self) -> str:
        """All statuses in the row, for the filter."""
        found = (cell.result.status.value for cell in self.cells if cell.result is not None)
        return " ".join(dict.fromkeys(found))

    @property
    def order(self) -> float:
        """The order of the most severe cell."""
        return min(cell.order for cell in self.cells)

    @property
    def words(self) -> str:
        """The text that is searched."""
        messages = [cell.result.message for cell in self.cells if cell.result is not None]
        return " ".join((self.check_id, self.title, self.group, self.condition, *messages)).lower()


def dashboard_rows(report: ValidationReport, *, known: Sequence[Check] = CHECKS) -> list[Row]:
    """Return one row per check and condition, in the order of `known`."""
    systems = systems_with_results(report)
    conditions = several_conditions(report)
    keys = dict.fromkeys(
        (check.id, condition_label(check.condition) if conditions else "")
        for check in report.checks
    )
    position = {spec.id: k for k, spec in enumerate(known)}
    titles = {spec.id: spec.question for spec in known}
    return [
        _row(report, titles=titles, check_id=check_id, condition=condition, systems=systems)
        for check_id, condition in sorted(keys, key=lambda key: position.get(key[0], len(known)))
    ]


def groups_of(rows: Sequence[Row]) -> list[str]:
    """Return the groups that have rows in display order, those with failures first."""
    failed = {row.group for row in rows if {"FAIL", "ERROR"} & set(row.statuses.split())}
    return sorted(in_order({row.group for row in rows}), key=lambda group: group not in failed)


def statuses_of(report: ValidationReport) -> list[tuple[str, str, int]]:
    """Return name, symbol and count of each status, the most severe first."""
    return [
        (status.value, SYMBOLS[status], count)
        for status in MOST_SEVERE_FIRST
        if (count := sum(check.status is status for check in report.checks))
    ]


def _row(
    report: ValidationReport,
    *,
    titles: Mapping[str, str],
    check_id: str,
    condition: str,
    systems: Sequence[str],
) -> Row:
    found = [
        check
        for check in report.checks
        if check.id == check_id and (not condition or condition_label(check.condition) == condition)
    ]
    by_system = {check.system: check for check in found}
    return Row(
        check_id=check_id,
        title=titles.get(check_id, ""),
        group=found[0].group,
        condition=condition,
        required=any(check.required for check in found),
        cells=tuple(_cell(system, by_system.get(system)) for system in systems),
    )


def _cell(system: str, result: CheckResult | None) -> Cell:
    if result is None:
        return Cell(system, None)
    used = result.limit_used
    if used is None:
        return Cell(system, result, order=severity(result))
    return Cell(system, result, _used_text(used), _bar(used), severity(result))


def _used_text(used: float) -> str:
    if not math.isfinite(used):
        return "beyond any limit"
    if used > 1.0:
        return f"{number(used, digits=2)} × the limit"
    percent = number(100.0 * used, digits=2) if used >= 1e-3 else "under 0.1"
    return f"{percent} % of the limit"


def _bar(used: float) -> float:
    """Return the bar length on a logarithmic axis of six decades, the threshold at two thirds."""
    whole = 1.5 * DECADES
    decades = math.log10(used) if 0.0 < used < math.inf else math.copysign(whole, used - 1.0)
    return round(100.0 * min(max((decades + DECADES) / whole, 0.02), 1.0), 1)

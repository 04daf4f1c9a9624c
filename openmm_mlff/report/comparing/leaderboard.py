"""Models against systems: key numbers, the status on each system, and limits to try out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.rows import comparison_rows
from openmm_mlff.report.selection import KEY_CHECKS, key_results, systems_with_results
from openmm_mlff.report.wording import interval_half_width, value_text, with_unit
from openmm_mlff.results import CheckResult, ClaimStatus, Status, ValidationReport


@dataclass(frozen=True)
class Limit:
    """A threshold that the reader can change; ``unit`` is empty for a ratio."""

    name: str
    sign: str
    value: float
    unit: str


def systems_of(reports: Sequence[ValidationReport]) -> list[str]:
    """Return the systems of all reports, in order of first occurrence."""
    return list(dict.fromkeys(one for report in reports for one in systems_with_results(report)))


def key_cells(report: ValidationReport) -> list[tuple[str, str, float] | None]:
    """Return text, place and value of each key number, None where it was not measured."""
    found = {result.id: result for _, result in key_results(report)}
    return [_key_cell(found[check_id]) if check_id in found else None for check_id in KEY_CHECKS]


def limits_and_results(
    reports: Sequence[ValidationReport],
) -> tuple[list[Limit], list[dict[str, Any]]]:
    """Return the limits, and the results that are compared with them in the page.

    A result has the positions of ``model``, ``system`` and ``limit`` (None where there is none).
    """
    systems = systems_of(reports)
    limits: dict[tuple[str, str, str], Limit] = {}
    results = []
    for row in comparison_rows(reports):
        for model, result in enumerate(row.results):
            if result is None:
                continue
            position = None
            if result.threshold is not None and result.value is not None:
                key = row.name, "≥" if result.at_least else "≤", result.unit
                unit = with_unit("", result.unit).strip()
                limits.setdefault(key, Limit(key[0], key[1], result.threshold, unit))
                position = list(limits).index(key)
            place = {"limit": position, "model": model, "system": systems.index(result.system)}
            asked = _is_asked(result, reports[model])
            results.append(_outcome(result, row.name) | place | {"required": asked})
    return list(limits.values()), results


def _key_cell(result: CheckResult) -> tuple[str, str, float]:
    text = with_unit(value_text(result), result.unit)
    return text, f"on {result.system}", result.value or 0.0


def _is_asked(result: CheckResult, report: ValidationReport) -> bool:
    """Return whether the verdict depends on a result: not on what no reference was named for."""
    accurate = report.verdict.claims.accurate.status
    is_left_out = result.status is Status.SKIPPED and accurate is ClaimStatus.NOT_ASKED
    return result.required and not is_left_out


def _outcome(result: CheckResult, name: str) -> dict[str, Any]:
    value = result.value
    if value is not None and not result.at_least:
        value = abs(value)
    return {
        "name": name,
        "status": result.status.value,
        "value": value,
        "half": interval_half_width(result) or 0.0,
    }

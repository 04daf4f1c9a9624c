"""Models against systems: key numbers, the status on each system, and limits to try out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.rows import comparison_rows
from openmm_mlff.report.selection import (
    FAULTS,
    KEY_CHECKS,
    NO_FAULT,
    key_results,
    systems_with_results,
    verdict_words,
)
from openmm_mlff.report.wording import interval_half_width, value_text, with_unit
from openmm_mlff.results import CheckResult, ValidationReport

_CLASSES = {NO_FAULT: "none", FAULTS: "rejected"}


@dataclass(frozen=True)
class Entry:
    """One model.

    Attributes:
        verdict: its label; for a protocol that cannot approve, whether it found faults.
        css: class of the verdict.
        numbers: text, place and value of each key number, None where it was not measured.
    """

    label: str
    verdict: str
    css: str
    numbers: tuple[tuple[str, str, float] | None, ...]


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


def entries_of(reports: Sequence[ValidationReport], labels: Sequence[str]) -> list[Entry]:
    """Return one entry per model."""
    return [_entry(report, label) for report, label in zip(reports, labels, strict=True)]


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
            results.append(_outcome(result, row.name) | place)
    return list(limits.values()), results


def _entry(report: ValidationReport, label: str) -> Entry:
    words = verdict_words(report)
    found = {result.id: result for _, result in key_results(report)}
    return Entry(
        label,
        words,
        _CLASSES.get(words, report.verdict.status.value.lower()),
        tuple(_number(found.get(check_id)) for check_id in KEY_CHECKS),
    )


def _number(result: CheckResult | None) -> tuple[str, str, float] | None:
    if result is None or result.value is None:
        return None
    return with_unit(value_text(result), result.unit), f"on {result.system}", result.value


def _outcome(result: CheckResult, name: str) -> dict[str, Any]:
    value = result.value
    if value is not None and not result.at_least:
        value = abs(value)
    return {
        "name": name,
        "status": result.status.value,
        "required": result.required,
        "value": value,
        "half": interval_half_width(result) or 0.0,
    }

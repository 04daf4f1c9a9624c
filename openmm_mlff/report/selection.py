"""Select what is shown: results, stored records, key numbers, the verdict and its reasons."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.report.wording import (
    GROUPS,
    NOTHING,
    SHORT_SHA_LENGTH,
    SYMBOLS,
    condition_label,
    number,
    value_text,
)
from openmm_mlff.results import (
    MOST_SEVERE_FIRST,
    CheckResult,
    ClaimStatus,
    Reason,
    Status,
    ValidationReport,
    Verdict,
    VerdictStatus,
)
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence

R = TypeVar("R")

KEY_CHECKS = {
    "stability": "Stability",
    "energy_drift": "Energy drift",
    "force_accuracy": "Force RMSE",
    "energy_accuracy": "Energy MAE",
    "speed": "Time per step",
}
"""Checks whose values summarise a model, and the labels of their values."""

MOST_REASONS = 3
NO_FAULT, FAULTS = "no fault found", "faults found"
"""Of a protocol that cannot approve."""

WORDS = {
    VerdictStatus.APPROVED: ("✔", "Safe for production MD within the scope below"),
    VerdictStatus.REJECTED: ("✘", "Not safe for production MD"),
    VerdictStatus.INCONCLUSIVE: ("?", "Neither approved nor rejected, for the reasons below"),
}
"""Symbol and sentence of each verdict."""

CLAIM_WORDS = {
    "sound": "the deployed model is the trained one, and it obeys physics",
    "accurate": "it reproduces the reference",
}

NOT_ALL_ASKED = "Sound within the scope below; accuracy was not judged"


def find_result(
    report: ValidationReport,
    *,
    check_id: str,
    system: str,
    condition: Mapping[str, Any] | None = None,
) -> CheckResult | None:
    """Return the first matching result, None where there is none.

    A result without a condition matches every condition.
    """
    for result in report.checks:
        if result.id == check_id and result.system == system:
            shared = set(result.condition) & set(condition or {})
            if all(result.condition[key] == (condition or {})[key] for key in shared):
                return result
    return None


def measures(result: CheckResult) -> list[dict[str, Any]]:
    """Return what a check compared with its limits; its own value where it lists nothing else.

    Each has ``what``, ``value``, ``unit``, ``threshold``, ``at_least`` and ``ok``.
    """
    own = result.model_dump(include={"value", "unit", "threshold", "at_least"})
    own |= {"what": result.id, "ok": result.status is Status.PASS}
    return result.evidence.get("measures") or [own]


def results_by_group(
    report: ValidationReport, *, system: str
) -> list[tuple[str, list[CheckResult]]]:
    """Return groups and results of a system in display order, those not applicable last."""
    found = [result for result in report.checks if result.system == system]
    found.sort(key=lambda result: result.status is Status.NOT_APPLICABLE)
    return [
        (group, [result for result in found if result.group == group])
        for group in in_order({result.group for result in found})
    ]


def in_order(groups: Collection[str]) -> list[str]:
    """Return groups of checks in display order; those that no check defines come last."""
    return [*(one for one in GROUPS if one in groups), *sorted(set(groups) - set(GROUPS))]


def systems_with_results(report: ValidationReport) -> list[str]:
    """Return the requested systems, then those that appear only in results."""
    return list(dict.fromkeys((*report.systems, *(result.system for result in report.checks))))


@dataclass(frozen=True)
class SummaryRow:
    """Key numbers of one system under one condition.

    Attributes:
        condition: its label, empty where nothing was run.
        results: by check id; missing results are omitted.
    """

    system: str
    condition: str
    results: Mapping[str, CheckResult]

    def cell(self, check_id: str, *, unit: bool, interval: bool = True) -> str:
        """Format status and value of one key number."""
        result = self.results.get(check_id)
        if result is None:
            return NOTHING
        words = [SYMBOLS[result.status]]
        if result.value is not None:
            value = value_text(result) if interval else number(result.value)
            words += [value, result.unit if unit else ""]
        else:
            words.append(result.status.value)
        return " ".join(word for word in words if word)


def summary_rows(report: ValidationReport) -> list[SummaryRow]:
    """Return the key numbers, one row per system and condition."""
    rows = []
    for system in systems_with_results(report):
        conditions = {
            condition_label(result.condition): result.condition
            for result in report.checks
            if result.system == system and result.condition and result.id in KEY_CHECKS
        }
        for label, condition in (conditions or {"": {}}).items():
            found = {
                check_id: find_result(report, check_id=check_id, system=system, condition=condition)
                for check_id in KEY_CHECKS
            }
            known = {check_id: result for check_id, result in found.items() if result is not None}
            rows.append(SummaryRow(system, label, known))
    return rows


def rows_by_condition(
    reports: Sequence[ValidationReport],
) -> dict[str, list[tuple[int, SummaryRow]]]:
    """Group rows of several reports by system and condition, each with the index of its report.

    Keys have the form ``water (NVE, 300 K, 0.5 fs)``.
    """
    side_by_side: dict[str, list[tuple[int, SummaryRow]]] = {}
    for position, report in enumerate(reports):
        for row in summary_rows(report):
            title = f"{row.system} ({row.condition})" if row.condition else row.system
            side_by_side.setdefault(title, []).append((position, row))
    return side_by_side


def severity(result: CheckResult) -> float:
    """Return a sort key, the most severe lowest: status, then the fraction of the limit used."""
    used = min(result.limit_used or 0.0, 1e9)
    return MOST_SEVERE_FIRST.index(result.status) + 1.0 - used / (1.0 + used)


def key_results(report: ValidationReport) -> list[tuple[str, CheckResult]]:
    """Return title and most severe result of each key number that was measured."""
    found = []
    for check_id, title in KEY_CHECKS.items():
        measured = [one for one in report.checks if one.id == check_id and one.value is not None]
        if measured:
            found.append((title, min(measured, key=severity)))
    return found


def key_headers(rows: Sequence[SummaryRow]) -> dict[str, tuple[str, str]]:
    """Return title and unit of each key number by check id; no unit where the rows differ."""
    headers = {}
    for check_id, title in KEY_CHECKS.items():
        units = {row.results[check_id].unit for row in rows if check_id in row.results}
        headers[check_id] = (title, units.pop() if len(units) == 1 else "")
    return headers


def model_labels(reports: Sequence[ValidationReport]) -> list[str]:
    """Return unique labels: the model name, if needed with the start of its hash, then a number."""
    names = [report.model.name for report in reports]
    labels = [
        name
        if names.count(name) == 1
        else f"{name} ({report.model.sha256[:SHORT_SHA_LENGTH] or 'no hash'})"
        for name, report in zip(names, reports, strict=True)
    ]
    return [
        label if labels.count(label) == 1 else f"{label} #{labels[: k + 1].count(label)}"
        for k, label in enumerate(labels)
    ]


def stored_record(evidence: Evidence, name: str, cls: type[R]) -> R | None:
    """Return the record of a measurement; None where it is missing or of another class."""
    measurement = evidence.measurements.get(name)
    if measurement is None or measurement.status != DONE:
        return None
    try:
        return measurement.record(cls)
    except RunDirectoryError:
        return None


def verdict_sentence(verdict: Verdict) -> str:
    """Return what the verdict means."""
    is_approved = verdict.status is VerdictStatus.APPROVED
    if is_approved and ClaimStatus.NOT_ASKED in {claim.status for claim in verdict.claims.both}:
        return NOT_ALL_ASKED
    return WORDS[verdict.status][1]


def leading_reasons(
    reasons: Sequence[Reason], *, most: int = MOST_REASONS
) -> tuple[list[Reason], list[Reason]]:
    """Return the most severe reasons, each from another check if possible, and the further ones."""
    first: dict[str, int] = {}
    for k, reason in enumerate(reasons):
        first.setdefault(reason.check or reason.message, k)
    others = [k for k in range(len(reasons)) if k not in first.values()]
    chosen = sorted([*first.values(), *others][:most])
    further = [reason for k, reason in enumerate(reasons) if k not in chosen]
    return [reasons[k] for k in chosen], further


def verdict_words(report: ValidationReport) -> str:
    """Return the label of the verdict, or whether a protocol that cannot approve found faults."""
    if report.protocol.get("may_approve", True):
        return report.verdict.label
    broken = (Status.FAIL, Status.ERROR)
    failed = any(one.required and one.status in broken for one in report.checks)
    is_faulty = failed or report.verdict.status is VerdictStatus.REJECTED
    return FAULTS if is_faulty else NO_FAULT


def claims_line(verdict: Verdict) -> str:
    """Format the claims, e.g. ``sound: YES, accurate: NOT ASKED``."""
    return ", ".join(f"{claim.name}: {claim.status.value}" for claim in verdict.claims.both)

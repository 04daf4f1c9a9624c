"""A protocol's checks as single cases: one for each check, system and condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openmm_mlff.checks.base import Check, conditions_of
from openmm_mlff.checks.registry import select
from openmm_mlff.config import Protocol
from openmm_mlff.results import CheckResult, Status, limit_text, quantity
from openmm_mlff.storage.runs import RunCondition

FORCE_PARITY = "force_accuracy"
"""The only check outside the group parity that compares forces of one geometry."""


@dataclass(frozen=True)
class Case:
    """One check on one system, under one condition where the protocol has several.

    Attributes:
        required: whether the verdict depends on it.
        condition: of its runs; None for a check of the whole system.
        label: unique within the system, e.g. ``energy_drift[300K-0.5fs]``.
    """

    system: str
    spec: Check
    required: bool
    condition: RunCondition | None
    label: str

    @property
    def is_parity(self) -> bool:
        """Whether it compares the forces of one geometry, computed in two ways."""
        return self.spec.group == "parity" or self.spec.id == FORCE_PARITY


@dataclass(frozen=True)
class Judgement:
    """The outcome of a case as a test: passed, failed or skipped."""

    kind: Literal["passed", "failed", "skipped"]
    text: str = ""


def list_cases(protocol: Protocol, systems: Sequence[str]) -> list[Case]:
    """Return the cases of a protocol, system by system, in the order of the registry.

    Raises:
        ConfigError: an unknown check, or a threshold that is missing or wrong.
    """
    cases = []
    for system in systems:
        for spec, required in select(protocol):
            conditions = conditions_of(spec, protocol)
            for at in conditions:
                label = spec.id
                if at is not None and len(conditions) > 1:
                    label += f"[{at.temperature_kelvin:g}K-{at.timestep_fs:g}fs]"
                cases.append(Case(system, spec, required, at, label))
    return cases


def find_result(case: Case, results: Sequence[CheckResult]) -> CheckResult | None:
    """Return the result of a case; None where there is none.

    Where its condition was not run, a result of the whole system counts for it.
    """
    found = [r for r in results if (r.id, r.system) == (case.spec.id, case.system)]
    if case.condition is None:
        return found[0] if found else None
    same = [result for result in found if result.condition == case.condition.as_dict()]
    return next(iter(same or [result for result in found if not result.condition]), None)


def judge_case(case: Case, results: Sequence[CheckResult]) -> Judgement:
    """Return the outcome of a case.

    An ERROR fails, and so does a required check that is INCONCLUSIVE.  FAIL and INCONCLUSIVE of a
    check that is only reported are skips with a message; SKIPPED and NOT APPLICABLE are skips with
    their reason.
    """
    result = find_result(case, results)
    if result is None:
        return Judgement("failed", f"{case.label} on {case.system} has no result: it was not run.")
    if result.status is Status.PASS:
        return Judgement("passed")
    if result.status in (Status.SKIPPED, Status.NOT_APPLICABLE):
        return Judgement("skipped", result.message)
    if case.required or result.status is Status.ERROR:
        return Judgement("failed", _described(case, result))
    return Judgement(
        "skipped", f"{result.status.value}, reported, does not decide: {result.message}"
    )


def _described(case: Case, result: CheckResult) -> str:
    """Return name, number and limit, then the message and what to do."""
    numbers = "" if result.value is None else f": {quantity(result.value, result.unit)}"
    if numbers and result.threshold is not None:
        numbers += f", {limit_text(result)}"
    lines = [f"{case.label} {result.status.value} on {case.system}{numbers}", result.message]
    if result.status is Status.FAIL and case.required:
        lines.append(f"What to do: {case.spec.remedy}")
    return "\n".join(lines)

"""A protocol's checks as single cases: one for each check, system and condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openmm_mlff.checks.base import Check, conditions_of
from openmm_mlff.checks.registry import select
from openmm_mlff.config import Protocol
from openmm_mlff.results import CheckResult, Status, limit_text, quantity
from openmm_mlff.storage.runs import RunCondition


@dataclass(frozen=True)
class Case:
    """One check on one system, under one condition where the protocol has several.

    The verdict depends on a required one.  The condition is None for a check of the whole system.
    The label is unique within the system, e.g. ``energy_drift[300K-0.5fs]``.
    """

    system: str
    spec: Check
    required: bool
    condition: RunCondition | None
    label: str

    @property
    def is_parity(self) -> bool:
        """Whether it compares the forces of one geometry, computed in two ways."""
        return self.spec.group == "parity" or self.spec.id == "force_accuracy"


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
    for spec, required in select(protocol):
        conditions = conditions_of(spec, protocol)
        for at in conditions:
            label = spec.id
            if at is not None and len(conditions) > 1:
                label += f"[{at.temperature_kelvin:g}K-{at.timestep_fs:g}fs]"
            cases.append((spec, required, at, label))
    return [Case(system, *case) for system in systems for case in cases]


def find_result(case: Case, results: Sequence[CheckResult]) -> CheckResult | None:
    """Return the result of a case; None where there is none.

    Where its condition was not run, a result of the whole system counts for it.
    """
    found = [r for r in results if (r.id, r.system) == (case.spec.id, case.system)]
    if case.condition is not None:
        same = [result for result in found if result.condition == case.condition.as_dict()]
        found = same or [result for result in found if not result.condition]
    return found[0] if found else None


def judge_case(case: Case, results: Sequence[CheckResult]) -> Judgement:
    """Return the outcome of a case; what failed has name, number, limit, message and remedy.

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
    if not case.required and result.status is not Status.ERROR:
        text = f"{result.status.value}, reported, does not decide: {result.message}"
        return Judgement("skipped", text)
    numbers = "" if result.value is None else f": {quantity(result.value, result.unit)}"
    if numbers and result.threshold is not None:
        numbers += f", {limit_text(result)}"
    text = f"{case.label} {result.status.value} on {case.system}{numbers}\n{result.message}"
    if result.status is Status.FAIL:
        text += f"\nWhat to do: {case.spec.remedy}"
    return Judgement("failed", text)

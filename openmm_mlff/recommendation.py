"""Label, recommended use and next step of a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from openmm_mlff.checks import Check
from openmm_mlff.claims import Claims, ClaimStatus, Reason, Status, VerdictStatus, place
from openmm_mlff.config import Protocol
from openmm_mlff.results import CheckResult, Scope

SOUND_ONLY = "APPROVED as sound (accuracy not judged)"
NOTHING_AGAINST = "INCONCLUSIVE (nothing found against it)"

_DECIDED = (Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True)
class Evidence:
    """Basis of one claim.

    Attributes:
        results: of the required checks that test it, most severe first.
        missing: required checks without a result.
        not_asked: why the claim is not judged, for all systems or some; empty if it is.
    """

    name: Literal["sound", "accurate"]
    results: Sequence[CheckResult]
    missing: Sequence[Reason]
    not_asked: Sequence[Reason] = ()

    def with_status(self, *statuses: Status) -> list[CheckResult]:
        """Return the results with one of the given statuses."""
        return [result for result in self.results if result.status in statuses]

    @property
    def open_results(self) -> list[CheckResult]:
        """Results that leave the claim undecided."""
        return [result for result in self.results if result.status not in (*_DECIDED, Status.FAIL)]


def reject(
    failed: Sequence[CheckResult], *, known: Mapping[str, Check], model_name: str
) -> tuple[str, str, str]:
    """Return label, recommendation and next step of a rejection."""
    first = failed[0]
    spec = known.get(first.id)
    remedy = f"See the evidence of {first.id}." if spec is None else spec.remedy_for(model_name)
    return (
        VerdictStatus.REJECTED.value,
        _advice_against(failed, model_name=model_name),
        f"{first.id} on {place(first)} first. {remedy}",
    )


def _advice_against(failed: Sequence[CheckResult], *, model_name: str) -> str:
    """Return the remaining use of a rejected potential, if any."""
    groups = {result.group for result in failed}
    systems = ", ".join(dict.fromkeys(result.system for result in failed))
    if groups == {"performance"}:
        return (
            f"{model_name} is too slow for production on this machine ({systems}); no check of its "
            "physics failed, so use it where speed does not matter."
        )
    if groups <= {"accuracy", "performance"}:
        return (
            f"Do not use {model_name} for results that need the accuracy of the reference "
            f"({systems}). No check of its physics failed, so it can be used to test a workflow or "
            "to collect geometries for further training."
        )
    if groups <= {"parity"}:
        return (
            f"Do not run {model_name} as it is deployed: the file or the platform does not compute "
            f"what the model does ({systems})."
        )
    return f"Do not use {model_name} for molecular dynamics, not even short runs ({systems})."


def leave_open(
    evidence: Sequence[Evidence], *, protocol: Protocol, model_name: str
) -> tuple[str, str, str]:
    """Return label, recommendation and next step if nothing failed but checks are undecided."""
    open_results = [result for one in evidence for result in one.open_results]
    missing = [reason for one in evidence for reason in one.missing]
    passed = any(one.with_status(Status.PASS) for one in evidence)
    next_step = _how_to_close(open_results, missing=bool(missing), protocol=protocol)
    if open_results or missing or not passed:
        advice = (
            f"Do not use {model_name} for production yet: no required check failed, but not all "
            "of them were decided."
        )
        return VerdictStatus.INCONCLUSIVE.value, advice, next_step
    advice = (
        f"Nothing was found against {model_name}. {never_approves(protocol)} Do not use it for "
        "production yet."
    )
    return NOTHING_AGAINST, advice, next_step


def _how_to_close(open_results: Sequence[CheckResult], *, missing: bool, protocol: Protocol) -> str:
    """Return the steps that lead to a decision."""
    by_status: dict[Status, list[str]] = {}
    for result in open_results:
        by_status.setdefault(result.status, []).append(result.id)
    steps = {
        Status.ERROR: "see the traceback in report.json and fix its cause",
        Status.SKIPPED: "supply what was missing, e.g. --reference",
        Status.INCONCLUSIVE: "do what its message asks for, or run longer or with more frames",
    }
    parts = [
        f"For {', '.join(dict.fromkeys(ids))}: {steps[status]}."
        for status, ids in by_status.items()
    ]
    if missing:
        parts.append("Complete the validation with --resume.")
    if not protocol.may_approve:
        parts.append(f"Validate with --protocol {_approving(protocol)}, which can approve.")
    return " ".join(parts) or "Name at least one required check in the protocol."


def _approving(protocol: Protocol) -> str:
    """Return the built-in protocol that asks the questions of a quick one and may approve."""
    if protocol.box is None:
        return "standard"
    return "liquid" if protocol.box.found_by == "dynamics" else "crystal"


def never_approves(protocol: Protocol) -> str:
    """Return the sentence about a protocol that may not approve."""
    return f"The protocol {protocol.name} can reject and never approves."


def approve(claims: Claims, *, scope: Scope, model_name: str) -> tuple[str, str, str]:
    """Return label, recommendation and next step of an approval."""
    temperatures = ", ".join(f"{value:g}" for value in scope.temperatures_kelvin)
    too_long = (
        "Longer ones are too long for its bonds: constrain them or make hydrogens heavier. "
        if scope.too_long_timesteps
        else ""
    )
    recommendation = (
        f"Use {model_name} for production MD of molecules like {', '.join(scope.systems)} "
        f"({', '.join(scope.elements)}) at {temperatures} K with timesteps up to "
        f"{scope.max_timestep_fs:g} fs, on {scope.platform} in {scope.precision} precision. "
        f"{too_long}"
        f"Each run lasted {scope.duration_ps:g} ps; rarer events were not sampled."
    )
    next_step = (
        "Validate again with your own molecule (--system), temperature (--temperature) or "
        "timestep (--timestep) before leaving this scope, and after any change of model, platform "
        "or precision."
    )
    if claims.accurate.status is ClaimStatus.YES:
        return VerdictStatus.APPROVED.value, recommendation, next_step
    recommendation += " Its accuracy was not judged."
    return SOUND_ONLY, recommendation, f"Name a reference with --reference. {next_step}"

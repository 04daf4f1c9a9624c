"""Decide the two claims and the verdict from check results.

Checks of the group accuracy test the claim "accurate", all others the claim "sound". For each
claim: if a required check FAILs, it is NO; else if one is ERROR, SKIPPED, INCONCLUSIVE or missing,
it is UNDECIDED; else it is YES, if the protocol may approve. NOT APPLICABLE has no effect.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import get_args

from openmm_mlff.checks import Check
from openmm_mlff.checks.base import Group
from openmm_mlff.checks.registry import checks_of
from openmm_mlff.claims import (
    MOST_SEVERE_FIRST,
    Claim,
    Claims,
    ClaimStatus,
    Reason,
    Status,
    VerdictStatus,
)
from openmm_mlff.config import Protocol
from openmm_mlff.recommendation import Evidence, approve, leave_open, never_approves, reject
from openmm_mlff.results import CheckResult, Scope, Verdict

_GROUPS: tuple[str, ...] = get_args(Group)
"""Most severe first: if the deployed file is not the model, other results are irrelevant."""


def decide(
    results: Sequence[CheckResult],
    *,
    protocol: Protocol,
    scope: Scope,
    model_name: str,
    not_asked: Mapping[str, str] = MappingProxyType({}),
) -> Verdict:
    """Decide whether a potential may be used for production dynamics.

    Args:
        results: of every check on every system and condition.
        protocol: determines the required checks, their conditions, and whether it may approve.
        scope: what was tested; every required check must cover its systems.
        model_name: for messages.
        not_asked: why the accuracy of a system is not judged, by name of the system.

    Returns:
        The verdict; the reasons of each claim are sorted, most severe first.
    """
    known = {spec.id: spec for spec in checks_of(protocol)}
    decisive = sorted((r for r in results if r.required or r.id in protocol.required), key=_order)
    missing = _missing(results, known=known, protocol=protocol, scope=scope)
    not_asked = {name: not_asked[name] for name in scope.systems if name in not_asked}
    evidence = _evidence(decisive, missing, known=known, protocol=protocol, not_asked=not_asked)
    sound, accurate = (_claim(one, known=known, protocol=protocol, scope=scope) for one in evidence)
    claims = Claims(sound=sound, accurate=accurate)
    if claims.status is VerdictStatus.REJECTED:
        failed = [result for one in evidence for result in one.with_status(Status.FAIL)]
        label, recommendation, next_step = reject(failed, known=known, model_name=model_name)
    elif claims.status is VerdictStatus.INCONCLUSIVE:
        asked = [
            one
            for one, claim in zip(evidence, claims.both, strict=True)
            if claim.status is not ClaimStatus.NOT_ASKED
        ]
        label, recommendation, next_step = leave_open(
            asked, protocol=protocol, model_name=model_name
        )
    else:
        label, recommendation, next_step = approve(claims, scope=scope, model_name=model_name)
    return Verdict(
        status=claims.status,
        label=label,
        claims=claims,
        recommendation=recommendation,
        next_step=next_step,
        scope=scope,
    )


def _evidence(
    decisive: Sequence[CheckResult],
    missing: Sequence[Reason],
    *,
    known: Mapping[str, Check],
    protocol: Protocol,
    not_asked: Mapping[str, str],
) -> tuple[Evidence, Evidence]:
    """Return the evidence of each claim: sound, then accurate."""
    accuracy = {spec.id for spec in known.values() if spec.claim == "accurate"}
    sound = [result for result in decisive if result.group != "accuracy"]
    accurate = [
        result
        for result in decisive
        if result.group == "accuracy"
        and not (result.status is Status.SKIPPED and result.system in not_asked)
    ]
    absent = [reason for reason in missing if reason.system not in not_asked]
    return (
        Evidence("sound", sound, [one for one in missing if one.check not in accuracy]),
        Evidence(
            "accurate",
            accurate,
            [one for one in absent if one.check in accuracy],
            _why_not_asked(protocol, accuracy=accuracy, not_asked=not_asked),
        ),
    )


def _why_not_asked(
    protocol: Protocol, *, accuracy: set[str], not_asked: Mapping[str, str]
) -> tuple[Reason, ...]:
    """Return why accuracy is not judged, for all systems or some; empty if it is."""
    if not accuracy.intersection(protocol.required):
        message = f"The protocol {protocol.name} requires no check against a reference."
        return (Reason(message=message),)
    systems: dict[str, list[str]] = {}
    for system, reason in not_asked.items():
        systems.setdefault(reason, []).append(system)
    return tuple(
        Reason(message=f"The accuracy on {', '.join(names)} was not judged: {reason}.")
        for reason, names in systems.items()
    )


def _claim(
    evidence: Evidence, *, known: Mapping[str, Check], protocol: Protocol, scope: Scope
) -> Claim:
    """Decide one claim."""
    failed = evidence.with_status(Status.FAIL)
    if failed:
        return Claim(
            name=evidence.name,
            status=ClaimStatus.NO,
            reasons=tuple(result.as_reason() for result in failed),
            failure_modes=_failure_modes(failed, known=known),
        )
    if evidence.not_asked and not (evidence.open_results or evidence.missing):
        passed = evidence.with_status(Status.PASS)
        beside = _why_approved(evidence, protocol=protocol, scope=scope) if passed else ()
        reasons = (*evidence.not_asked, *beside)
        return Claim(name=evidence.name, status=ClaimStatus.NOT_ASKED, reasons=reasons)
    open_reasons = _open_reasons(evidence, protocol=protocol, scope=scope)
    return Claim(
        name=evidence.name,
        status=ClaimStatus.UNDECIDED if open_reasons else ClaimStatus.YES,
        reasons=open_reasons or _why_approved(evidence, protocol=protocol, scope=scope),
    )


def _order(result: CheckResult) -> tuple[int, int, float, str, str]:
    """Return the sort key: status, group, excess over the threshold."""
    group = _GROUPS.index(result.group) if result.group in _GROUPS else len(_GROUPS)
    return MOST_SEVERE_FIRST.index(result.status), group, -_excess(result), result.system, result.id


def _excess(result: CheckResult) -> float:
    """Return the used fraction of the limit; infinite if nothing is compared."""
    used = result.limit_used
    return math.inf if used is None or math.isnan(used) else used


def _missing(
    results: Sequence[CheckResult],
    *,
    known: Mapping[str, Check],
    protocol: Protocol,
    scope: Scope,
) -> list[Reason]:
    """Return the required checks without a result for a system or one of its conditions."""
    dynamics = protocol.dynamics
    conditions = list(product(dynamics.temperatures_kelvin, dynamics.timesteps_fs))
    missing = []
    for check_id, system in product(protocol.required, scope.systems):
        spec = known.get(check_id)
        found = [r for r in results if r.id == check_id and r.system == system]
        absent: list[dict[str, float]] = [{}]
        if found:
            # A result without condition that did not pass applies to all conditions.
            for_all = any(not r.condition and r.status is not Status.PASS for r in found)
            by_condition = spec is not None and spec.scope == "condition" and not for_all
            seen = {
                (r.condition.get("temperature_kelvin"), r.condition.get("timestep_fs"))
                for r in found
            }
            absent = [
                {"temperature_kelvin": temperature, "timestep_fs": timestep}
                for temperature, timestep in conditions
                if by_condition and (temperature, timestep) not in seen
            ]
        missing += [
            Reason(check=check_id, system=system, condition=at, message="no result, it was not run")
            for at in absent
        ]
    return missing


def _failure_modes(failed: Sequence[CheckResult], *, known: Mapping[str, Check]) -> tuple[str, ...]:
    """Return the consequence in production of each failed check."""
    modes = []
    for check_id in dict.fromkeys(result.id for result in failed):
        results = [result for result in failed if result.id == check_id]
        mode = known[check_id].consequence if check_id in known else results[-1].message
        systems = dict.fromkeys(result.system for result in results)
        modes.append(f"{mode} (seen on {', '.join(systems)})")
    return tuple(modes)


def _open_reasons(evidence: Evidence, *, protocol: Protocol, scope: Scope) -> tuple[Reason, ...]:
    """Return why a claim is undecided: errors first, then missing checks, then the rest."""
    errors = evidence.with_status(Status.ERROR)
    others = [result for result in evidence.open_results if result.status is not Status.ERROR]
    reasons = [result.as_reason() for result in errors]
    reasons += [*evidence.missing, *(result.as_reason() for result in others)]
    if not (evidence.with_status(Status.PASS) and scope.systems):
        reasons.append(Reason(message="No required check passed."))
    if not protocol.may_approve:
        reasons.append(Reason(message=never_approves(protocol)))
    return tuple(reasons)


def _why_approved(evidence: Evidence, *, protocol: Protocol, scope: Scope) -> tuple[Reason, ...]:
    """Return a summary of what passed, and the result nearest to its limit."""
    passed = evidence.with_status(Status.PASS)
    checks = len({result.id for result in passed})
    aside = len(evidence.with_status(Status.NOT_APPLICABLE))
    beside = f", {aside} not applicable" if aside else ""
    found = {result.system for result in evidence.results}
    systems = [system for system in scope.systems if system in found]
    message = (
        f"All {checks} required checks of the claim {evidence.name!r} in the protocol "
        f"{protocol.name} passed on {', '.join(systems)} ({len(passed)} results{beside})."
    )
    compared = [result for result in passed if result.limit_used is not None]
    nearest = max(compared, key=_excess, default=None)
    reasons = [Reason(message=message)]
    if nearest is not None:
        reasons.append(nearest.as_reason(lead="Nearest to its limit"))
    return tuple(reasons)

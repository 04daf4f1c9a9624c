"""From check results to the one verdict; pure.

1. A required check that FAILs rejects.  2. Else a required check that is ERROR, SKIPPED,
INCONCLUSIVE or missing leaves it open: what was not measured is never approved.  3. Else the
potential is approved, for the scope that was tested and no wider, where the protocol may approve.
"""

import math
from collections.abc import Mapping, Sequence
from typing import get_args

from openmm_mlff.checks import CheckSpec
from openmm_mlff.checks.base import RATIO, Group
from openmm_mlff.checks.margin import limit_used
from openmm_mlff.checks.registry import checks_of
from openmm_mlff.config import Protocol
from openmm_mlff.records import CheckResult, Scope, Status, Verdict, VerdictStatus

_GRAVITY = (Status.FAIL, Status.ERROR, Status.SKIPPED, Status.INCONCLUSIVE, Status.PASS)
_GROUPS: tuple[str, ...] = get_args(Group)
"""Gravest first: where the file is not the model, nothing else says anything about the model."""


def decide(
    results: Sequence[CheckResult], *, protocol: Protocol, scope: Scope, model_name: str
) -> Verdict:
    """Decide whether a potential may be used for production dynamics.

    Args:
        results: of every check on every system and condition.
        protocol: says what is required, under which conditions, and whether it may approve.
        scope: what was tested; its systems are those that every required check must cover.
        model_name: for the sentences.

    Returns:
        The verdict, its reasons the gravest first.
    """
    decisive = sorted((r for r in results if _is_decisive(r, protocol=protocol)), key=_order)
    failed = [result for result in decisive if result.status is Status.FAIL]
    known = {spec.id: spec for spec in checks_of(protocol)}
    if failed:
        return Verdict(
            status=VerdictStatus.REJECTED,
            reasons=tuple(_reason(result) for result in failed),
            failure_modes=_failure_modes(failed, known=known),
            recommendation=_advice_against(failed, model_name=model_name),
            next_step=_remedy(failed[0], known=known),
            scope=scope,
        )
    open_results = [result for result in decisive if result.status is not Status.PASS]
    missing = _missing(results, known=known, protocol=protocol, scope=scope)
    measured = bool(decisive and scope.systems)
    if open_results or missing or not measured or not protocol.may_approve:
        return Verdict(
            status=VerdictStatus.INCONCLUSIVE,
            reasons=_open_reasons(
                open_results, missing=missing, measured=measured, protocol=protocol
            ),
            recommendation=f"Do not use {model_name} for production yet: nothing was found against "
            "it, but not all that must be known is known.",
            next_step=_how_to_close(open_results, missing=missing, protocol=protocol),
            scope=scope,
        )
    return Verdict(
        status=VerdictStatus.APPROVED,
        reasons=_why_approved(decisive, protocol=protocol, scope=scope),
        recommendation=_approval(scope, model_name=model_name),
        next_step="Validate again with your own molecule, temperature or timestep before leaving "
        "this scope, and after any change of model, platform or precision.",
        scope=scope,
    )


def _is_decisive(result: CheckResult, *, protocol: Protocol) -> bool:
    """Whether the verdict rests on a result.

    A check of the protocol's required ones may say that it does not apply (SKIPPED, not required);
    any other status counts, whatever the result's own flag.

    Returns:
        True where it does.
    """
    if result.required:
        return True
    return result.id in protocol.required and result.status is not Status.SKIPPED


def _order(result: CheckResult) -> tuple[int, int, float, str, str]:
    """Sort the gravest first: by status, by group, by how far beyond the threshold."""
    group = _GROUPS.index(result.group) if result.group in _GROUPS else len(_GROUPS)
    return _GRAVITY.index(result.status), group, -_excess(result), result.system, result.id


def _excess(result: CheckResult) -> float:
    """Give how much of its limit a result uses; infinite where that cannot be said."""
    used = limit_used(result)
    return math.inf if used is None or math.isnan(used) else used


def _missing(
    results: Sequence[CheckResult],
    *,
    known: Mapping[str, CheckSpec],
    protocol: Protocol,
    scope: Scope,
) -> list[str]:
    """Name required checks without a result for a system or one of its conditions."""
    dynamics = protocol.dynamics
    conditions = [
        (temperature, timestep)
        for temperature in dynamics.temperatures_kelvin
        for timestep in dynamics.timesteps_fs
    ]
    missing = []
    for check_id in protocol.required:
        spec = known.get(check_id)
        for system in scope.systems:
            found = [r for r in results if r.id == check_id and r.system == system]
            if not found:
                missing.append(f"{check_id} on {system}")
            elif spec is not None and spec.scope == "condition" and not _says_why_not(found):
                seen = {
                    (r.condition.get("temperature_kelvin"), r.condition.get("timestep_fs"))
                    for r in found
                }
                missing += [
                    f"{check_id} on {system} at {temperature:g} K, {timestep:g} fs"
                    for temperature, timestep in conditions
                    if (temperature, timestep) not in seen
                ]
    return missing


def _says_why_not(results: Sequence[CheckResult]) -> bool:
    """Whether one result speaks for all conditions: none was run, and it says so."""
    return any(not r.condition and r.status is not Status.PASS for r in results)


def _where(result: CheckResult) -> str:
    """Name system and condition."""
    temperature = result.condition.get("temperature_kelvin")
    timestep = result.condition.get("timestep_fs")
    if temperature is None or timestep is None:
        return result.system
    return f"{result.system} at {temperature:g} K, {timestep:g} fs"


def _reason(result: CheckResult) -> str:
    """Name check, system, condition, number and threshold, then say it in words."""
    numbers = ""
    if result.value is not None:
        limit = "" if result.threshold is None else f", threshold {result.threshold:g}"
        unit = "" if result.unit == RATIO else f" {result.unit}"
        numbers = f" ({result.value:.3g}{limit}{unit})"
    return f"{result.id} {result.status.value} on {_where(result)}{numbers}: {result.message}"


def _failure_modes(
    failed: Sequence[CheckResult], *, known: Mapping[str, CheckSpec]
) -> tuple[str, ...]:
    """Say once for each failed check what would go wrong in production."""
    modes: dict[str, str] = {}
    systems: dict[str, list[str]] = {}
    for result in failed:
        spec = known.get(result.id)
        modes[result.id] = result.message if spec is None else spec.failure_mode
        named = systems.setdefault(result.id, [])
        if result.system not in named:
            named.append(result.system)
    return tuple(f"{mode} (seen on {', '.join(systems[id_])})" for id_, mode in modes.items())


def _remedy(result: CheckResult, *, known: Mapping[str, CheckSpec]) -> str:
    """Say what to do about the gravest failure."""
    spec = known.get(result.id)
    remedy = f"See the evidence of {result.id}." if spec is None else spec.remedy
    return f"{result.id} on {_where(result)} first. {remedy}"


def _advice_against(failed: Sequence[CheckResult], *, model_name: str) -> str:
    """Say what the potential still may serve for, if anything."""
    groups = {result.group for result in failed}
    systems = ", ".join(dict.fromkeys(result.system for result in failed))
    if groups == {"performance"}:
        return (
            f"{model_name} is too slow for production on this machine ({systems}); nothing speaks "
            "against its physics, so use it where speed does not matter."
        )
    if groups <= {"accuracy", "performance"}:
        return (
            f"Do not use {model_name} for results that rest on the reference's accuracy "
            f"({systems}). Its dynamics hold, so it may serve to test a workflow or to "
            "collect geometries for further training."
        )
    if groups <= {"parity"}:
        return (
            f"Do not run {model_name} as it is deployed: the file or the platform does not compute "
            f"what the model does ({systems})."
        )
    return f"Do not use {model_name} for molecular dynamics, not even short runs ({systems})."


def _open_reasons(
    open_results: Sequence[CheckResult],
    *,
    missing: Sequence[str],
    measured: bool,
    protocol: Protocol,
) -> tuple[str, ...]:
    """Say why nothing can be decided: broken checks first, then missing ones, then the rest."""
    errors = [_reason(result) for result in open_results if result.status is Status.ERROR]
    others = [_reason(result) for result in open_results if result.status is not Status.ERROR]
    reasons = [*errors, *(f"{name} has no result: it was not measured." for name in missing)]
    reasons += others
    if not measured:
        reasons.append("No required check gave a result.")
    if not protocol.may_approve:
        reasons.append(f"The protocol {protocol.name} may reject, never approve.")
    return tuple(reasons)


def _how_to_close(
    open_results: Sequence[CheckResult], *, missing: Sequence[str], protocol: Protocol
) -> str:
    """Say what would bring a decision."""
    by_status: dict[Status, list[str]] = {}
    for result in open_results:
        by_status.setdefault(result.status, []).append(result.id)
    steps = {
        Status.ERROR: "see the traceback in report.json and mend what broke",
        Status.SKIPPED: "supply what was missing, e.g. --reference",
        Status.INCONCLUSIVE: "run longer or with more frames",
    }
    parts = [
        f"For {', '.join(dict.fromkeys(ids))}: {steps[status]}."
        for status, ids in by_status.items()
    ]
    if missing:
        parts.append("Run the validation to its end with --resume.")
    if not protocol.may_approve:
        parts.append("Validate with --protocol standard, which can approve.")
    return " ".join(parts) or "Name at least one required check in the protocol."


def _why_approved(
    passed: Sequence[CheckResult], *, protocol: Protocol, scope: Scope
) -> tuple[str, ...]:
    """Say what was passed, and which result lies nearest to its threshold."""
    checks = len({result.id for result in passed})
    reasons = [
        f"All {checks} required checks of the protocol {protocol.name} passed on "
        f"{', '.join(scope.systems)} ({len(passed)} results)."
    ]
    compared = [result for result in passed if limit_used(result) is not None]
    if compared:
        nearest = max(compared, key=_excess)
        reasons.append(f"Nearest to its threshold: {_reason(nearest)}")
    return tuple(reasons)


def _approval(scope: Scope, *, model_name: str) -> str:
    temperatures = ", ".join(f"{value:g}" for value in scope.temperatures_kelvin)
    return (
        f"Use {model_name} for production MD of molecules like {', '.join(scope.systems)} "
        f"({', '.join(scope.elements)}) at {temperatures} K with timesteps up to "
        f"{scope.max_timestep_fs:g} fs, on {scope.platform} in {scope.precision} precision. "
        f"Tested over {scope.duration_ps:g} ps a run; what is rarer than that was not seen."
    )

"""Reports of one model, of several runs, as one report."""

from collections.abc import Iterable, Sequence
from itertools import chain

from openmm_mlff.results import (
    MOST_SEVERE_FIRST,
    CheckResult,
    Scope,
    ValidationReport,
    VerdictStatus,
)

_BEST_FIRST = (VerdictStatus.APPROVED, VerdictStatus.INCONCLUSIVE, VerdictStatus.REJECTED)


def verdict_rank(report: ValidationReport) -> int:
    """Return the severity of a verdict: 0 APPROVED, 1 INCONCLUSIVE, 2 REJECTED."""
    return _BEST_FIRST.index(report.verdict.status)


def merge(reports: Sequence[ValidationReport], *, name: str) -> ValidationReport:
    """Return one report of at least one run of a model, under a name.

    The verdict is the most severe one, with the conditions of all runs. Of results of one check on
    one system under one condition, such as those of several seeds, the most severe is taken.
    """
    worst = max(reports, key=verdict_rank)
    verdict = worst.verdict.model_copy(update={"scope": _scope(reports)})
    return worst.model_copy(
        update={
            "model": worst.model.model_copy(update={"name": name}),
            "systems": verdict.scope.systems,
            "checks": _most_severe(chain.from_iterable(report.checks for report in reports)),
            "verdict": verdict,
        }
    )


def _scope(reports: Sequence[ValidationReport]) -> Scope:
    """Return the conditions of all runs together, with the shortest duration."""
    scopes = [report.verdict.scope for report in reports]
    joined = {
        name: tuple(dict.fromkeys(chain.from_iterable(getattr(one, name) for one in scopes)))
        for name in (
            "elements",
            "systems",
            "temperatures_kelvin",
            "measured_temperatures",
            "boxes",
            "too_long_timesteps",
        )
    }
    return scopes[0].model_copy(
        update={
            **joined,
            "max_timestep_fs": max(one.max_timestep_fs for one in scopes),
            "duration_ps": min(one.duration_ps for one in scopes),
        }
    )


def _most_severe(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Return one result per check, system and condition."""
    found: dict[tuple[str, str, str], CheckResult] = {}
    for result in results:
        key = (result.id, result.system, repr(sorted(result.condition.items())))
        known = found.setdefault(key, result)
        if MOST_SEVERE_FIRST.index(result.status) < MOST_SEVERE_FIRST.index(known.status):
            found[key] = result
    return tuple(found.values())

"""Does it hold from the cold to the hot?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.dynamics.energy_drift import SPEC as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.energy_drift import energy_drift
from openmm_mlff.checks.dynamics.stability import SPEC as STABILITY
from openmm_mlff.checks.dynamics.stability import stability
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations, RunCondition
from openmm_mlff.records import CheckResult, Status

_ORDER = (Status.PASS, Status.SKIPPED, Status.INCONCLUSIVE, Status.ERROR, Status.FAIL)
"""From good to bad."""


@dataclass(frozen=True)
class Outcome:
    """What both checks say at one temperature."""

    condition: RunCondition
    stability: CheckResult
    drift: CheckResult

    @property
    def worst(self) -> CheckResult:
        """The worse of the two; stability first, where they are alike."""
        return max(self.stability, self.drift, key=lambda result: _ORDER.index(result.status))

    @property
    def rank(self) -> tuple[int, float]:
        """The larger the worse: status first, then the drift."""
        return _ORDER.index(self.worst.status), self.drift.value or 0.0


def temperature_scan(observations: Observations, criteria: Criteria) -> CheckResult:
    """Judge `stability` and `energy_drift` at every temperature, at the smallest timestep there.

    Args:
        observations: with runs at several temperatures.
        criteria: ``coldest`` and ``hottest`` (K), which the runs must span, and the thresholds of
            both checks.

    Returns:
        The worst of all; its value is the largest drift.  SKIPPED where the runs do not span the
        temperatures.
    """
    coldest = SPEC.threshold(criteria, name="coldest").value
    hottest = SPEC.threshold(criteria, name="hottest").value
    limits = {
        check.id: {name: SPEC.threshold(criteria, name=name) for name in check.thresholds}
        for check in (STABILITY, ENERGY_DRIFT)
    }
    conditions = _smallest_timesteps(observations.conditions())
    temperatures = [condition.temperature_kelvin for condition in conditions]
    if not temperatures or temperatures[0] > coldest or temperatures[-1] < hottest:
        ran = _listed(temperatures) if temperatures else "none"
        reason = f"it needs runs from {coldest:g} to {hottest:g} K, and there are {ran}"
        return SPEC.skipped(observations, reason=reason)
    outcomes = []
    for condition in conditions:
        view = observations.at(condition)
        outcomes.append(
            Outcome(
                condition,
                stability(view, limits[STABILITY.id]),
                energy_drift(view, limits[ENERGY_DRIFT.id]),
            )
        )
    return _combined(observations, outcomes, threshold=limits[ENERGY_DRIFT.id]["slope"].value)


def _smallest_timesteps(conditions: Sequence[RunCondition]) -> list[RunCondition]:
    """Give one condition a temperature, that of the smallest timestep; from cold to hot."""
    chosen: dict[float, RunCondition] = {}
    for condition in conditions:
        other = chosen.get(condition.temperature_kelvin)
        if other is None or condition.timestep_fs < other.timestep_fs:
            chosen[condition.temperature_kelvin] = condition
    return [chosen[temperature] for temperature in sorted(chosen)]


def _combined(
    observations: Observations, outcomes: Sequence[Outcome], *, threshold: float
) -> CheckResult:
    worst = max(outcomes, key=lambda outcome: outcome.rank)
    slopes = [o.drift.value for o in outcomes if o.drift.value is not None]
    evidence: dict[str, Any] = {"temperatures": [_as_dict(outcome) for outcome in outcomes]}
    if "traceback" in worst.worst.evidence:
        evidence["traceback"] = worst.worst.evidence["traceback"]
    kelvin = _listed([outcome.condition.temperature_kelvin for outcome in outcomes])
    if worst.worst.status is Status.PASS:
        message = (
            f"On {observations.system.name}, it is stable and conserves energy at {kelvin}; the "
            f"drift is largest at {worst.condition.temperature_kelvin:g} K with "
            f"{worst.drift.value:.3g} {SPEC.unit}."
        )
    else:
        message = f"Of {kelvin}, the worst is: {worst.worst.message}"
    return SPEC.result(
        observations,
        status=worst.worst.status,
        message=message,
        value=max(slopes) if slopes else None,
        threshold=threshold,
        evidence=evidence,
    )


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    drift = outcome.drift
    return {
        "temperature_kelvin": outcome.condition.temperature_kelvin,
        "timestep_fs": outcome.condition.timestep_fs,
        "stability": outcome.stability.status.value,
        "stability_message": outcome.stability.message,
        "energy_drift": drift.status.value,
        "energy_drift_message": drift.message,
        "slope_mev_per_atom_per_ps": drift.value,
        # The smallest drift that would have been seen.
        "detection_limit_mev_per_atom_per_ps": drift.evidence.get("interval_mev_per_atom_per_ps"),
    }


def _listed(temperatures: Sequence[float]) -> str:
    """Say ``100, 300 and 500 K``."""
    names = [f"{temperature:g}" for temperature in temperatures]
    return f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} K"


SPEC = CheckSpec(
    id="temperature_scan",
    group="dynamics",
    scope="system",
    title="Does it hold from the cold to the hot?",
    formula="`stability` and `energy_drift` at every temperature, at the smallest timestep there",
    unit="meV/atom/ps",
    source="the range of temperatures is the published students'; thresholds as of both checks",
    thresholds={
        "coldest": "K",
        "hottest": "K",
        **STABILITY.thresholds,
        **ENERGY_DRIFT.thresholds,
    },
    failure_mode="The potential holds near the temperature of its training data alone; hot atoms "
    "reach geometries where it breaks, and cold ones show its roughness.",
    remedy="Add geometries sampled at the temperature that failed to the training data; where the "
    "cold one drifts, evaluate in float64.",
    function=temperature_scan,
)

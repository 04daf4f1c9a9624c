"""Is it stable from the coldest to the hottest temperature?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.checks.base import Check, Judgement, place, skipped
from openmm_mlff.checks.dynamics.energy_drift import CHECK as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.stability import CHECK as STABILITY
from openmm_mlff.checks.inputs import read_runs
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunCondition, Runs

_ORDER = (
    Status.PASS,
    Status.NOT_APPLICABLE,
    Status.SKIPPED,
    Status.INCONCLUSIVE,
    Status.ERROR,
    Status.FAIL,
)
"""From good to bad."""


@dataclass(frozen=True)
class Outcome:
    """What both checks find at one temperature."""

    condition: RunCondition
    stability: Judgement
    drift: Judgement

    @property
    def worst(self) -> Judgement:
        """The worse of the two; stability first, where they are alike."""
        return max(self.stability, self.drift, key=lambda found: _ORDER.index(found.status))

    @property
    def slope(self) -> float | None:
        """Magnitude of the drift's slope, meV/atom/ps; None where none was fitted."""
        slope = self.drift.evidence.get("slope_mev_per_atom_per_ps")
        return None if slope is None else abs(float(slope))

    @property
    def rank(self) -> tuple[int, float]:
        """The larger the worse: status first, then the drift."""
        return _ORDER.index(self.worst.status), self.slope or 0.0


def judge(record: Runs, limits: Limits) -> Judgement:
    """Judge `stability` and `energy_drift` at every temperature, at the smallest timestep there.

    Args:
        record: simulations at several temperatures.
        limits: ``coldest`` and ``hottest`` (K), which the runs must span, and the thresholds of
            both checks.

    Returns:
        The worst of all; its value is the largest drift.  SKIPPED where the runs do not span the
        temperatures.
    """
    coldest, hottest = limits["coldest"].value, limits["hottest"].value
    conditions = _smallest_timesteps(record.conditions())
    temperatures = [condition.temperature_kelvin for condition in conditions]
    if not temperatures or temperatures[0] > coldest or temperatures[-1] < hottest:
        ran = _listed(temperatures) if temperatures else "none"
        return skipped(f"it needs runs from {coldest:g} to {hottest:g} K, and there are {ran}")
    outcomes = [
        Outcome(
            condition,
            *(
                check.judge(record.at(condition), {name: limits[name] for name in check.limits})
                for check in (STABILITY, ENERGY_DRIFT)
            ),
        )
        for condition in conditions
    ]
    return _combined(record, outcomes, threshold=limits["slope"].value)


def _smallest_timesteps(conditions: Sequence[RunCondition]) -> list[RunCondition]:
    """Return one condition a temperature, that of the smallest timestep; from cold to hot."""
    chosen: dict[float, RunCondition] = {}
    for condition in sorted(conditions, key=lambda condition: -condition.timestep_fs):
        chosen[condition.temperature_kelvin] = condition
    return [chosen[temperature] for temperature in sorted(chosen)]


def _combined(record: Runs, outcomes: Sequence[Outcome], *, threshold: float) -> Judgement:
    worst = max(outcomes, key=lambda outcome: outcome.rank)
    slopes = [slope for slope in (outcome.slope for outcome in outcomes) if slope is not None]
    evidence: dict[str, Any] = {"temperatures": [_as_dict(outcome) for outcome in outcomes]}
    if "traceback" in worst.worst.evidence:
        evidence["traceback"] = worst.worst.evidence["traceback"]
    kelvin = _listed([outcome.condition.temperature_kelvin for outcome in outcomes])
    clause = (
        f"of {kelvin}, the worst is {place(record.system.name, worst.condition)}: "
        f"{worst.worst.clause}"
    )
    if worst.worst.status is Status.PASS:
        clause = (
            f"it is stable and conserves energy at {kelvin}; the drift is largest at "
            f"{worst.condition.temperature_kelvin:g} K with {worst.slope:.3g} {CHECK.unit}"
        )
    return Judgement(
        worst.worst.status,
        clause,
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
        "stability_message": outcome.stability.clause,
        "energy_drift": drift.status.value,
        "energy_drift_message": drift.clause,
        "slope_mev_per_atom_per_ps": outcome.slope,
        # A smaller drift would not have been detected.
        "detection_limit_mev_per_atom_per_ps": drift.evidence.get("interval_mev_per_atom_per_ps"),
    }


def _listed(temperatures: Sequence[float]) -> str:
    """Return ``100, 300 and 500 K``."""
    names = [f"{temperature:g}" for temperature in temperatures]
    return f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} K"


CHECK = Check(
    id="temperature_scan",
    group="dynamics",
    question="Is it stable from the coldest to the hottest temperature?",
    formula="`stability` and `energy_drift` at every temperature, at the smallest timestep there",
    unit="meV/atom/ps",
    source="the range of temperatures is the published students'; thresholds as of both checks",
    limits={"coldest": "K", "hottest": "K", **STABILITY.limits, **ENERGY_DRIFT.limits},
    consequence="The potential is sound only near the temperature of its training data; hot atoms "
    "reach geometries where it breaks, and cold ones show its roughness.",
    remedy="Add geometries sampled at the temperature that failed to the training data; where the "
    "cold one drifts, evaluate in float64.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories",),
)

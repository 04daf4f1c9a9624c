"""Is it stable from the coldest to the hottest temperature?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.checks.base import Judgement, place, skipped
from openmm_mlff.checks.dynamics.energy_drift import CHECK as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.stability import CHECK as STABILITY
from openmm_mlff.checks.inputs import check_of_runs
from openmm_mlff.config import Limits
from openmm_mlff.results import MOST_SEVERE_FIRST, Status
from openmm_mlff.storage.runs import RunCondition, Runs


@dataclass(frozen=True)
class Outcome:
    """The judgements of both checks at one temperature."""

    condition: RunCondition
    stability: Judgement
    drift: Judgement

    @property
    def worst(self) -> Judgement:
        """The more severe of the two; stability where they are equal."""
        return min(self.stability, self.drift, key=lambda one: MOST_SEVERE_FIRST.index(one.status))

    @property
    def slope(self) -> float | None:
        """Magnitude of the drift, meV/atom/ps; None where none was fitted."""
        slope = self.drift.evidence.get("slope_mev_per_atom_per_ps")
        return None if slope is None else abs(float(slope))

    @property
    def rank(self) -> tuple[int, float]:
        """Smallest where it is worst: by status, then by drift."""
        return MOST_SEVERE_FIRST.index(self.worst.status), -(self.slope or 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as it stands in the evidence."""
        interval = self.drift.evidence.get("interval_mev_per_atom_per_ps")
        return {
            "temperature_kelvin": self.condition.temperature_kelvin,
            "timestep_fs": self.condition.timestep_fs,
            "stability": self.stability.status.value,
            "stability_message": self.stability.clause,
            "energy_drift": self.drift.status.value,
            "energy_drift_message": self.drift.clause,
            "slope_mev_per_atom_per_ps": self.slope,
            # A smaller drift would not have been detected.
            "detection_limit_mev_per_atom_per_ps": interval,
        }


def judge(record: Runs, limits: Limits) -> Judgement:
    """Judge `stability` and `energy_drift` at every temperature, at the smallest timestep there.

    The most severe outcome counts; the value is the largest drift.  The runs must span ``coldest``
    to ``hottest`` (K); the other limits are those of both checks.
    """
    coldest, hottest = limits["coldest"].value, limits["hottest"].value
    chosen: dict[float, RunCondition] = {}
    for condition in sorted(record.conditions(), key=lambda one: -one.timestep_fs):
        chosen[condition.temperature_kelvin] = condition
    temperatures = sorted(chosen)
    if not temperatures or temperatures[0] > coldest or temperatures[-1] < hottest:
        ran = _listed(temperatures) if temperatures else "none"
        return skipped(f"it needs runs from {coldest:g} to {hottest:g} K, and there are {ran}")
    outcomes = []
    for temperature in temperatures:
        found = [
            check.judge(
                record.at(chosen[temperature]), {name: limits[name] for name in check.limits}
            )
            for check in (STABILITY, ENERGY_DRIFT)
        ]
        outcomes.append(Outcome(chosen[temperature], *found))
    worst = min(outcomes, key=lambda outcome: outcome.rank)
    evidence: dict[str, Any] = {"temperatures": [outcome.as_dict() for outcome in outcomes]}
    if "traceback" in worst.worst.evidence:
        evidence["traceback"] = worst.worst.evidence["traceback"]
    at = _listed(temperatures)
    clause = (
        f"of {at}, the worst is {place(record.system.name, worst.condition)}: {worst.worst.clause}"
    )
    if worst.worst.status is Status.PASS:
        clause = (
            f"it is stable and conserves energy at {at}; the drift is largest at "
            f"{worst.condition.temperature_kelvin:g} K with {worst.slope:.3g} {CHECK.unit}"
        )
    return Judgement(
        worst.worst.status,
        clause,
        value=max((one.slope for one in outcomes if one.slope is not None), default=None),
        threshold=limits["slope"].value,
        evidence=evidence,
    )


def _listed(temperatures: Sequence[float]) -> str:
    """Return ``100, 300 and 500 K``."""
    names = [f"{temperature:g}" for temperature in temperatures]
    return f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} K"


CHECK = check_of_runs(
    id="temperature_scan",
    group="dynamics",
    question="Is it stable from the coldest to the hottest temperature?",
    formula="`stability` and `energy_drift` at every temperature, at the smallest timestep there",
    unit="meV/atom/ps",
    source="the range of temperatures is the published students'; thresholds as of both checks",
    limits={"coldest": "K", "hottest": "K", **STABILITY.limits, **ENERGY_DRIFT.limits},
    consequence="The potential is sound only near the temperature of its training data; hot atoms "
    "reach geometries where it breaks, and the roughness of its surface shows when it is cold.",
    remedy="Add geometries sampled at the temperature that failed to the training data; where the "
    "energy drifts at the coldest, evaluate in float64.",
    judge=judge,
)

"""Is it stable from the coldest to the hottest temperature?"""

from collections.abc import Sequence
from typing import Any

from openmm_mlff.checks.base import Judgement, place, skipped
from openmm_mlff.checks.dynamics.energy_drift import CHECK as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.stability import CHECK as STABILITY
from openmm_mlff.checks.inputs import check_of_runs
from openmm_mlff.config import Limits
from openmm_mlff.results import MOST_SEVERE_FIRST, Status
from openmm_mlff.storage.runs import Runs

SLOPE = "slope_mev_per_atom_per_ps"


def judge(record: Runs, limits: Limits) -> Judgement:
    """Return the most severe outcome; the runs must span ``coldest`` to ``hottest`` (K)."""
    coldest, hottest = limits["coldest"].value, limits["hottest"].value
    conditions = sorted(record.conditions(), key=lambda one: -one.timestep_fs)
    chosen = {condition.temperature_kelvin: condition for condition in conditions}
    temperatures = sorted(chosen)
    if not temperatures or temperatures[0] > coldest or temperatures[-1] < hottest:
        ran = _listed(temperatures) if temperatures else "none"
        return skipped(f"it needs runs from {coldest:g} to {hottest:g} K, and there are {ran}")
    outcomes = [_outcome(record.at(chosen[kelvin]), limits) for kelvin in temperatures]
    worst, row = min(outcomes, key=lambda one: (_severity(one[0]), -(one[1][SLOPE] or 0.0)))
    evidence: dict[str, Any] = {"temperatures": [row for _, row in outcomes]}
    if "traceback" in worst.evidence:
        evidence["traceback"] = worst.evidence["traceback"]
    at, kelvin = _listed(temperatures), row["temperature_kelvin"]
    clause = f"of {at}, the worst is {place(record.system.name, chosen[kelvin])}: {worst.clause}"
    if worst.status is Status.PASS:
        clause = (
            f"it is stable and conserves energy at {at}; the drift is largest at {kelvin:g} K with "
            f"{row[SLOPE]:.3g} {CHECK.unit}"
        )
    largest = max((row[SLOPE] for _, row in outcomes if row[SLOPE] is not None), default=None)
    threshold = limits["slope"].value
    return Judgement(worst.status, clause, value=largest, threshold=threshold, evidence=evidence)


def _outcome(record: Runs, limits: Limits) -> tuple[Judgement, dict[str, Any]]:
    """Return the more severe judgement at one condition, and its evidence."""
    stability, drift = (
        check.judge(record, {name: limits[name] for name in check.limits})
        for check in (STABILITY, ENERGY_DRIFT)
    )
    slope, condition = drift.evidence.get(SLOPE), record.runs[0].condition
    return min(stability, drift, key=_severity), {
        "temperature_kelvin": condition.temperature_kelvin,
        "timestep_fs": condition.timestep_fs,
        "stability": stability.status.value,
        "stability_message": stability.clause,
        "energy_drift": drift.status.value,
        "energy_drift_message": drift.clause,
        SLOPE: None if slope is None else abs(float(slope)),
    }


def _severity(judgement: Judgement) -> int:
    return MOST_SEVERE_FIRST.index(judgement.status)


def _listed(temperatures: Sequence[float]) -> str:
    """Return ``100, 300 and 500 K``."""
    *others, last = (f"{temperature:g}" for temperature in temperatures)
    return f"{', '.join(others)} and {last} K" if others else f"{last} K"


CHECK = check_of_runs(
    __name__,
    formula="`stability` and `energy_drift` at every temperature, at the smallest timestep there",
    unit="meV/atom/ps",
    source="the range of temperatures is the published students'; thresholds as of both checks",
    limits={"coldest": "K", "hottest": "K", **STABILITY.limits, **ENERGY_DRIFT.limits},
    consequence="The potential is sound only near the temperature of its training data; hot atoms "
    "reach geometries where it breaks, and the roughness of its surface shows when it is cold.",
    remedy="Add geometries sampled at the temperature that failed to the training data; where the "
    "energy drifts at the coldest, evaluate in float64.",
)

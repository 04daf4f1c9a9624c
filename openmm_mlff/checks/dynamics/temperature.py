"""Did the dynamics have the temperature that the report states?"""

import math

import numpy as np

from openmm_mlff.checks.base import Judgement, inconclusive, not_applicable, skipped
from openmm_mlff.checks.inputs import check_of_replicas, stored_record
from openmm_mlff.config import Limits
from openmm_mlff.intervals import scatter_error, temperature_half_width
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Runs
from openmm_mlff.storage.shared import ShortRuns


def compare_mean(
    runs_kelvin: np.ndarray, *, asked_kelvin: float, degrees_of_freedom: int
) -> tuple[float, float]:
    """Return half the 95 % interval of the mean of runs (n,), K, and its deviation from the target.

    The deviation is in standard errors: the larger of that of the scatter and that of a harmonic
    molecule, T/√(f n), at the temperature asked for.
    """
    harmonic = asked_kelvin / math.sqrt(degrees_of_freedom * len(runs_kelvin))
    error = float(np.fmax(harmonic, scatter_error(runs_kelvin)))
    half_width = temperature_half_width(runs_kelvin, degrees_of_freedom=degrees_of_freedom)
    return half_width, abs(float(runs_kelvin.mean()) - asked_kelvin) / error


def _mean_temperatures(record: Runs, *, at_kelvin: float) -> tuple[np.ndarray, int]:
    """Return the mean temperature of each run, those of the short runs included, and f of one."""
    series = [(run, run.energies.temperature_kelvin) for run in record.runs if run.survived]
    usable = [(run, each) for run, each in series if len(each) and np.isfinite(each).all()]
    kelvin = [float(each.mean()) for _, each in usable]
    freedom = max((run.degrees_of_freedom for run, _ in usable), default=0)
    short = stored_record(record, "short_runs", ShortRuns)
    if short is not None and at_kelvin in short.asked_kelvin:
        kelvin += short.temperatures_kelvin[short.asked_kelvin == at_kelvin].tolist()
        freedom = short.degrees_of_freedom
    return np.array(kelvin), freedom


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the distance of the mean temperature from the target with ``deviation`` (σ).

    An NVE run keeps the energy it started with and scatters by 1/√f, 58 % for water, so the short
    runs from Langevin samples are averaged with it.  A mean beyond the limit is INCONCLUSIVE: other
    checks judge the forces.
    """
    if not record.runs:
        return skipped("no simulation was run")
    if all(run.survived and run.degrees_of_freedom == 0 for run in record.runs):
        return not_applicable("nothing vibrates, so there is no temperature to measure")
    target = record.runs[0].condition.temperature_kelvin
    each, freedom = _mean_temperatures(record, at_kelvin=target)
    if not len(each) or freedom < 1:
        return inconclusive("no simulation ran to its end, so no temperature was measured")
    half_width, deviation = compare_mean(each, asked_kelvin=target, degrees_of_freedom=freedom)
    limit, count, mean = limits["deviation"].value, len(each), float(each.mean())
    status = Status.PASS
    clause = (
        f"the mean temperature of {count} run{'s' if count > 1 else ''} is {mean:.0f} ± "
        f"{half_width:.0f} K (95 %), and {target:g} K was requested"
    )
    # A NaN is INCONCLUSIVE.
    if not deviation <= limit:
        status = Status.INCONCLUSIVE
        clause += f", {deviation:.2g} standard errors apart (limit {limit:g}); sample longer "
        clause += "(`sampling_ps`), or with more runs (`ensemble_runs` or `replicas`)"
    evidence = {
        "temperature_kelvin": target,
        "mean_kelvin": mean,
        "half_width_kelvin": half_width,
        "runs_kelvin": each,
        "degrees_of_freedom": freedom,
    }
    return Judgement(status, clause, value=deviation, threshold=limit, evidence=evidence)


CHECK = check_of_replicas(
    __name__,
    formula="mean kinetic temperature of all NVE runs, of vibrations alone, with its 95 % interval "
    "(Student's t over four or more runs, else 1/√f of f harmonic degrees of freedom)",
    source="equipartition; one harmonic NVE run scatters by 1/√f",
    limits={"deviation": "σ"},
    consequence="Every result of the dynamics, and every accuracy on its frames, is valid for a "
    "temperature other than the one stated.",
    remedy="Run more replicas, or sample longer; look at `kinetic_distribution` where the "
    "thermostat does not hold its own temperature.",
    needs=("trajectories", "short_runs"),
)

"""Did the dynamics have the temperature that the report states?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from openmm_mlff.checks.base import Check, Judgement, inconclusive, not_applicable, skipped
from openmm_mlff.checks.dynamics.short_runs import ENSEMBLE, ensemble_of
from openmm_mlff.checks.inputs import read_runs
from openmm_mlff.checks.statistics import CONFIDENCE
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs

FEWEST_FOR_SCATTER = 4
"""With fewer runs, their scatter says less of the error than theory does."""


@dataclass(frozen=True)
class MeanTemperature:
    """The mean kinetic temperature of several NVE runs.

    Attributes:
        asked_kelvin: what was asked for.
        runs_kelvin: mean of each run, (n,).
        degrees_of_freedom: f, of the vibrations of one run.
    """

    asked_kelvin: float
    runs_kelvin: np.ndarray
    degrees_of_freedom: int

    @property
    def kelvin(self) -> float:
        """The mean over the runs."""
        return float(self.runs_kelvin.mean())

    @property
    def half_width_kelvin(self) -> float:
        """Half the 95 % interval of the mean, by the scatter of the runs or by theory."""
        count = len(self.runs_kelvin)
        upper = 0.5 + CONFIDENCE / 2
        if count >= FEWEST_FOR_SCATTER:
            return float(stdtrit(count - 1.0, upper)) * self._scatter_kelvin / math.sqrt(count)
        return float(stdtrit(math.inf, upper)) * self._theory_kelvin(self.kelvin) / math.sqrt(count)

    @property
    def deviation(self) -> float:
        """Distance from what was asked for, in standard errors.

        The larger error counts: that of the scatter of the runs, or that of a harmonic molecule at
        the temperature asked for.
        """
        count = len(self.runs_kelvin)
        error = self._theory_kelvin(self.asked_kelvin)
        if count >= FEWEST_FOR_SCATTER:
            error = max(error, self._scatter_kelvin)
        return abs(self.kelvin - self.asked_kelvin) * math.sqrt(count) / error

    @property
    def _scatter_kelvin(self) -> float:
        return float(self.runs_kelvin.std(ddof=1))

    def _theory_kelvin(self, kelvin: float) -> float:
        return kelvin / math.sqrt(self.degrees_of_freedom)


def mean_temperature(record: Runs, *, temperature_kelvin: float) -> MeanTemperature | None:
    """Return the mean temperature of the runs, and of the ensemble where it is at that temperature.

    Args:
        record: simulations of a system; evidence also holds the ensemble.
        temperature_kelvin: runs at this one are taken.

    Returns:
        None where no run reached its end or nothing vibrates.
    """
    runs = [
        run
        for run in record.runs
        if run.condition.temperature_kelvin == temperature_kelvin and _is_usable(run)
    ]
    each = [float(run.energies.temperature_kelvin.mean()) for run in runs]
    freedom = max((run.degrees_of_freedom for run in runs), default=0)
    ensemble = ensemble_of(record)
    if ensemble is not None and ensemble.temperature_kelvin == temperature_kelvin:
        each += ensemble.temperatures_kelvin.tolist()
        freedom = ensemble.degrees_of_freedom
    if not each or freedom < 1:
        return None
    return MeanTemperature(temperature_kelvin, np.array(each), freedom)


def _is_usable(run: Run) -> bool:
    temperatures = run.energies.temperature_kelvin
    return run.survived and len(temperatures) > 0 and bool(np.isfinite(temperatures).all())


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the mean kinetic temperature of all runs with the one that was asked for.

    An NVE run keeps the energy that its start happened to have: the mean kinetic temperature of one
    run of a harmonic molecule with f vibrational degrees of freedom scatters by 1/√f, 58 % for
    water.  So short runs from points of a Langevin run stand beside those of the condition, where
    its temperature is that of the Langevin run.

    Args:
        record: the replicas of one condition; evidence also holds the ensemble.
        limits: ``deviation`` (σ).

    Returns:
        PASS where the mean lies within the limit of the target, else INCONCLUSIVE; other checks
        judge the forces.
    """
    if not record.runs:
        return skipped("no simulation was run")
    target = record.runs[0].condition.temperature_kelvin
    if all(run.survived and run.degrees_of_freedom == 0 for run in record.runs):
        return not_applicable("nothing vibrates, so that there is no temperature to measure")
    mean = mean_temperature(record, temperature_kelvin=target)
    if mean is None:
        return inconclusive("no simulation ran to its end, so that no temperature was measured")
    limit = limits["deviation"]
    evidence = _evidence(mean)
    interval = f"{mean.kelvin:.0f} ± {mean.half_width_kelvin:.0f} K (95 %)"
    clause = f"{target:g} K was asked for; {_counted(mean.runs_kelvin.tolist())} had {interval}"
    deviation = f"{mean.deviation:.2g} standard errors apart (limit {limit.value:g})"
    status = Status.PASS
    # NaN is no agreement.
    if not mean.deviation <= limit.value:
        status = Status.INCONCLUSIVE
        clause += (
            f", {deviation}; sample longer (`sampling_ps`), with more runs (`ensemble_runs` or "
            "`replicas`), and see `kinetic_distribution` and `energy_drift`"
        )
    return Judgement(status, clause, value=mean.deviation, threshold=limit.value, evidence=evidence)


def _counted(temperatures: Sequence[float]) -> str:
    return "1 run" if len(temperatures) == 1 else f"{len(temperatures)} runs"


def _evidence(mean: MeanTemperature) -> dict[str, Any]:
    return {
        "temperature_kelvin": mean.asked_kelvin,
        "mean_kelvin": mean.kelvin,
        "half_width_kelvin": mean.half_width_kelvin,
        "runs_kelvin": mean.runs_kelvin,
        "degrees_of_freedom": mean.degrees_of_freedom,
        "interval_by": "scatter" if len(mean.runs_kelvin) >= FEWEST_FOR_SCATTER else "theory",
    }


CHECK = Check(
    id="temperature",
    group="dynamics",
    scope="condition",
    question="Did the dynamics have the temperature that the report states?",
    formula="mean kinetic temperature of all NVE runs, of vibrations alone, with its 95 % interval "
    "(Student's t over four or more runs, else 1/√f of f harmonic degrees of freedom)",
    unit="σ",
    source="equipartition; one harmonic NVE run scatters by 1/√f",
    limits={"deviation": "σ"},
    consequence="Every result of the dynamics, and every accuracy on its frames, holds for another "
    "temperature than the one stated.",
    remedy="Run more replicas, or sample longer; look at `kinetic_distribution` where the "
    "thermostat itself does not have its temperature.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories", ENSEMBLE),
)

"""Did the dynamics have the temperature that the report states?"""

import math
from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.base import Judgement, inconclusive, not_applicable, skipped
from openmm_mlff.checks.inputs import check_of_runs, stored_record
from openmm_mlff.checks.statistics import student_half_width
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs
from openmm_mlff.storage.shared import Ensemble

FEWEST_FOR_SCATTER = 4  # theory estimates the error better than the scatter of fewer runs


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
    def by_scatter(self) -> bool:
        """Whether the scatter of the runs gives the error, instead of theory."""
        return len(self.runs_kelvin) >= FEWEST_FOR_SCATTER

    @property
    def half_width_kelvin(self) -> float:
        """Half the 95 % interval of the mean."""
        if self.by_scatter:
            return student_half_width(self._scatter_error, freedom=len(self.runs_kelvin) - 1.0)
        return student_half_width(self._theory_error(self.kelvin), freedom=math.inf)

    @property
    def deviation(self) -> float:
        """Distance from what was asked for, in standard errors.

        The larger error counts: that of the scatter of the runs, or that of a harmonic molecule at
        the temperature asked for.
        """
        error = self._theory_error(self.asked_kelvin)
        if self.by_scatter:
            error = max(error, self._scatter_error)
        return abs(self.kelvin - self.asked_kelvin) / error

    @property
    def _scatter_error(self) -> float:
        return float(self.runs_kelvin.std(ddof=1)) / math.sqrt(len(self.runs_kelvin))

    def _theory_error(self, kelvin: float) -> float:
        return kelvin / math.sqrt(self.degrees_of_freedom * len(self.runs_kelvin))


def mean_temperature(record: Runs, *, temperature_kelvin: float) -> MeanTemperature | None:
    """Return the mean temperature of all runs at one temperature, those of the ensemble included.

    None where no run reached its end or nothing vibrates.
    """
    runs = [
        run
        for run in record.runs
        if run.condition.temperature_kelvin == temperature_kelvin and _is_usable(run)
    ]
    each = [float(run.energies.temperature_kelvin.mean()) for run in runs]
    freedom = max((run.degrees_of_freedom for run in runs), default=0)
    ensemble = stored_record(record, "ensemble", Ensemble)
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
    """Compare the distance of the mean temperature from the target with ``deviation`` (σ).

    An NVE run keeps the energy it started with: the mean kinetic temperature of one run of a
    harmonic molecule with f vibrational degrees of freedom scatters by 1/√f, 58 % for water.  So
    the runs of the condition are averaged with short runs from Langevin samples, where these have
    its temperature.  A mean beyond the limit is INCONCLUSIVE: other checks judge the forces.
    """
    if not record.runs:
        return skipped("no simulation was run")
    target = record.runs[0].condition.temperature_kelvin
    if all(run.survived and run.degrees_of_freedom == 0 for run in record.runs):
        return not_applicable("nothing vibrates, so there is no temperature to measure")
    mean = mean_temperature(record, temperature_kelvin=target)
    if mean is None:
        return inconclusive("no simulation ran to its end, so no temperature was measured")
    limit = limits["deviation"].value
    count = len(mean.runs_kelvin)
    status = Status.PASS
    clause = (
        f"the mean temperature of {count} run{'s' if count > 1 else ''} is {mean.kelvin:.0f} ± "
        f"{mean.half_width_kelvin:.0f} K (95 %), and {target:g} K was asked for"
    )
    # A NaN is INCONCLUSIVE.
    if not mean.deviation <= limit:
        status = Status.INCONCLUSIVE
        clause += (
            f", {mean.deviation:.2g} standard errors apart (limit {limit:g}); sample longer "
            "(`sampling_ps`), with more runs (`ensemble_runs` or `replicas`), and see "
            "`kinetic_distribution` and `energy_drift`"
        )
    evidence = {
        "temperature_kelvin": mean.asked_kelvin,
        "mean_kelvin": mean.kelvin,
        "half_width_kelvin": mean.half_width_kelvin,
        "runs_kelvin": mean.runs_kelvin,
        "degrees_of_freedom": mean.degrees_of_freedom,
        "interval_by": "scatter" if mean.by_scatter else "theory",
    }
    return Judgement(status, clause, value=mean.deviation, threshold=limit, evidence=evidence)


CHECK = check_of_runs(
    id="temperature",
    group="dynamics",
    scope="condition",
    question="Did the dynamics have the temperature that the report states?",
    formula="mean kinetic temperature of all NVE runs, of vibrations alone, with its 95 % interval "
    "(Student's t over four or more runs, else 1/√f of f harmonic degrees of freedom)",
    unit="σ",
    source="equipartition; one harmonic NVE run scatters by 1/√f",
    limits={"deviation": "σ"},
    consequence="Every result of the dynamics, and every accuracy on its frames, is valid for a "
    "temperature other than the one stated.",
    remedy="Run more replicas, or sample longer; look at `kinetic_distribution` where the "
    "thermostat does not hold its own temperature.",
    judge=judge,
    needs=("trajectories", "ensemble"),
)

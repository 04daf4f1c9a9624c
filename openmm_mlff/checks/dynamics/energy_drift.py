"""Is the total energy conserved?"""

from collections.abc import Sequence

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, compare_with_interval, judged
from openmm_mlff.checks.inputs import check_of_replicas, demand_survival, finite_rows, judged_rows
from openmm_mlff.checks.statistics import (
    FEWEST_ROWS,
    SlopeEstimate,
    combine_replicas,
    slope_with_interval,
)
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, MEV_PER_EV

ROUNDING = 1e-6  # a kinetic energy that changes by less than this fraction of k_B T is constant


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the slope of E_total(t) with ``slope`` (meV/atom/ps), and R with ``ratio``.

    The total of a large system drifts far beyond its thermal fluctuation before the drift per atom
    is noticed, hence ``ratio``.  The mean of the replicas counts, or any one that fails.

    A slope by which the energy changes over the run less than it fluctuates about the line may be a
    step or a beat as well as a drift (methane by ANI-1ccx: 0.23 ± 0.07 meV/atom/ps in the first ps,
    0.04 in the next eight), so it does not fail.
    """
    counted = judged_rows(record, _columns, fewest=FEWEST_ROWS, name="energies")
    if isinstance(counted, Judgement):
        return counted
    if broken := _not_finite(counted, threshold=limits["slope"].value):
        return broken
    fits = [_fit(run, rows=count, n_atoms=record.system.n_atoms) for run, count in counted]
    estimates = [estimate for estimate, _ in fits]
    per_slope, percent, conserved, _ = np.mean([numbers for _, numbers in fits], axis=0).tolist()
    fluctuations, threshold = [numbers[-1] for _, numbers in fits], limits["slope"].value
    slope, half_width, where = _decisive(
        record.runs, estimates, fluctuations=fluctuations, threshold=threshold
    )
    evidence = {
        "slope_mev_per_atom_per_ps": slope,
        "interval_mev_per_atom_per_ps": half_width,
        "drift_ratio": per_slope * abs(slope),
        "drift_percent_of_initial": percent,
        "conservation_ratio": conserved,
        "runs": [
            {
                "run": run.name,
                "slope_mev_per_atom_per_ps": one.slope,
                "interval_mev_per_atom_per_ps": one.half_width,
            }
            for run, one in zip(record.runs, estimates, strict=True)
        ],
    }
    direction = "rises" if slope > 0.0 else "falls"
    in_sigma = f"over the run{where}, in standard deviations of the kinetic energy, the energy of "
    measures = [
        Measure(clause, scale * abs(slope), limits[name], half_width=scale * half_width)
        for name, scale, clause in (
            ("slope", 1.0, f"the total energy {direction}{where} by"),
            ("ratio", per_slope, f"{in_sigma}the whole system drifts by"),
        )
    ]
    return demand_survival(record, judged(measures, evidence=evidence))


def _decisive(
    runs: Sequence[Run],
    estimates: Sequence[SlopeEstimate],
    *,
    fluctuations: Sequence[float],
    threshold: float,
) -> tuple[float, float, str]:
    """Return the slope that decides, half its interval (meV/atom/ps), and its run, if one.

    The mean over the replicas, or one that fails by itself: opposite drifts must not cancel.
    `fluctuations` of each run are the slopes by which its energy would change as much as it
    fluctuates.
    """
    for run, single, least in zip(runs, estimates, fluctuations, strict=True):
        magnitude, half_width = abs(single.slope), single.half_width
        own = compare_with_interval(magnitude, half_width=half_width, threshold=threshold)
        if own is Status.FAIL and len(runs) > 1 and magnitude > least:
            return single.slope, half_width, f" in {run.name}"
    slope, half_width = combine_replicas(estimates)
    if threshold < abs(slope) <= np.mean(fluctuations):
        half_width = max(half_width, abs(slope))
    return slope, half_width, ""


def _columns(run: Run) -> tuple[np.ndarray, ...]:
    return run.energies.time_ps, run.energies.total_ev, run.energies.kinetic_ev


def _not_finite(counted: Sequence[tuple[Run, int]], *, threshold: float) -> Judgement | None:
    """Return a FAIL where energies of a run that reached its end are not finite."""
    for run, count in counted:
        time_ps, *energies = _columns(run)
        if (rows := finite_rows(*energies)) < count:
            clause = f"the energy of {run.name} is not finite after {time_ps[rows]:.3g} ps"
            evidence = {"time_ps": time_ps[rows]}
            return Judgement(Status.FAIL, clause, threshold=threshold, evidence=evidence)
    return None


def _fit(run: Run, *, rows: int, n_atoms: int) -> tuple[SlopeEstimate, list[float]]:
    """Return the slope of one run, meV/atom/ps, and four numbers that go with it.

    R/|slope|, (meV/atom/ps)⁻¹; the drift, % of the starting energy; 1 − σ/|E|; and the slope by
    which the energy would change as much as it fluctuates about the line, meV/atom/ps.
    """
    time_ps, total_ev, kinetic_ev = (column[:rows] for column in _columns(run))
    values = total_ev * (MEV_PER_EV / n_atoms)
    estimate = slope_with_interval(time_ps, values=values)
    about_the_line = np.ptp(values - estimate.slope * time_ps)
    whole_ev = n_atoms * float(time_ps[-1] - time_ps[0]) / MEV_PER_EV
    spread_ev = float(kinetic_ev.std())
    least_ev = ROUNDING * BOLTZMANN_EV_PER_KELVIN * run.condition.temperature_kelvin
    return estimate, [
        # Only rounding changes the kinetic energy of one free atom, for example.
        whole_ev / spread_ev if spread_ev > least_ev else 0.0,
        100.0 * estimate.slope * whole_ev / (abs(total_ev[0]) or np.nan),
        1.0 - float(total_ev.std()) / (abs(total_ev.mean()) or np.nan),
        float(about_the_line / (time_ps[-1] - time_ps[0])),
    ]


CHECK = check_of_replicas(
    __name__,
    formula="least-squares slope of E_total(t) / N with a 95 % moving-block bootstrap interval; "
    "R = |slope| t/σ(E_kin) of the whole system",
    source="LAMBench 0.5; good foundation models 0.003–0.01; NVIDIA ALCHEMI's example 0.01",
    limits={"slope": "meV/atom/ps", "ratio": "ratio"},
    consequence="The system heats or cools by itself; temperatures, rates and free energies from "
    "long runs are wrong, and a thermostat only hides it.",
    remedy="Run with half the timestep. If the drift falls, the integrator causes it; if it stays, "
    "the energy surface does: forces that are not its gradient, or jumps at a cutoff.",
)

"""Does the total energy drift?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement
from openmm_mlff.checks.inputs import check_of_runs, demand_survival, finite_rows, judged_rows
from openmm_mlff.checks.statistics import (
    FEWEST_ROWS,
    SlopeEstimate,
    combine_replicas,
    compare_with_interval,
    slope_with_interval,
)
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import MOST_SEVERE_FIRST, Status, quantity
from openmm_mlff.storage.runs import Run, Runs
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, MEV_PER_EV

ROUNDING = 1e-6  # a kinetic energy that changes by less than this fraction of k_B T is constant


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the slope of E_total(t), with its 95 % interval, with ``slope`` and ``ratio``.

    ``slope`` is per atom (meV/atom/ps); ``ratio`` limits the drift of the whole system over the run
    in terms of its thermal fluctuation, R = |slope| t/σ(E_kin): the total of a large system drifts
    far beyond its fluctuations before the drift per atom is noticed.  The worse counts.  PASS where
    |slope| + interval ≤ threshold, FAIL where |slope| − interval > threshold for the mean of the
    replicas or for any one of them, else INCONCLUSIVE: a longer run may decide.  The evidence also
    holds the percentage of the starting energy and the conservation ratio, which depend on the
    zero of energy and decide nothing.
    """
    limit = limits["slope"]
    rows = judged_rows(record, _columns, fewest=FEWEST_ROWS, name="energies")
    if isinstance(rows, Judgement):
        return rows
    if broken := _not_finite(record, threshold=limit.value):
        return broken
    estimates = [_estimate(run, n_atoms=record.system.n_atoms) for run in record.runs]
    slope, half_width, where = _decisive(record.runs, estimates=estimates, threshold=limit.value)
    per_slope = _ratio_per_slope(record, estimates=estimates)
    ratio, ratio_half_width = per_slope * abs(slope), per_slope * half_width
    findings = [
        (
            f"the total energy drifts by {slope:.3g} ± {half_width:.2g} {limit.unit} (95 %){where}",
            (abs(slope), half_width, limit),
        ),
        (
            f"the energy of the whole system drifts over the run{where} by {ratio:.3g} ± "
            f"{ratio_half_width:.2g} standard deviations of its kinetic energy (95 %)",
            (ratio, ratio_half_width, limits["ratio"]),
        ),
    ]
    clause, (value, half, decisive) = max(findings, key=lambda finding: _rank(*finding[1]))
    judgement = Judgement(
        compare_with_interval(value, half_width=half, threshold=decisive.value),
        f"{clause} (limit {quantity(decisive.value, decisive.unit)})",
        value=value,
        threshold=decisive.value,
        unit=decisive.unit,
        evidence={
            **_evidence(record, estimates=estimates, slope=slope, half_width=half_width),
            "drift_ratio": ratio,
            "drift_ratio_interval": ratio_half_width,
        },
    )
    return demand_survival(record, judgement)


def _rank(value: float, half_width: float, limit: Threshold) -> tuple[int, float]:
    """Return a rank that is larger the worse a value is."""
    status = compare_with_interval(value, half_width=half_width, threshold=limit.value)
    return -MOST_SEVERE_FIRST.index(status), (value + half_width) / limit.value


def _ratio_per_slope(record: Runs, *, estimates: Sequence[SlopeEstimate]) -> float:
    """Return R/|slope|, (meV/atom/ps)⁻¹, averaged over the replicas.

    Zero where only rounding changes the kinetic energy, as for one free atom.
    """
    found = []
    for run, estimate in zip(record.runs, estimates, strict=True):
        time_ps = run.energies.time_ps[: estimate.rows]
        spread_ev = float(run.energies.kinetic_ev[: estimate.rows].std())
        least_ev = ROUNDING * BOLTZMANN_EV_PER_KELVIN * run.condition.temperature_kelvin
        whole_ev = record.system.n_atoms * float(time_ps[-1] - time_ps[0]) / MEV_PER_EV
        found.append(whole_ev / spread_ev if spread_ev > least_ev else 0.0)
    return float(np.mean(found))


def _decisive(
    runs: Sequence[Run], *, estimates: Sequence[SlopeEstimate], threshold: float
) -> tuple[float, float, str]:
    """Return the slope that decides, half its interval (meV/atom/ps), and its run, if one.

    The mean over the replicas, or one that fails by itself: opposite drifts must not cancel.
    """
    for run, single in zip(runs, estimates, strict=True):
        magnitude, half_width = abs(single.slope), single.half_width
        own = compare_with_interval(magnitude, half_width=half_width, threshold=threshold)
        if own is Status.FAIL and len(runs) > 1:
            return single.slope, half_width, f" in {run.name}"
    return *combine_replicas(estimates), ""


def _columns(run: Run) -> tuple[np.ndarray, ...]:
    return run.energies.time_ps, run.energies.total_ev, run.energies.kinetic_ev


def _not_finite(record: Runs, *, threshold: float) -> Judgement | None:
    """Return a FAIL where energies of a run that reached its end are not finite."""
    for run in record.runs:
        time_ps, *energies = _columns(run)
        rows = finite_rows(*energies)
        if run.failure is None and rows < len(time_ps):
            return Judgement(
                Status.FAIL,
                f"the energy of {run.name} is not finite after {time_ps[rows]:.3g} ps",
                threshold=threshold,
                evidence={"time_ps": time_ps[rows]},
            )
    return None


def _estimate(run: Run, *, n_atoms: int) -> SlopeEstimate:
    """Fit one run; meV/atom/ps."""
    time_ps, *energies = _columns(run)
    rows = finite_rows(*energies)
    per_atom = run.energies.total_ev[:rows] * (MEV_PER_EV / n_atoms)
    return slope_with_interval(time_ps[:rows], values=per_atom)


def _evidence(
    record: Runs, *, estimates: Sequence[SlopeEstimate], slope: float, half_width: float
) -> dict[str, Any]:
    n_atoms = record.system.n_atoms
    pairs = zip(record.runs, estimates, strict=True)
    runs = [_run_evidence(run, estimate=estimate, n_atoms=n_atoms) for run, estimate in pairs]
    averaged = (
        "drift_percent_of_initial",
        "conservation_ratio",
        "sigma_total_mev_per_atom",
        "correlation_time_ps",
    )
    return {
        "slope_mev_per_atom_per_ps": slope,
        "interval_mev_per_atom_per_ps": half_width,
        "lowest_slope_mev_per_atom_per_ps": slope - half_width,
        "highest_slope_mev_per_atom_per_ps": slope + half_width,
        **{name: float(np.mean([run[name] for run in runs])) for name in averaged},
        "n_samples": sum(estimate.rows for estimate in estimates),
        "n_replicas": len(estimates),
        "runs": runs,
    }


def _run_evidence(run: Run, *, estimate: SlopeEstimate, n_atoms: int) -> dict[str, Any]:
    total_ev = run.energies.total_ev[: estimate.rows]
    duration_ps = float(run.energies.time_ps[estimate.rows - 1] - run.energies.time_ps[0])
    drift_ev = estimate.slope * duration_ps * n_atoms / MEV_PER_EV
    spread_ev = float(total_ev.std())
    return {
        "run": run.name,
        "slope_mev_per_atom_per_ps": estimate.slope,
        "interval_mev_per_atom_per_ps": estimate.half_width,
        "drift_percent_of_initial": 100.0 * _ratio(drift_ev, over=abs(float(total_ev[0]))),
        "conservation_ratio": 1.0 - _ratio(spread_ev, over=abs(float(total_ev.mean()))),
        "sigma_total_mev_per_atom": spread_ev * MEV_PER_EV / n_atoms,
        "correlation_time_ps": estimate.correlation_time,
        "block_rows": estimate.block_rows,
        "n_samples": estimate.rows,
        "duration_ps": duration_ps,
    }


def _ratio(numerator: float, *, over: float) -> float:
    return numerator / over if over else float("nan")


CHECK = check_of_runs(
    id="energy_drift",
    group="dynamics",
    scope="condition",
    question="Is the total energy conserved?",
    formula="least-squares slope of E_total(t) / N with a 95 % moving-block bootstrap interval; "
    "R = |slope| t/σ(E_kin) of the whole system",
    unit="meV/atom/ps",
    source="LAMBench 0.5; good foundation models 0.003–0.01; NVIDIA ALCHEMI's example 0.01",
    limits={"slope": "meV/atom/ps", "ratio": "ratio"},
    consequence="The system heats or cools by itself; temperatures, rates and free energies from "
    "long runs are wrong, and a thermostat only hides it.",
    remedy="Run with half the timestep. If the drift falls, the integrator causes it; if it stays, "
    "the energy surface does: forces that are not its gradient, or jumps at a cutoff.",
    judge=judge,
)

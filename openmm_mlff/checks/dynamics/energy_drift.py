"""Does the total energy drift?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement
from openmm_mlff.checks.inputs import (
    demand_survival,
    finite_rows,
    read_runs,
    too_few_rows,
    unusable_runs,
)
from openmm_mlff.checks.statistics import (
    FEWEST_ROWS,
    SlopeEstimate,
    combine_replicas,
    compare_with_interval,
    slope_with_interval,
)
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, MEV_PER_EV, RATIO

ROUNDING = 1e-6
"""A kinetic energy that changes by less than this part of k_B T is taken for constant."""


def judge(record: Runs, limits: Limits) -> Judgement:
    """Fit the slope of E_total(t) and compare it with its 95 % interval, in two ways.

    Per atom, and over the whole run against the thermal fluctuation of the whole system,
    R = |slope| t/σ(E_kin): the energy of a large system drifts by many times what its fluctuations
    hide long before an atom's share of it is seen.  PASS where |slope| + interval ≤ threshold, FAIL
    where |slope| − interval > threshold for the mean of the replicas or for any one of them, else
    INCONCLUSIVE: a longer run may decide.  The worse of the two counts.

    Args:
        record: the replicas of one condition.
        limits: ``slope`` (meV/atom/ps), ``ratio`` (ratio).

    Returns:
        The judgement; its evidence also holds measures that depend on the zero of energy (percent
        of the starting energy, conservation ratio) and so decide nothing.
    """
    limit = limits["slope"]
    undecided = unusable_runs(record) or _too_short(record)
    if undecided is not None:
        return undecided
    broken = _not_finite(record, threshold=limit.value)
    if broken is not None:
        return broken
    estimates = [_estimate(run, n_atoms=record.system.n_atoms) for run in record.runs]
    slope, half_width, where = _decisive(record.runs, estimates=estimates, threshold=limit.value)
    per_slope = _ratio_per_slope(record, estimates=estimates)
    findings = [
        (
            f"the total energy drifts by {slope:.3g} ± {half_width:.2g} {limit.unit} (95 %){where}",
            abs(slope),
            half_width,
            limit,
        ),
        (
            f"over the run{where} the energy of the whole system drifts by "
            f"{per_slope * abs(slope):.3g} ± {per_slope * half_width:.2g} times the standard "
            "deviation of its kinetic energy (95 %)",
            per_slope * abs(slope),
            per_slope * half_width,
            limits["ratio"],
        ),
    ]
    clause, value, half, decisive = max(findings, key=lambda finding: _rank(*finding[1:]))
    unit = "" if decisive.unit == RATIO else f" {decisive.unit}"
    evidence = _evidence(record, estimates=estimates, slope=slope, half_width=half_width)
    judgement = Judgement(
        compare_with_interval(value, half_width=half, threshold=decisive.value),
        f"{clause} (limit {decisive.value:g}{unit})",
        value=value,
        threshold=decisive.value,
        unit=decisive.unit,
        evidence=evidence
        | {"drift_ratio": per_slope * abs(slope), "drift_ratio_interval": per_slope * half_width},
    )
    return demand_survival(record, judgement)


def _rank(value: float, half_width: float, limit: Threshold) -> tuple[int, float]:
    """Return what is larger the worse: failures first, then what is undecided."""
    status = compare_with_interval(value, half_width=half_width, threshold=limit.value)
    order = (Status.PASS, Status.INCONCLUSIVE, Status.FAIL).index(status)
    return order, (value + half_width) / limit.value


def _ratio_per_slope(record: Runs, *, estimates: Sequence[SlopeEstimate]) -> float:
    """Return R = |slope| t/σ(E_kin) of the whole system over the slope per atom.

    Zero where the kinetic energy does not change but for rounding: one free atom.

    Returns:
        (meV/atom/ps)⁻¹, the mean over the replicas.
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
    """Return the mean slope, its interval, and where; one replica's, where that alone fails.

    Replicas that drift up and down must not cancel.

    Returns:
        Slope and half its interval, meV/atom/ps, and the run that they are of, if one.
    """
    for run, single in zip(runs, estimates, strict=True):
        magnitude, half_width = abs(single.slope), single.half_width
        own = compare_with_interval(magnitude, half_width=half_width, threshold=threshold)
        if own is Status.FAIL and len(runs) > 1:
            return single.slope, half_width, f" in {run.name}"
    return *combine_replicas(estimates), ""


def _rows(run: Run) -> int:
    return finite_rows(run.energies.total_ev, run.energies.kinetic_ev)


def _too_short(record: Runs) -> Judgement | None:
    """Return INCONCLUSIVE where a run has too few rows to judge."""
    for run in record.runs:
        time_ps = run.energies.time_ps
        rows = len(time_ps) if run.failure is None else _rows(run)
        short = too_few_rows(run, rows, time_ps=time_ps, fewest=FEWEST_ROWS, name="energies")
        if short is not None:
            return short
    return None


def _not_finite(record: Runs, *, threshold: float) -> Judgement | None:
    """Return a FAIL where a run ended with energies that are not finite."""
    for run in record.runs:
        rows = _rows(run)
        if run.failure is None and rows < len(run.energies.total_ev):
            return Judgement(
                Status.FAIL,
                f"the energy of {run.name} is not finite after {run.energies.time_ps[rows]:.3g} ps",
                threshold=threshold,
                evidence={"time_ps": run.energies.time_ps[rows]},
            )
    return None


def _estimate(run: Run, *, n_atoms: int) -> SlopeEstimate:
    """Fit one run; in meV/atom/ps."""
    rows = _rows(run)
    per_atom = run.energies.total_ev[:rows] * (MEV_PER_EV / n_atoms)
    return slope_with_interval(run.energies.time_ps[:rows], values=per_atom)


def _evidence(
    record: Runs,
    *,
    estimates: Sequence[SlopeEstimate],
    slope: float,
    half_width: float,
) -> dict[str, Any]:
    """Collect what stands beside the slope; the mean over replicas, and each one."""
    n_atoms = record.system.n_atoms
    pairs = zip(record.runs, estimates, strict=True)
    runs = [_run_evidence(run, estimate=estimate, n_atoms=n_atoms) for run, estimate in pairs]
    shared = (
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
        **{name: float(np.mean([run[name] for run in runs])) for name in shared},
        "n_samples": sum(estimate.rows for estimate in estimates),
        "n_replicas": len(estimates),
        "runs": runs,
    }


def _run_evidence(run: Run, *, estimate: SlopeEstimate, n_atoms: int) -> dict[str, Any]:
    total_ev = run.energies.total_ev[: estimate.rows]
    duration_ps = float(run.energies.time_ps[estimate.rows - 1] - run.energies.time_ps[0])
    drift_ev = estimate.slope * duration_ps * n_atoms / MEV_PER_EV
    return {
        "run": run.name,
        "slope_mev_per_atom_per_ps": estimate.slope,
        "interval_mev_per_atom_per_ps": estimate.half_width,
        "drift_percent_of_initial": 100.0 * _ratio(drift_ev, over=abs(float(total_ev[0]))),
        "conservation_ratio": 1.0 - _ratio(float(total_ev.std()), over=abs(float(total_ev.mean()))),
        "sigma_total_mev_per_atom": float(total_ev.std()) * MEV_PER_EV / n_atoms,
        "correlation_time_ps": estimate.correlation_time,
        "block_rows": estimate.block_rows,
        "n_samples": estimate.rows,
        "duration_ps": duration_ps,
    }


def _ratio(numerator: float, *, over: float) -> float:
    return numerator / over if over else float("nan")


CHECK = Check(
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
    remedy="Run with half the timestep: a drift that falls is the integrator's, one that stays is "
    "the energy surface's (forces that are no gradient, jumps at a cutoff).",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories",),
)

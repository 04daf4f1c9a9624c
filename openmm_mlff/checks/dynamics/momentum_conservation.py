"""Are linear and angular momentum conserved?"""

import math

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import (
    demand_survival,
    finite_rows,
    largest_norm,
    reaches,
    unusable_runs,
)
from openmm_mlff.config import Criteria
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations.model import Observations, RunObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


def momentum_conservation(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the largest change of each momentum with its thermal scale.

    max |L(t) − L(0)| / √(kT tr I) and max |P(t) − P(0)| / √(kT M), for an isolated molecule of
    mass M and inertia tensor I; kT tr I is the mean square of L in equilibrium.

    Args:
        observations: with the replicas of one condition.
        criteria: ``change`` (ratio).

    Returns:
        PASS or FAIL by the larger ratio among momenta and replicas.
    """
    unusable = unusable_runs(SPEC, observations)
    if unusable is not None:
        return unusable
    limit = SPEC.threshold(criteria, name="change")
    measures = []
    evidence = {}
    for run in observations.runs:
        rows = len(run.momenta.time_ps)
        if run.failure is not None:
            rows = finite_rows(run.momenta.linear, run.momenta.angular)
        elif not reaches(run.momenta.time_ps, end_ps=run.completed_ps):
            reason = f"the momenta of {run.name} end before its {run.completed_ps:g} ps do"
            return SPEC.inconclusive(observations, reason=reason)
        if rows < 2:
            reason = f"{run.name} has fewer than two rows of momenta"
            return SPEC.inconclusive(observations, reason=reason)
        changes = _relative_changes(run, system=observations.system, rows=rows)
        evidence[run.name] = changes
        measures += [
            Measure(f"the {kind} momentum changes, relative to its thermal size, by", value, limit)
            for kind, value in changes.items()
        ]
    result = SPEC.judged(observations, measures=measures, evidence={"changes_by_run": evidence})
    return demand_survival(SPEC, observations, result=result)


def _relative_changes(
    run: RunObservations, *, system: MolecularSystem, rows: int
) -> dict[str, float]:
    """Give the largest changes over their thermal scales, by kind of momentum.

    A single atom has no moment of inertia and is judged on its linear momentum alone, and so is a
    periodic box, whose images exert torques.

    Returns:
        Ratios, by kind of momentum.
    """
    masses_amu = system.masses_amu
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * run.condition.temperature_kelvin
    thermal = thermal_ev / EV_PER_AMU_ANGSTROM2_PER_PS2
    linear = run.momenta.linear[:rows]
    changes = {
        "linear": largest_norm(linear - linear[0]) / math.sqrt(thermal * float(masses_amu.sum()))
    }
    if system.n_atoms > 1 and not system.is_periodic:
        positions = system.positions_angstrom
        if run.trajectory is not None and np.isfinite(run.trajectory.positions_angstrom[:1]).all():
            positions = run.trajectory.positions_angstrom[0]
        inertia = inertia_trace(positions, masses_amu=masses_amu)
        angular = run.momenta.angular[:rows]
        changes["angular"] = largest_norm(angular - angular[0]) / math.sqrt(thermal * inertia)
    return changes


def inertia_trace(positions_angstrom: np.ndarray, *, masses_amu: np.ndarray) -> float:
    """Give the trace of the inertia tensor about the centre of mass, 2 Σ m r².

    Args:
        positions_angstrom: (N, 3).
        masses_amu: (N,).

    Returns:
        tr I in amu Å².
    """
    centred = positions_angstrom - np.average(positions_angstrom, axis=0, weights=masses_amu)
    return 2.0 * float(masses_amu @ np.sum(centred**2, axis=1))


SPEC = CheckSpec(
    id="momentum_conservation",
    group="dynamics",
    scope="condition",
    title="Are linear and angular momentum conserved?",
    formula="max |L(t) − L(0)| / √(kT tr I), max |P(t) − P(0)| / √(kT M)",
    unit="ratio",
    source="a healthy float32 student changes L by 1e-6 to 2e-5 in 4 ps, the published one by 0.4 "
    "to 1.6",
    thresholds={"change": "ratio"},
    failure_mode="The molecule starts to spin or to drift off by itself: the energy changes when "
    "it is turned or moved, which no physical energy does, and energy leaks into rotation.",
    remedy="The architecture is not invariant under rotation or translation; no training mends "
    "that. Use an equivariant model.",
    function=momentum_conservation,
)

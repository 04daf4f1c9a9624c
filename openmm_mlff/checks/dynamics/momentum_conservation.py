"""Are linear and angular momentum conserved?"""

import math

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, judged
from openmm_mlff.checks.inputs import (
    demand_survival,
    finite_rows,
    largest,
    read_runs,
    too_few_rows,
    unusable_runs,
)
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, inertia_tensor
from openmm_mlff.storage.runs import Run, Runs
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the largest change of each momentum with its thermal scale.

    max |L(t) − L(0)| / √(kT tr I) and max |P(t) − P(0)| / √(kT M), for mass M and inertia tensor I;
    kT tr I is the mean square of L in equilibrium.

    Args:
        record: the replicas of one condition.
        limits: ``change`` (ratio).

    Returns:
        PASS or FAIL by the larger ratio among momenta and replicas.
    """
    unusable = unusable_runs(record)
    if unusable is not None:
        return unusable
    limit = limits["change"]
    changes_by_run = {}
    for run in record.runs:
        time_ps = run.momenta.time_ps
        rows = len(time_ps)
        if run.failure is not None:
            rows = finite_rows(run.momenta.linear, run.momenta.angular)
        short = too_few_rows(run, rows, time_ps=time_ps, fewest=2, name="momenta")
        if short is not None:
            return short
        changes_by_run[run.name] = {
            kind: largest(changes[:rows])
            for kind, changes in relative_changes(run, system=record.system).items()
        }
    measures = [
        Measure(f"the {kind} momentum changes, relative to its thermal size, by", value, limit)
        for changes in changes_by_run.values()
        for kind, value in changes.items()
    ]
    return demand_survival(record, judged(measures, evidence={"changes_by_run": changes_by_run}))


def rotates_freely(system: MolecularSystem) -> bool:
    """Return whether a system has an angular momentum that is conserved.

    An atom has none about its own centre, and the images of a periodic box exert torques; both are
    judged on their linear momentum alone.
    """
    return system.n_atoms > 1 and not system.is_periodic


def relative_changes(run: Run, *, system: MolecularSystem) -> dict[str, np.ndarray]:
    """Compute |P(t) − P(0)| / √(kT M) and, where it is conserved, |L(t) − L(0)| / √(kT tr I).

    Args:
        run: with at least one row of momenta.
        system: with the masses.

    Returns:
        (T,), by kind of momentum.
    """
    masses_amu = system.masses_amu
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * run.condition.temperature_kelvin
    scales = {"linear": (run.momenta.linear, float(masses_amu.sum()))}
    if rotates_freely(system):
        positions = system.positions_angstrom
        if run.trajectory is not None and np.isfinite(run.trajectory.positions_angstrom[:1]).all():
            positions = run.trajectory.positions_angstrom[0]
        inertia = inertia_tensor(positions, masses_amu=masses_amu)
        scales["angular"] = (run.momenta.angular, float(np.trace(inertia)))
    with np.errstate(invalid="ignore"):
        return {
            kind: np.linalg.norm(series - series[0], axis=1)
            / math.sqrt(thermal_ev / EV_PER_AMU_ANGSTROM2_PER_PS2 * scale)
            for kind, (series, scale) in scales.items()
        }


CHECK = Check(
    id="momentum_conservation",
    group="dynamics",
    scope="condition",
    question="Are linear and angular momentum conserved?",
    formula="max |L(t) − L(0)| / √(kT tr I), max |P(t) − P(0)| / √(kT M)",
    unit="ratio",
    source="a healthy float32 student changes L by 1e-6 to 2e-5 in 4 ps, the published one by 0.4 "
    "to 1.6",
    limits={"change": "ratio"},
    consequence="The molecule starts to rotate or to move by itself: its energy depends on its "
    "orientation or place, and energy leaks into rotation.",
    remedy="The architecture is not invariant under rotation or translation, which no training "
    "corrects. Use an equivariant model.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories",),
)

"""Are linear and angular momentum conserved?"""

import math

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, judged
from openmm_mlff.checks.inputs import check_of_replicas, demand_survival, judged_rows, largest
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, inertia_tensor
from openmm_mlff.storage.runs import Run, Runs
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the largest change of a momentum, relative to its thermal size, with ``change``."""
    rows = judged_rows(
        record,
        lambda run: (run.momenta.time_ps, run.momenta.linear, run.momenta.angular),
        fewest=2,
        name="momenta",
    )
    if isinstance(rows, Judgement):
        return rows
    limit = limits["change"]
    changes_by_run = {}
    for run, count in rows:
        series = relative_changes(run, system=record.system)
        changes_by_run[run.name] = {kind: largest(one[:count]) for kind, one in series.items()}
    measures = [
        Measure(f"the {kind} momentum changes, relative to its thermal size, by", value, limit)
        for changes in changes_by_run.values()
        for kind, value in changes.items()
    ]
    return demand_survival(record, judged(measures, evidence={"changes_by_run": changes_by_run}))


def rotates_freely(system: MolecularSystem) -> bool:
    """Return whether the angular momentum of a system is conserved.

    An atom has none about its own centre, and the images of a periodic box exert torques.
    """
    return system.n_atoms > 1 and not system.is_periodic


def relative_changes(run: Run, *, system: MolecularSystem) -> dict[str, np.ndarray]:
    """Compute |P(t) − P(0)| / √(kT M) and, where it is conserved, |L(t) − L(0)| / √(kT tr I).

    Each is (T,), by its kind: ``linear``, ``angular``; kT M and kT tr I, for mass M and inertia
    tensor I, are the mean squares in equilibrium.  The run has at least one row of momenta.
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


CHECK = check_of_replicas(
    __name__,
    formula="max |L(t) − L(0)| / √(kT tr I), max |P(t) − P(0)| / √(kT M)",
    source="a healthy float32 student changes L by 1e-6 to 2e-5 in 4 ps, the published one by 0.4 "
    "to 1.6",
    limits={"change": "ratio"},
    consequence="The molecule starts to rotate or to move by itself: its energy depends on its "
    "orientation or position, and energy goes into overall rotation.",
    remedy="The architecture is not invariant under rotation or translation, which no training "
    "corrects. Use an equivariant model.",
)

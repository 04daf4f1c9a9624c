"""Is a failure at a long timestep the potential's fault, or the timestep's?

Leapfrog is unstable from ω dt = 2 for a harmonic vibration ω, and resonates with an anharmonic one
from ω dt = √2 (Schlick et al., J. Comput. Phys. 140 (1998) 1): flexible O–H bonds at 2 fs have 1.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.accuracy.modes import mass_weighted_hessian
from openmm_mlff.checks.base import OPENINGS, place
from openmm_mlff.checks.dynamics.energy_drift import CHECK as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.stability import CHECK as STABILITY
from openmm_mlff.checks.inputs import stored_record
from openmm_mlff.results import CheckResult, Status
from openmm_mlff.storage.runs import Evidence, RunCondition
from openmm_mlff.storage.shared import Hessian, Samples
from openmm_mlff.units import EV_PER_AMU_ANGSTROM2_PER_PS2, fs_from_ps

LARGEST_PHASE = 1.0
"""ω dt of the fastest vibration, at most: half of where leapfrog becomes unstable."""

DECIDING = (STABILITY.id, ENERGY_DRIFT.id)


@dataclass(frozen=True)
class TooLong:
    """A temperature and timestep at which the timestep decides, and why."""

    temperature_kelvin: float
    timestep_fs: float
    why: str


def too_long_timesteps(results: Sequence[CheckResult], evidence: Evidence) -> list[TooLong]:
    """Return the conditions of a system at which the timestep is to blame, not the potential.

    There `stability` or `energy_drift` does not pass, although both pass at every shorter timestep
    of that temperature, and ω dt of the fastest vibration exceeds :data:`LARGEST_PHASE`.
    """
    period_fs = fastest_period_fs(evidence)
    outcomes: dict[float, dict[float, list[Status]]] = {}
    for result in results:
        if result.id in DECIDING and result.condition:
            kelvin, step = _condition(result)
            outcomes.setdefault(kelvin, {}).setdefault(step, []).append(result.status)
    found = []
    for kelvin, at in outcomes.items():
        sound = []
        for timestep_fs in sorted(at):
            if set(at[timestep_fs]) == {Status.PASS}:
                sound.append(timestep_fs)
            elif sound and 2.0 * np.pi * timestep_fs > LARGEST_PHASE * period_fs:
                why = (
                    f"a timestep of {timestep_fs:g} fs is too long for its fastest vibration, with "
                    f"a period of {period_fs:.1f} fs (needs at least 2π timesteps), and it passed "
                    f"at {' and '.join(f'{one:g}' for one in sound)} fs"
                )
                found.append(TooLong(kelvin, timestep_fs, why))
            else:
                break
    return found


def blame_timesteps(
    results: Sequence[CheckResult], too_long: Sequence[TooLong]
) -> list[CheckResult]:
    """Return results of which those that a long timestep spoiled are NOT APPLICABLE.

    They are the failures of `stability` and `energy_drift`, and what is undecided beside them.
    """
    why = {(one.temperature_kelvin, one.timestep_fs): one.why for one in too_long}
    return [_blamed(result, why.get(_condition(result), "")) for result in results]


def _blamed(result: CheckResult, why: str) -> CheckResult:
    fails = result.status is Status.FAIL and result.id in DECIDING
    if not why or not (fails or result.status is Status.INCONCLUSIVE):
        return result
    where = place(result.system, RunCondition(**result.condition))
    message = f"{OPENINGS[Status.NOT_APPLICABLE].format(where)}{why}. {result.message}"
    return result.model_copy(update={"status": Status.NOT_APPLICABLE, "message": message})


def _condition(result: CheckResult) -> tuple[Any, Any]:
    return result.condition.get("temperature_kelvin"), result.condition.get("timestep_fs")


def fastest_period_fs(evidence: Evidence) -> float:
    """Return the period of the fastest vibration at the minimum, fs; infinite where unknown.

    Of a sample of the atoms it is an upper bound.  Constrained atoms are left out.
    """
    hessian = stored_record(evidence, "hessian", Hessian)
    samples = stored_record(evidence, "samples", Samples)
    if hessian is None or samples is None:
        return np.inf
    free = ~samples.constrained[hessian.atoms].astype(bool)
    jacobian = hessian.jacobians[0][np.ix_(np.repeat(free, 3), np.repeat(free, 3))]
    if not free.any() or not np.isfinite(jacobian).all():
        return np.inf
    masses_amu = samples.masses_amu[hessian.atoms[free]]
    curvatures = np.linalg.eigvalsh(mass_weighted_hessian(jacobian, masses_amu))
    squared_per_ps2 = curvatures[-1] / EV_PER_AMU_ANGSTROM2_PER_PS2
    if squared_per_ps2 <= 0.0:
        return np.inf
    return float(fs_from_ps(2.0 * np.pi / np.sqrt(squared_per_ps2)))

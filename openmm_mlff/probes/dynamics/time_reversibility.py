"""There and back again: velocities turned round after some steps."""

import numpy as np

from openmm_mlff import units
from openmm_mlff.probes.dynamics.start import (
    NO_RUN,
    accelerations,
    find_start,
    place_at,
    verlet_simulation,
)
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import positions_angstrom, velocities_angstrom_per_ps
from openmm_mlff.simulation.stepping import step_watched


def probe_time_reversibility(subject: ProbeSubject) -> ProbeOutcome:
    """Step on, turn the velocities round, and step back as often.

    After n steps leapfrog holds x(n) and v(n − ½), and its next kick would give
    v(n + ½) = v(n − ½) + dt F(n)/m.  Handed −v(n + ½), it kicks to −v(n − ½) and goes back over
    its own positions.

    Args:
        subject: what to probe.

    Returns:
        `start_positions_angstrom`, `far_positions_angstrom` and `back_positions_angstrom`, each
        (N, 3), NaN where the run broke.  Skipped where no run left a point to start from.
    """
    if subject.molecule.n_atoms < 2:
        return not_applicable("a single atom has no motion to turn round")
    start = find_start(subject)
    if start is None:
        return ProbeOutcome(skipped=NO_RUN)
    steps = subject.spec.reversal_steps
    simulation = verlet_simulation(subject, start.system, timestep_fs=subject.timestep_fs)
    place_at(simulation, start)
    context = simulation.context
    far = back = np.full_like(start.positions_angstrom, np.nan)
    reason = ""
    try:
        step_watched(simulation, steps)
        state = context.getState(positions=True, velocities=True)
        far = positions_angstrom(state)
        kick = units.ps_from_fs(subject.timestep_fs) * accelerations(simulation)
        context.setVelocities(units.nm_from_angstrom(-(velocities_angstrom_per_ps(state) + kick)))
        step_watched(simulation, steps)
        back = positions_angstrom(context.getState(positions=True))
    except UnstableError as error:
        reason = error.message
    return ProbeOutcome(
        data={
            "dtype": subject.dtype,
            "steps": steps,
            "timestep_fs": subject.timestep_fs,
            "failure": reason,
        },
        arrays={
            "start_positions_angstrom": start.positions_angstrom,
            "far_positions_angstrom": far,
            "back_positions_angstrom": back,
        },
    )

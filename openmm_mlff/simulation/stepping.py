"""Steps in blocks, with NaN exceptions of OpenMM converted to failures."""

import numpy as np
import openmm
from openmm import app

from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import positions_angstrom, time_ps

_FEWEST_BLOCKS = 10
_MOST_STEPS_A_BLOCK = 500
_MOST_BLOCKS = 1000


def block_steps(n_steps: int, *, interval: int) -> int:
    """Return the number of steps per block, a multiple of the reporters' interval.

    At most 500, fewer in short runs so that they have at least ten blocks, more in very long ones
    to limit the number of recorded blocks.
    """
    wanted = max(min(_MOST_STEPS_A_BLOCK, n_steps // _FEWEST_BLOCKS), n_steps // _MOST_BLOCKS, 1)
    return interval * -(-wanted // interval)


def step_watched(simulation: app.Simulation, n_steps: int) -> None:
    """Advance a Simulation.

    Raises:
        UnstableError: a reporter raised it, or coordinates became NaN.
        OpenMMException: OpenMM or the potential failed for another reason.
    """
    try:
        simulation.step(n_steps)
    except openmm.OpenMMException as error:
        failure = as_instability(simulation, error)
        if failure is None:
            raise
        raise failure from error


def as_instability(
    simulation: app.Simulation, error: openmm.OpenMMException
) -> UnstableError | None:
    """Return the failure if coordinates are not finite or OpenMM reports NaN, else None."""
    # Requesting energies or forces would raise again.
    state = simulation.context.getState(positions=True)
    lost = np.flatnonzero(~np.isfinite(positions_angstrom(state)).all(axis=1))
    if not len(lost) and "NaN" not in str(error):
        return None
    time, step = time_ps(state), int(simulation.currentStep)
    reason = str(error).partition("For more information")[0].strip()
    return UnstableError(
        f"at {time:.4f} ps (step {step}): coordinates of {len(lost)} atoms are not numbers "
        f"(OpenMM: {reason})",
        time_ps=time,
        step=step,
        atoms=tuple(int(atom) for atom in lost),
    )

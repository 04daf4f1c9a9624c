"""Steps in blocks, with OpenMM's own complaints about broken numbers turned into failures."""

import numpy as np
import openmm
from openmm import app

from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import positions_angstrom, time_ps

_FEWEST_BLOCKS = 10
_MOST_STEPS_A_BLOCK = 500
_MOST_BLOCKS = 1000


def block_steps(n_steps: int, *, interval: int) -> int:
    """Choose how many steps are taken between two looks at the clock.

    At most 500, fewer in short runs so that they too have ten blocks, more in very long ones so
    that what is kept of each block does not grow with the run.

    Args:
        n_steps: of the whole run.
        interval: of the reporters; every block has the same number of reports.

    Returns:
        A multiple of the interval.
    """
    wanted = max(min(_MOST_STEPS_A_BLOCK, n_steps // _FEWEST_BLOCKS), n_steps // _MOST_BLOCKS, 1)
    return interval * -(-wanted // interval)


def step_watched(simulation: app.Simulation, n_steps: int) -> None:
    """Advance a Simulation.

    Args:
        simulation: with its reporters.
        n_steps: how far.

    Raises:
        UnstableError: a reporter says so, or OpenMM does because coordinates are not numbers.
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
    """Tell broken numbers from broken code.

    Args:
        simulation: that raised.
        error: what it raised.

    Returns:
        The failure, where coordinates are not finite or OpenMM says NaN; None where the cause is
        another.
    """
    # Without energies and forces, which would raise again.
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

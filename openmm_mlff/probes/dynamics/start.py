"""Where the dynamics probes start: the end of the potential's own run at constant energy."""

from dataclasses import dataclass

import numpy as np
import openmm
from openmm import app

from openmm_mlff import units
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.probes.model import ProbeSubject
from openmm_mlff.reporters.quantities import (
    forces_ev_per_angstrom,
    masses_amu,
    positions_angstrom,
    velocities_angstrom_per_ps,
)
from openmm_mlff.rundir import RUN_FILE, read_json
from openmm_mlff.simulation.checkpoints import STATE_FILE, load_state
from openmm_mlff.simulation.constraints import verlet_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.nve import set_start_velocities

NO_RUN = "no run at constant energy came to its end, so there is no point to start from"


@dataclass(frozen=True)
class StartPoint:
    """A point of the microcanonical ensemble.

    Attributes:
        system: what the potential made of the molecule.
        positions_angstrom: (N, 3), Å.
        velocities_angstrom_per_ps: (N, 3), Å/ps, at the time of the positions.
    """

    system: openmm.System
    positions_angstrom: np.ndarray
    velocities_angstrom_per_ps: np.ndarray


def find_start(subject: ProbeSubject) -> StartPoint | None:
    """Take the last state of the subject's run, its velocities moved to the time of the positions.

    Leapfrog's velocities lie half a step back: v(t) = v(t − dt/2) + (dt/2) F(t)/m, with the
    timestep of that run.

    Args:
        subject: what is probed.

    Returns:
        The point; None where there is no such run.

    Raises:
        RunDirectoryError: the run's files are damaged.
    """
    folder = subject.run_folder
    if folder is None or not (folder / STATE_FILE).is_file():
        return None
    try:
        timestep_fs = float(read_json(folder / RUN_FILE)["condition"]["timestep_fs"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirectoryError(
            f"{folder / RUN_FILE} says no timestep; expected the run.json of a trajectory"
        ) from error
    system = subject.potential.create_system(subject.molecule, precision=subject.precision)
    simulation = verlet_simulation(subject, system, timestep_fs=timestep_fs)
    load_state(simulation, folder)
    state = simulation.context.getState(positions=True, velocities=True, forces=True)
    half_kick = 0.5 * units.ps_from_fs(timestep_fs) * accelerations(simulation)
    return StartPoint(
        system=system,
        positions_angstrom=positions_angstrom(state),
        velocities_angstrom_per_ps=velocities_angstrom_per_ps(state) + half_kick,
    )


def verlet_simulation(
    subject: ProbeSubject, system: openmm.System, *, timestep_fs: float
) -> app.Simulation:
    """Make a Simulation at constant energy, at the molecule's minimum.

    Args:
        subject: names molecule and platform.
        system: what the potential made of the molecule.
        timestep_fs: of the integrator.

    Returns:
        The Simulation, warm, with velocities zero.
    """
    return make_simulation(
        system,
        subject.molecule,
        verlet_integrator(timestep_fs),
        platform=subject.platform,
        positions_angstrom=subject.molecule.positions_angstrom,
    )


def place_at(simulation: app.Simulation, start: StartPoint) -> None:
    """Put a Simulation of ``VerletIntegrator`` at a point, whatever its timestep.

    Args:
        simulation: of the same System.
        start: positions, and velocities at their time.
    """
    simulation.context.setPositions(units.nm_from_angstrom(start.positions_angstrom))
    set_start_velocities(simulation, start.velocities_angstrom_per_ps)


def accelerations(simulation: app.Simulation) -> np.ndarray:
    """Give F/m where a Simulation stands, (N, 3), Å/ps²; zero for what has no mass."""
    forces = forces_ev_per_angstrom(simulation.context.getState(forces=True))
    masses = masses_amu(simulation.system)
    inverse = np.divide(1.0, masses, out=np.zeros_like(masses), where=masses > 0.0)
    return forces * inverse[:, None] / units.EV_PER_AMU_ANGSTROM2_PER_PS2

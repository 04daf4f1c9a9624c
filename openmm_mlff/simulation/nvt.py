"""Equilibration with Langevin dynamics."""

from collections.abc import Generator
from pathlib import Path

import openmm
from openmm import app

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.reporters.quantities import (
    FloatArray,
    positions_angstrom,
    velocities_angstrom_per_ps,
)
from openmm_mlff.simulation.checkpoints import Pace, load_equilibration, save_equilibration
from openmm_mlff.simulation.constraints import langevin_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.stepping import block_steps, step_watched


def equilibrate(
    system: openmm.System,
    molecule: MolecularSystem,
    job: TrajectoryJob,
    *,
    platform: PlatformChoice,
    start_positions_angstrom: FloatArray,
    folder: Path | None = None,
) -> Generator[int, None, tuple[FloatArray, FloatArray]]:
    """Equilibrate a molecule from its minimum, block by block, or resume that.

    Velocities drawn at a minimum lose half of their kinetic energy to the potential; the Langevin
    thermostat (``LangevinMiddleIntegrator``: Zhang et al., J. Phys. Chem. A 123 (2019) 6056)
    restores it.

    Args:
        system: of the molecule.
        molecule: to equilibrate.
        job: with temperature, friction, duration, seed.
        platform: of the calculation.
        start_positions_angstrom: of the minimum, (N, 3).
        folder: for checkpoints; None writes none.

    Yields:
        Completed steps.

    Returns:
        Positions (N, 3), Å, and velocities (N, 3), Å/ps.

    Raises:
        UnstableError: the run is unstable; its time is negative, relative to the start of NVE.
    """
    simulation = _langevin(
        system,
        molecule,
        job,
        platform=platform,
        start_positions_angstrom=start_positions_angstrom,
    )
    if folder is not None:
        load_equilibration(simulation, folder)
    pace = Pace()
    try:
        length = block_steps(job.n_equilibration_steps, interval=job.energy_interval_steps)
        while (left := job.n_equilibration_steps - int(simulation.currentStep)) > 0:
            step_watched(simulation, min(length, left))
            if folder is not None and (left <= length or pace.is_due()):
                with pace:
                    save_equilibration(simulation, folder)
            yield int(simulation.currentStep)
    except UnstableError as error:
        raise UnstableError(
            f"in the equilibration before the run, {error.message}",
            time_ps=error.time_ps - job.equilibration_ps,
            step=error.step - job.n_equilibration_steps,
            atoms=error.atoms,
        ) from error
    state = simulation.context.getState(positions=True, velocities=True)
    return positions_angstrom(state), velocities_angstrom_per_ps(state)


def _langevin(
    system: openmm.System,
    molecule: MolecularSystem,
    job: TrajectoryJob,
    *,
    platform: PlatformChoice,
    start_positions_angstrom: FloatArray,
) -> app.Simulation:
    """Set up the thermostat with thermal velocities."""
    velocity_seed, thermostat_seed = job.random_seeds()
    integrator = langevin_integrator(
        temperature_kelvin=job.temperature_kelvin,
        friction_per_ps=job.friction_per_ps,
        timestep_fs=job.equilibration_timestep_fs,
        seed=thermostat_seed,
    )
    simulation = make_simulation(
        system,
        molecule,
        integrator,
        platform=platform,
        positions_angstrom=start_positions_angstrom,
    )
    simulation.context.setVelocitiesToTemperature(job.temperature_kelvin, velocity_seed)
    simulation.reporters.append(
        StabilityReporter(
            job.energy_interval_steps,
            molecule,
            positions_angstrom=start_positions_angstrom,
            temperature_kelvin=job.temperature_kelvin,
            limits=job.limits,
        )
    )
    return simulation

"""Langevin dynamics: equilibration of a run, and samples of the canonical ensemble."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS, StabilityLimits
from openmm_mlff.reporters.quantities import (
    FloatArray,
    positions_angstrom,
    time_ps,
    velocities_angstrom_per_ps,
)
from openmm_mlff.simulation.blocks import block_steps, step_watched
from openmm_mlff.simulation.checkpoint import Pace, load_equilibration, save_equilibration
from openmm_mlff.simulation.constraints import langevin_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.job import TrajectoryJob, openmm_seeds
from openmm_mlff.simulation.platforms import PlatformChoice

OnSteps = Callable[[int], None]
"""Called with the steps completed since the last call."""

Progress = Callable[[int, int], None]
"""Called with completed and total steps, including equilibration."""


def equilibrate(
    system: openmm.System,
    molecule: MolecularSystem,
    job: TrajectoryJob,
    *,
    platform: PlatformChoice,
    start_positions_angstrom: FloatArray,
    folder: Path | None = None,
    on_steps: OnSteps = lambda steps: None,
) -> tuple[FloatArray, FloatArray]:
    """Equilibrate a molecule from its minimum, block by block, or resume that.

    Velocities drawn at a minimum lose half of their kinetic energy to the potential; the Langevin
    thermostat (``LangevinMiddleIntegrator``: Zhang et al., J. Phys. Chem. A 123 (2019) 6056)
    restores it.

    The equilibration starts at the minimum, (N, 3), and writes checkpoints into `folder`, if given.

    Returns:
        Positions (N, 3), Å, and velocities (N, 3), Å/ps.

    Raises:
        UnstableError: the run is unstable; its time is negative, relative to the start of NVE.
    """
    simulation = _thermostatted(
        system, molecule, job, platform=platform, start=start_positions_angstrom
    )
    if folder is not None:
        load_equilibration(simulation, folder)
    on_steps(int(simulation.currentStep))
    pace = Pace()
    try:
        length = block_steps(job.n_equilibration_steps, interval=job.energy_interval_steps)
        while (left := job.n_equilibration_steps - int(simulation.currentStep)) > 0:
            step_watched(simulation, min(length, left))
            if folder is not None and (left <= length or pace.is_due()):
                with pace:
                    save_equilibration(simulation, folder)
            on_steps(min(length, left))
    except UnstableError as error:
        raise UnstableError(
            f"in the equilibration before the run, {error.message}",
            time_ps=error.time_ps - job.equilibration_ps,
            step=error.step - job.n_equilibration_steps,
            atoms=error.atoms,
        ) from error
    state = simulation.context.getState(positions=True, velocities=True)
    return positions_angstrom(state), velocities_angstrom_per_ps(state)


@dataclass(frozen=True)
class LangevinSamples:
    """S evenly spaced samples.

    Attributes:
        positions_angstrom: (S, N, 3).
        velocities_angstrom_per_ps: (S, N, 3), as stored by OpenMM.
        time_ps: since the end of equilibration, (S,).
    """

    positions_angstrom: FloatArray
    velocities_angstrom_per_ps: FloatArray
    time_ps: FloatArray

    def __post_init__(self) -> None:
        shapes = self.positions_angstrom.shape, self.velocities_angstrom_per_ps.shape
        if shapes[0] != shapes[1] or len(self.time_ps) != len(self.positions_angstrom):
            raise ValueError(
                f"positions {shapes[0]}, velocities {shapes[1]} and times {self.time_ps.shape} "
                "are inconsistent; expected (S, N, 3) twice and (S,)"
            )


def sample_langevin(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    start_positions_angstrom: npt.ArrayLike,
    temperature_kelvin: float,
    timestep_fs: float,
    friction_per_ps: float,
    equilibration_ps: float,
    duration_ps: float,
    interval_steps: int,
    seed: int,
    limits: StabilityLimits = DEFAULT_LIMITS,
    on_progress: Progress | None = None,
) -> LangevinSamples:
    """Sample a molecule at a temperature, starting from its minimum.

    ``LangevinMiddleIntegrator`` (Zhang et al., J. Phys. Chem. A 123 (2019) 6056) stores velocities
    in the middle of a step, after the thermostat.  There they are Maxwell–Boltzmann distributed for
    any timestep in a harmonic well, and the positions at the end of the step are Boltzmann
    distributed: neither needs a half-step correction.

    The motion of the centre of mass is not removed: all 3 N degrees of freedom are thermal.

    `start_positions_angstrom`, (N, 3), is the minimum; `interval_steps` separate two samples, the
    first of which is one interval after the equilibration.

    Raises:
        ConfigError: the duration is shorter than one interval.
        UnstableError: the run is unstable.
    """
    job = TrajectoryJob(
        temperature_kelvin=temperature_kelvin,
        timestep_fs=timestep_fs,
        duration_ps=duration_ps,
        equilibration_ps=equilibration_ps,
        equilibration_timestep_fs=timestep_fs,
        friction_per_ps=friction_per_ps,
        energy_interval_steps=interval_steps,
        frame_interval_steps=interval_steps,
        seed=seed,
        limits=limits,
    )
    n_equilibration, n_samples = job.n_equilibration_steps, job.n_steps // interval_steps
    if n_samples < 1:
        raise ConfigError(
            f"{duration_ps:g} ps is too short for one sample every {interval_steps} steps of "
            f"{timestep_fs:g} fs; expected a longer duration"
        )
    simulation = _thermostatted(
        system,
        molecule,
        job,
        platform=platform,
        start=np.asarray(start_positions_angstrom),
    )
    total = n_equilibration + n_samples * interval_steps
    report = on_progress or (lambda _done, _total: None)
    length = block_steps(max(n_equilibration, 1), interval=interval_steps)
    while (left := n_equilibration - int(simulation.currentStep)) > 0:
        step_watched(simulation, min(length, left))
        report(int(simulation.currentStep), total)
    start_ps = time_ps(simulation.context.getState())
    positions, velocities, times_ps = [], [], []
    for _ in range(n_samples):
        step_watched(simulation, interval_steps)
        state = simulation.context.getState(positions=True, velocities=True)
        positions.append(positions_angstrom(state))
        velocities.append(velocities_angstrom_per_ps(state))
        times_ps.append(time_ps(state) - start_ps)
        report(int(simulation.currentStep), total)
    return LangevinSamples(np.array(positions), np.array(velocities), np.array(times_ps))


def _thermostatted(
    system: openmm.System,
    molecule: MolecularSystem,
    job: TrajectoryJob,
    *,
    platform: PlatformChoice,
    start: FloatArray,
) -> app.Simulation:
    """Set up the thermostat with thermal velocities and a stability reporter."""
    velocity_seed, thermostat_seed = openmm_seeds(job.seed, job.replica)
    integrator = langevin_integrator(
        temperature_kelvin=job.temperature_kelvin,
        friction_per_ps=job.friction_per_ps,
        timestep_fs=job.equilibration_timestep_fs,
        seed=thermostat_seed,
    )
    simulation = make_simulation(
        system, molecule, integrator, platform=platform, positions_angstrom=start
    )
    simulation.context.setVelocitiesToTemperature(job.temperature_kelvin, velocity_seed)
    reporter = StabilityReporter(
        job.energy_interval_steps,
        molecule,
        positions_angstrom=start,
        temperature_kelvin=job.temperature_kelvin,
        limits=job.limits,
    )
    simulation.reporters.append(reporter)
    return simulation

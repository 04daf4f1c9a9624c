"""Samples of the canonical ensemble from Langevin dynamics."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import StabilityReporter
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS, StabilityLimits
from openmm_mlff.reporters.quantities import (
    FloatArray,
    positions_angstrom,
    time_ps,
    velocities_angstrom_per_ps,
)
from openmm_mlff.simulation.constraints import langevin_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.stepping import block_steps, step_watched
from openmm_mlff.units import fs_from_ps

Progress = Callable[[int, int], None]
"""Called with completed and total steps, including equilibration."""


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
                "do not belong together; expected (S, N, 3) twice and (S,)"
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
    n_equilibration = round(fs_from_ps(equilibration_ps) / timestep_fs)
    n_samples = round(fs_from_ps(duration_ps) / timestep_fs) // interval_steps
    if n_samples < 1:
        raise ConfigError(
            f"{duration_ps:g} ps hold no sample every {interval_steps} steps of {timestep_fs:g} "
            "fs; expected a longer duration"
        )
    simulation = _thermostatted(
        system,
        molecule,
        platform=platform,
        start_positions_angstrom=start_positions_angstrom,
        temperature_kelvin=temperature_kelvin,
        timestep_fs=timestep_fs,
        friction_per_ps=friction_per_ps,
        interval_steps=interval_steps,
        seed=seed,
        limits=limits,
    )
    total = n_equilibration + n_samples * interval_steps
    report = on_progress or (lambda _done, _total: None)
    length = block_steps(max(n_equilibration, 1), interval=interval_steps)
    while (left := n_equilibration - int(simulation.currentStep)) > 0:
        step_watched(simulation, min(length, left))
        report(int(simulation.currentStep), total)
    start_ps = time_ps(simulation.context.getState())
    positions = np.empty((n_samples, molecule.n_atoms, 3))
    velocities = np.empty_like(positions)
    times_ps = np.empty(n_samples)
    for index in range(n_samples):
        step_watched(simulation, interval_steps)
        state = simulation.context.getState(positions=True, velocities=True)
        positions[index] = positions_angstrom(state)
        velocities[index] = velocities_angstrom_per_ps(state)
        times_ps[index] = time_ps(state) - start_ps
        report(int(simulation.currentStep), total)
    return LangevinSamples(positions, velocities, times_ps)


def _thermostatted(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    start_positions_angstrom: npt.ArrayLike,
    temperature_kelvin: float,
    timestep_fs: float,
    friction_per_ps: float,
    interval_steps: int,
    seed: int,
    limits: StabilityLimits,
) -> app.Simulation:
    """Set up the thermostat with thermal velocities and a stability reporter."""
    first, second = np.random.SeedSequence(seed).generate_state(2)
    integrator = langevin_integrator(
        temperature_kelvin=temperature_kelvin,
        friction_per_ps=friction_per_ps,
        timestep_fs=timestep_fs,
        # OpenMM interprets 0 as "any seed".
        seed=1 + int(second) % (2**31 - 2),
    )
    simulation = make_simulation(
        system,
        molecule,
        integrator,
        platform=platform,
        positions_angstrom=start_positions_angstrom,
    )
    simulation.context.setVelocitiesToTemperature(temperature_kelvin, 1 + int(first) % (2**31 - 2))
    simulation.reporters.append(
        StabilityReporter(
            interval_steps,
            molecule,
            positions_angstrom=start_positions_angstrom,
            temperature_kelvin=temperature_kelvin,
            limits=limits,
        )
    )
    return simulation

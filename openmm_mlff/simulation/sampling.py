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
"""Called with the steps that are done and those there are, equilibration included."""


@dataclass(frozen=True)
class LangevinSamples:
    """Samples at even intervals, S of them.

    Attributes:
        positions_angstrom: (S, N, 3), Å.
        velocities_angstrom_per_ps: (S, N, 3), Å/ps, as OpenMM holds them.
        time_ps: since the end of the equilibration, (S,).
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
    """Sample a molecule at a temperature, starting at its minimum.

    ``LangevinMiddleIntegrator`` (Zhang et al., J. Phys. Chem. A 123 (2019) 6056) leaves its
    velocities behind the thermostat, in the middle of a step.  There they are Maxwell's for any
    timestep in a harmonic well, and the positions that OpenMM gives at the end of the step are
    Boltzmann's: neither has to be corrected for half a step.

    Nothing removes the motion of the centre of mass: all 3 N degrees of freedom are at the
    temperature.

    Args:
        system: what the potential made of the molecule.
        molecule: what is run; its bonds are those that must hold.
        platform: where it runs.
        start_positions_angstrom: the minimum, (N, 3), Å.
        temperature_kelvin: of the thermostat and of the first velocities.
        timestep_fs: of the integrator.
        friction_per_ps: of the thermostat.
        equilibration_ps: before the first interval begins, may be 0.
        duration_ps: sampled.
        interval_steps: between two samples.
        seed: of velocities and thermostat.
        limits: beyond which the run is stopped.
        on_progress: called as it goes on.

    Returns:
        The samples, the first of them one interval after the equilibration.

    Raises:
        ConfigError: the duration holds no sample.
        UnstableError: the molecule broke, or numbers are not finite.
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
    """Set up the thermostat, with velocities drawn at the temperature, and a watch."""
    first, second = np.random.SeedSequence(seed).generate_state(2)
    integrator = langevin_integrator(
        temperature_kelvin=temperature_kelvin,
        friction_per_ps=friction_per_ps,
        timestep_fs=timestep_fs,
        # OpenMM takes 0 for "any seed".
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

"""The timed code: steps with OpenMM and with ASE.

Every block starts from the same positions and velocities, so that all blocks of a model do the same
work. Each step or call is one evaluation of energy or forces; preparation before the first step is
not timed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import openmm
from ase import units as ase_units
from ase.calculators.calculator import BaseCalculator
from ase.md.verlet import VelocityVerlet

from openmm_mlff.molecules import MolecularSystem, rotation_count
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import FloatArray, positions_angstrom
from openmm_mlff.simulation import PlatformChoice, make_simulation
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.simulation.nve import (
    set_start_velocities,
    thermal_velocities,
    without_rigid_motion,
)
from openmm_mlff.units import (
    FS_PER_PS,
    nm_from_angstrom,
    ps_from_fs,
)

Block = Callable[[int], float]
"""Run a number of steps and return their wall time in seconds."""


@dataclass(frozen=True)
class Start:
    """Initial state of every block of one model.

    Attributes:
        positions_angstrom: float64 (N, 3).
        velocities_angstrom_per_ps: float64 (N, 3).
    """

    positions_angstrom: FloatArray
    velocities_angstrom_per_ps: FloatArray


def thermal_start(
    molecule: MolecularSystem,
    *,
    positions_angstrom: FloatArray,
    temperature_kelvin: float,
    seed: int,
) -> Start:
    """Draw Maxwell–Boltzmann velocities without translation and rotation of the whole system.

    Each component is normally distributed with variance k_B T / m. ``positions_angstrom`` is (N,
    3).
    """
    masses = molecule.masses_amu
    velocities = without_rigid_motion(
        thermal_velocities(masses, temperature_kelvin=temperature_kelvin, seed=seed),
        positions_angstrom=positions_angstrom,
        masses_amu=masses,
        rotations=rotation_count(positions_angstrom, masses_amu=masses),
    )
    return Start(positions_angstrom, velocities)


def openmm_block(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    start: Start,
    timestep_fs: float,
    reporters: Sequence[IntervalReporter] = (),
) -> Block:
    """Return a block of `VerletIntegrator` steps of OpenMM.

    The block raises UnstableError if coordinates are not finite at its end.
    """
    simulation = make_simulation(
        system,
        molecule,
        openmm.VerletIntegrator(ps_from_fs(timestep_fs)),
        platform=platform,
        positions_angstrom=start.positions_angstrom,
    )
    simulation.reporters.extend(reporters)
    context = simulation.context

    def run(steps: int) -> float:
        context.setPositions(nm_from_angstrom(start.positions_angstrom))
        set_start_velocities(simulation, start.velocities_angstrom_per_ps)
        started = time.perf_counter()
        step_watched(simulation, steps)
        # Steps may be asynchronous, so wait for the last by reading positions.  Reading the energy
        # would cost another evaluation.
        state = context.getState(positions=True)
        elapsed_s = time.perf_counter() - started
        _refuse_broken(state, molecule, steps=steps, timestep_fs=timestep_fs)
        return elapsed_s

    return run


def replica_block(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    count: int,
    platform: PlatformChoice,
    start: Start,
    timestep_fs: float,
) -> Block:
    """Return a block of steps of replicas in one Context, all with the same initial state.

    The block raises UnstableError if coordinates are not finite at its end.
    """
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(ps_from_fs(timestep_fs)),
        openmm.Platform.getPlatformByName(platform.name),
        dict(platform.properties),
    )
    positions_nm = nm_from_angstrom(np.tile(start.positions_angstrom, (count, 1)))
    velocities_nm = nm_from_angstrom(np.tile(start.velocities_angstrom_per_ps, (count, 1)))

    def run(steps: int) -> float:
        context.setPositions(positions_nm)
        context.setVelocities(velocities_nm)
        started = time.perf_counter()
        context.getIntegrator().step(steps)
        state = context.getState(positions=True)
        elapsed_s = time.perf_counter() - started
        _refuse_broken(state, molecule, steps=steps, timestep_fs=timestep_fs)
        return elapsed_s

    return run


def _refuse_broken(
    state: openmm.State, molecule: MolecularSystem, *, steps: int, timestep_fs: float
) -> None:
    """Raise UnstableError if coordinates are not finite; OpenMM itself continues with NaN."""
    lost = np.flatnonzero(~np.isfinite(positions_angstrom(state)).all(axis=1))
    if len(lost):
        raise UnstableError(
            f"coordinates of {len(lost)} atoms of {molecule.name} are not numbers after {steps} "
            "steps from the minimum; expected a model that runs: validate it first",
            time_ps=ps_from_fs(steps * timestep_fs),
            step=steps,
            atoms=tuple(int(atom) for atom in lost),
        )


def ase_block(
    calculator: BaseCalculator, molecule: MolecularSystem, *, start: Start, timestep_fs: float
) -> Block:
    """Return a block of `VelocityVerlet` steps of ASE."""
    atoms = molecule.to_ase()
    atoms.set_masses(molecule.masses_amu)
    atoms.calc = calculator
    velocities = start.velocities_angstrom_per_ps / (FS_PER_PS * ase_units.fs)

    def run(steps: int) -> float:
        atoms.positions = start.positions_angstrom
        atoms.set_velocities(velocities)
        # The forces of the first half step; those of the last step belong to the next one.
        atoms.get_forces()
        dynamics = VelocityVerlet(atoms, timestep=timestep_fs * ase_units.fs)
        started = time.perf_counter()
        dynamics.run(steps)
        return time.perf_counter() - started

    return run

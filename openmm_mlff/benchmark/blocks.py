"""The code that is timed: steps through OpenMM and steps through ASE.

Every block starts from the same positions and velocities, so that all blocks of a model do the
same work and only the machine makes them differ.  In each, one step or call is one evaluation of
energy or forces: what a block needs before its first step is done before its clock starts.
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
from openmm_mlff.simulation.nve import (
    set_start_velocities,
    thermal_velocities,
    without_rigid_motion,
)
from openmm_mlff.simulation.stepping import step_watched
from openmm_mlff.units import (
    FS_PER_PS,
    nm_from_angstrom,
    ps_from_fs,
)

Block = Callable[[int], float]
"""Runs so many steps and gives their wall time in seconds."""


@dataclass(frozen=True)
class Start:
    """Where every block of one model starts.

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
    """Draw velocities at a temperature, without motion or rotation of the whole.

    Each component is normal with variance k_B T / m (Maxwell and Boltzmann).

    Args:
        molecule: gives the masses.
        positions_angstrom: (N, 3).
        temperature_kelvin: of the velocities.
        seed: equal seeds give equal velocities.

    Returns:
        The start.
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
    """Give a block of steps of OpenMM's `VerletIntegrator`.

    Args:
        system: what the potential made of the molecule.
        molecule: what is run.
        platform: where it runs.
        start: of every block.
        timestep_fs: of the integrator.
        reporters: that are called on the way.

    Returns:
        The block; it raises UnstableError where coordinates are not numbers at its end.
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
        # Steps may be asynchronous; positions come only after the last.  An energy would cost
        # another evaluation.
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
    """Give a block of steps of replicas in one Context, which all start alike.

    Args:
        system: of all replicas.
        molecule: one of them.
        count: how many there are.
        platform: where they run.
        start: of every block.
        timestep_fs: of the integrator.

    Returns:
        The block; it raises UnstableError where coordinates are not numbers at its end.
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
    """Refuse to time a model that lost its atoms; OpenMM itself steps on with NaN."""
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
    """Give a block of steps of ASE's `VelocityVerlet`.

    Args:
        calculator: of the potential.
        molecule: what is run.
        start: of every block.
        timestep_fs: of the integrator.

    Returns:
        The block.
    """
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

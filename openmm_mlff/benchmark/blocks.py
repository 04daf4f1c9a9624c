"""The timed code: steps with OpenMM and with ASE.

Every block starts from the same positions and velocities, so that all blocks of a model do the same
work. Each step is one evaluation of the forces; preparation before the first step is not timed.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openmm
from ase import units as ase_units
from ase.calculators.calculator import BaseCalculator
from ase.md.verlet import VelocityVerlet

from openmm_mlff.benchmark.plan import PROTOCOL, BenchmarkPlan
from openmm_mlff.benchmark.rounds import Block
from openmm_mlff.config import DynamicsSpec, load_protocol
from openmm_mlff.molecules import MolecularSystem, rotation_count
from openmm_mlff.reporters import EnergyReporter, TrajectoryReporter, UnstableError
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import FloatArray, positions_angstrom
from openmm_mlff.simulation import PlatformChoice, make_simulation, minimise
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.simulation.nve import (
    set_start_velocities,
    thermal_velocities,
    without_rigid_motion,
)
from openmm_mlff.simulation.streams import ENERGIES_FILE, TRAJECTORY_FILE
from openmm_mlff.units import FS_PER_PS, nm_from_angstrom, ps_from_fs


@dataclass(frozen=True)
class Setting:
    """Settings shared by all models on one system."""

    molecule: MolecularSystem
    platform: PlatformChoice
    plan: BenchmarkPlan = field(default_factory=BenchmarkPlan)
    precision: str = "mixed"


@dataclass(frozen=True)
class Start:
    """Initial state of every block of one model.

    Attributes:
        positions_angstrom: float64 (N, 3).
        velocities_angstrom_per_ps: float64 (N, 3).
    """

    positions_angstrom: FloatArray
    velocities_angstrom_per_ps: FloatArray


def thermal_start(setting: Setting, positions_angstrom: FloatArray) -> Start:
    """Draw Maxwell–Boltzmann velocities without translation and rotation of the whole system.

    Each component is normally distributed with variance k_B T / m. Positions are (N, 3).
    """
    masses, plan = setting.molecule.masses_amu, setting.plan
    velocities = without_rigid_motion(
        thermal_velocities(masses, temperature_kelvin=plan.temperature_kelvin, seed=plan.seed),
        positions_angstrom=positions_angstrom,
        masses_amu=masses,
        rotations=rotation_count(positions_angstrom, masses_amu=masses),
    )
    return Start(positions_angstrom, velocities)


def relaxed_start(system: openmm.System, setting: Setting) -> Start:
    """Draw velocities as in :func:`thermal_start` at the minimum of a model."""
    found = minimise(system, setting.molecule, platform=setting.platform)
    return thermal_start(setting, found.positions_angstrom)


def openmm_block(
    system: openmm.System,
    setting: Setting,
    start: Start,
    *,
    replicas: int = 1,
    reporters: Sequence[IntervalReporter] = (),
) -> Block:
    """Return a block of `VerletIntegrator` steps of OpenMM.

    ``system`` has ``replicas`` copies of the molecule, all with the same initial state. The block
    raises UnstableError if coordinates are not finite at its end.
    """
    positions = np.tile(start.positions_angstrom, (replicas, 1))
    velocities = np.tile(start.velocities_angstrom_per_ps, (replicas, 1))
    simulation = make_simulation(
        system,
        setting.molecule,
        openmm.VerletIntegrator(ps_from_fs(setting.plan.timestep_fs)),
        platform=setting.platform,
        positions_angstrom=positions,
    )
    simulation.reporters.extend(reporters)

    def run(steps: int) -> float:
        simulation.context.setPositions(nm_from_angstrom(positions))
        set_start_velocities(simulation, velocities)
        started = time.perf_counter()
        step_watched(simulation, steps)
        # Steps may be asynchronous, so wait for the last by reading positions.  Reading the energy
        # would cost another evaluation.
        state = simulation.context.getState(positions=True)
        elapsed_s = time.perf_counter() - started
        _refuse_broken(state, setting, steps=steps)
        return elapsed_s

    return run


def _refuse_broken(state: openmm.State, setting: Setting, *, steps: int) -> None:
    """Raise UnstableError if coordinates are not finite; OpenMM itself continues with NaN."""
    lost = np.flatnonzero(~np.isfinite(positions_angstrom(state)).all(axis=1))
    if len(lost):
        raise UnstableError(
            f"after {steps} steps from the minimum, the coordinates of {len(lost)} atoms of "
            f"{setting.molecule.name} are not finite; expected a stable model: validate it first",
            time_ps=ps_from_fs(steps * setting.plan.timestep_fs),
            step=steps,
            atoms=tuple(int(atom) for atom in lost),
        )


def ase_block(calculator: BaseCalculator, setting: Setting, start: Start) -> Block:
    """Return a block of `VelocityVerlet` steps of ASE."""
    atoms = setting.molecule.to_ase()
    atoms.set_masses(setting.molecule.masses_amu)
    atoms.calc = calculator
    velocities = start.velocities_angstrom_per_ps / (FS_PER_PS * ase_units.fs)
    timestep = setting.plan.timestep_fs * ase_units.fs

    def run(steps: int) -> float:
        atoms.positions = start.positions_angstrom
        atoms.set_velocities(velocities)
        # The forces of the first half step; those of the last step belong to the next one.
        atoms.get_forces()
        dynamics = VelocityVerlet(atoms, timestep=timestep)
        started = time.perf_counter()
        dynamics.run(steps)
        return time.perf_counter() - started

    return run


def protocol_dynamics() -> DynamicsSpec:
    """Return the part of the protocol that sets the intervals of energies and frames."""
    return load_protocol(PROTOCOL).dynamics


def report_cycle_steps() -> int:
    """Return the steps after which all reporters are due; blocks are multiples of it."""
    dynamics = protocol_dynamics()
    return math.lcm(dynamics.energy_interval_steps, dynamics.frame_interval_steps)


def protocol_reporters(folder: Path) -> tuple[IntervalReporter, ...]:
    """Return the reporters of the NVE runs of a validation, which write to an existing folder.

    They close their files when they are deleted.
    """
    dynamics = protocol_dynamics()
    return (
        EnergyReporter(folder / ENERGIES_FILE, dynamics.energy_interval_steps),
        TrajectoryReporter(folder / TRAJECTORY_FILE, dynamics.frame_interval_steps),
    )

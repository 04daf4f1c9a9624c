"""The reporters of a timed step: those of the NVE runs of a validation, at its intervals."""

import math
from pathlib import Path

from openmm_mlff.benchmark.plan import PROTOCOL
from openmm_mlff.config import DynamicsSpec, load_protocol
from openmm_mlff.reporters import EnergyReporter, TrajectoryReporter
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.simulation.streams import ENERGIES_FILE, TRAJECTORY_FILE


def protocol_dynamics() -> DynamicsSpec:
    """Return the part of the protocol that sets the intervals of energies and frames."""
    return load_protocol(PROTOCOL).dynamics


def report_cycle_steps() -> int:
    """Return the steps after which all reporters are due; blocks are multiples of it."""
    dynamics = protocol_dynamics()
    return math.lcm(dynamics.energy_interval_steps, dynamics.frame_interval_steps)


def protocol_reporters(folder: Path) -> tuple[IntervalReporter, ...]:
    """Return reporters that write energies and frames to an existing folder.

    They close their files when they are deleted.
    """
    dynamics = protocol_dynamics()
    return (
        EnergyReporter(folder / ENERGIES_FILE, dynamics.energy_interval_steps),
        TrajectoryReporter(folder / TRAJECTORY_FILE, dynamics.frame_interval_steps),
    )

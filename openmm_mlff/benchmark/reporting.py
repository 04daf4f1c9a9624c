"""The reporters that a step is timed with: those of a validation's NVE runs, at its intervals."""

import math
from pathlib import Path

from openmm_mlff.benchmark.plan import PROTOCOL
from openmm_mlff.config import DynamicsSpec, load_protocol
from openmm_mlff.reporters import EnergyReporter, TrajectoryReporter
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.simulation.streams import ENERGIES_FILE, TRAJECTORY_FILE


def protocol_dynamics() -> DynamicsSpec:
    """Give the part of the protocol that says how often energies and frames are written."""
    return load_protocol(PROTOCOL).dynamics


def report_cycle_steps() -> int:
    """Give the steps after which all reporters are due together: a fair block has multiples."""
    dynamics = protocol_dynamics()
    return math.lcm(dynamics.energy_interval_steps, dynamics.frame_interval_steps)


def protocol_reporters(folder: Path) -> tuple[IntervalReporter, ...]:
    """Make the reporters that write energies and frames.

    Args:
        folder: where their files go; it must exist.

    Returns:
        The reporters; they close their files when they are no longer used.
    """
    dynamics = protocol_dynamics()
    return (
        EnergyReporter(folder / ENERGIES_FILE, dynamics.energy_interval_steps),
        TrajectoryReporter(folder / TRAJECTORY_FILE, dynamics.frame_interval_steps),
    )

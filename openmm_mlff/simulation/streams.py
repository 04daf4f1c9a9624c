"""Output streams of an NVE run."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import (
    EnergyReporter,
    MomentumReporter,
    StabilityReporter,
    TrajectoryReporter,
)
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.job import TrajectoryJob

ENERGIES_FILE = "energies.csv"
MOMENTA_FILE = "momenta.csv"
TRAJECTORY_FILE = "trajectory.dcd"


@dataclass(frozen=True)
class Streams:
    """Reporters of a run.

    Attributes:
        rows: stability first, so that unstable frames are not written; energies and momenta.
        frames: positions.
    """

    rows: tuple[Any, ...]
    frames: TrajectoryReporter

    def sync(self) -> None:
        """Wait until everything is on disk."""
        for stream in (*self.rows[1:], self.frames):
            stream.sync()


def open_streams(
    folder: Path,
    job: TrajectoryJob,
    molecule: MolecularSystem,
    *,
    start_positions_angstrom: FloatArray,
    n_degrees_of_freedom: int | None,
    resume_after_step: int | None,
    open_files: ExitStack,
) -> Streams:
    """Open the streams of a run.

    The stability criteria compare with `start_positions_angstrom`, (N, 3).  With
    `resume_after_step` the streams are truncated to this step; None starts new files.
    `open_files` closes them.
    """
    stability = StabilityReporter(
        job.energy_interval_steps,
        molecule,
        positions_angstrom=start_positions_angstrom,
        temperature_kelvin=job.temperature_kelvin,
        n_degrees_of_freedom=n_degrees_of_freedom,
        limits=job.limits,
    )
    energies = EnergyReporter(
        folder / ENERGIES_FILE,
        job.energy_interval_steps,
        resume_after_step=resume_after_step,
        n_degrees_of_freedom=n_degrees_of_freedom,
    )
    open_files.callback(energies.close)
    momenta = MomentumReporter(
        folder / MOMENTA_FILE, job.energy_interval_steps, resume_after_step=resume_after_step
    )
    open_files.callback(momenta.close)
    frames = TrajectoryReporter(
        folder / TRAJECTORY_FILE, job.frame_interval_steps, resume_after_step=resume_after_step
    )
    open_files.callback(frames.close)
    return Streams((stability, energies, momenta), frames)

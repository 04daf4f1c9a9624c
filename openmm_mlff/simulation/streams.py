"""Output streams of an NVE run, and a check that they reach its saved state."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import (
    EnergyReporter,
    MomentumReporter,
    StabilityReporter,
    TrajectoryReporter,
)
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.reporters.trajectory import check_dcd
from openmm_mlff.rows import check_csv
from openmm_mlff.rundir import ENERGY_COLUMNS, MOMENTUM_COLUMNS, RUN_FILE, read_json
from openmm_mlff.simulation.checkpoint import (
    EQUILIBRATION_FILE,
    STATE_FILE,
    read_equilibration,
    read_state,
)
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
    interval = job.energy_interval_steps
    stability = StabilityReporter(
        interval,
        molecule,
        positions_angstrom=start_positions_angstrom,
        temperature_kelvin=job.temperature_kelvin,
        n_degrees_of_freedom=n_degrees_of_freedom,
        limits=job.limits,
    )
    energies = EnergyReporter(
        folder / ENERGIES_FILE,
        interval,
        resume_after_step=resume_after_step,
        n_degrees_of_freedom=n_degrees_of_freedom,
    )
    open_files.callback(energies.close)
    momenta = MomentumReporter(folder / MOMENTA_FILE, interval, resume_after_step=resume_after_step)
    open_files.callback(momenta.close)
    frames = TrajectoryReporter(
        folder / TRAJECTORY_FILE, job.frame_interval_steps, resume_after_step=resume_after_step
    )
    open_files.callback(frames.close)
    return Streams((stability, energies, momenta), frames)


def check_saved_run(folder: Path) -> None:
    """Check that a run's state is intact and that its streams extend to it.

    Raises:
        RunDirectoryError: a file is damaged, or lacks rows or frames.
    """
    record = read_json(folder / RUN_FILE)
    if (folder / EQUILIBRATION_FILE).exists():
        read_equilibration(folder / EQUILIBRATION_FILE)
    if not (folder / STATE_FILE).exists():
        return
    step = int(read_state(folder / STATE_FILE).getStepCount())
    try:
        row_interval = int(record["energy_interval_steps"])
        frame_interval = int(record["frame_interval_steps"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirectoryError(
            f"{folder / RUN_FILE} states no intervals; the run cannot be resumed: delete its folder"
        ) from error
    for name, columns in ((ENERGIES_FILE, ENERGY_COLUMNS), (MOMENTA_FILE, MOMENTUM_COLUMNS)):
        check_csv(folder / name, columns, last_step=step, interval=row_interval)
    if step >= frame_interval:
        check_dcd(folder / TRAJECTORY_FILE, n_frames=step // frame_interval)

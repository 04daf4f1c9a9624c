"""Output streams of an NVE run, and a check that they reach its saved state."""

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
from openmm_mlff.simulation.checkpoint import (
    EQUILIBRATION_FILE,
    STATE_FILE,
    read_sealed,
    read_state,
)
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.storage.run_directory import RUN_FILE, read_json
from openmm_mlff.storage.streams import ENERGY_COLUMNS, MOMENTUM_COLUMNS, check_csv

ENERGIES_FILE = "energies.csv"
MOMENTA_FILE = "momenta.csv"
TRAJECTORY_FILE = "trajectory.dcd"


class Streams:
    """Stability check and output files of a run.

    Args:
        folder: of the run.
        job: with the intervals and limits.
        molecule: to simulate.
        start_positions_angstrom: with which the stability criteria compare, (N, 3).
        n_degrees_of_freedom: for the temperatures.
        resume_after_step: to which the streams are truncated; None starts new files.
    """

    def __init__(
        self,
        folder: Path,
        job: TrajectoryJob,
        molecule: MolecularSystem,
        *,
        start_positions_angstrom: FloatArray,
        n_degrees_of_freedom: int | None,
        resume_after_step: int | None,
    ) -> None:
        interval, resume = job.energy_interval_steps, {"resume_after_step": resume_after_step}
        self._stability = StabilityReporter(
            interval,
            molecule,
            positions_angstrom=start_positions_angstrom,
            temperature_kelvin=job.temperature_kelvin,
            n_degrees_of_freedom=n_degrees_of_freedom,
            limits=job.limits,
        )
        self._energies = EnergyReporter(
            folder / ENERGIES_FILE, interval, n_degrees_of_freedom=n_degrees_of_freedom, **resume
        )
        self._momenta = MomentumReporter(folder / MOMENTA_FILE, interval, **resume)
        self._frames = TrajectoryReporter(
            folder / TRAJECTORY_FILE, job.frame_interval_steps, **resume
        )

    def report(self, simulation: Any, state: Any, *, rows: bool, frame: bool) -> None:
        """Write the due rows and frame of one State; check the stability with the rows.

        The State has only positions if no rows are due.

        Raises:
            UnstableError: it is unstable; nothing was written.
        """
        if rows:
            for reporter in (self._stability, self._energies, self._momenta):
                reporter.report(simulation, state)
        if frame:
            self._frames.report(simulation, state)

    def sync(self) -> None:
        """Wait until everything is on disk."""
        for stream in (self._energies, self._momenta, self._frames):
            stream.sync()

    def close(self) -> None:
        """Close the files."""
        for stream in (self._energies, self._momenta, self._frames):
            stream.close()


def check_saved_run(folder: Path) -> None:
    """Check that a run's state is intact and that its streams extend to it.

    Raises:
        RunDirectoryError: a file is damaged, or lacks rows or frames.
    """
    record = read_json(folder / RUN_FILE)
    if (folder / EQUILIBRATION_FILE).exists():
        read_sealed(folder / EQUILIBRATION_FILE)
    if not (folder / STATE_FILE).exists():
        return
    step = int(read_state(folder / STATE_FILE).getStepCount())
    try:
        row_interval = int(record["energy_interval_steps"])
        frame_interval = int(record["frame_interval_steps"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirectoryError(
            f"{folder / RUN_FILE} does not state the intervals; the run cannot be resumed: delete "
            "its folder"
        ) from error
    for name, columns in ((ENERGIES_FILE, ENERGY_COLUMNS), (MOMENTA_FILE, MOMENTUM_COLUMNS)):
        check_csv(folder / name, columns, last_step=step, interval=row_interval)
    if step >= frame_interval:
        check_dcd(folder / TRAJECTORY_FILE, n_frames=step // frame_interval)

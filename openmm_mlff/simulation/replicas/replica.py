"""One replica of a batch: folder, streams, record."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.rundir import RUN_FILE, read_json
from openmm_mlff.simulation.checkpoints import STATE_FILE
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.memory import update_memory
from openmm_mlff.simulation.record import FAILED, REPLICAS, TrajectoryRecord
from openmm_mlff.simulation.replicas.views import CopyFrame, CopySimulation
from openmm_mlff.simulation.streams import Streams, open_streams

_TIMES = ("ms_per_step_blocks", "cpu_ms_per_step_blocks")
_AS_MEASURED = ("yardstick_ms_blocks", "resident_mebibytes_blocks", "steps_per_block")


@dataclass
class Replica:
    """One run of a batch.

    Attributes:
        record: content of its `run.json`.
        start_angstrom: reference structure of the stability criteria, (N, 3).
        streams: None until opened.
    """

    job: TrajectoryJob
    folder: Path
    record: TrajectoryRecord
    start_angstrom: FloatArray
    streams: Streams | None = None

    @property
    def n_all_steps(self) -> int:
        """Number of steps, including equilibration."""
        return self.job.n_equilibration_steps + self.job.n_steps

    @property
    def is_failed(self) -> bool:
        """Whether it was unstable."""
        return self.record.status == FAILED

    def write(self, *, together: int, shared: TrajectoryRecord | None = None) -> None:
        """Write `run.json`.

        Times of the batch in `shared` are divided by its size, `together`.
        """
        if shared is not None:
            for name in _TIMES:
                setattr(self.record, name, [time / together for time in getattr(shared, name)])
            for name in _AS_MEASURED:
                setattr(self.record, name, getattr(shared, name))
        update_memory(self.record)
        # Written at once: a killed run of a batch must not look like a single run.
        self.record.replicas = together
        self.record.write(self.folder)

    def fail(
        self, error: UnstableError, *, together: int, shared: TrajectoryRecord | None = None
    ) -> None:
        """Record why it ended early."""
        self.record.fail(error)
        self.write(together=together, shared=shared)

    def report(self, view: CopySimulation, state: CopyFrame, *, rows: bool, frame: bool) -> None:
        """Write the due rows and frame of one State; check the stability with the rows.

        The State has only positions if no rows are due.

        Raises:
            UnstableError: it is unstable; nothing was written.
        """
        if self.streams is None:
            return
        if rows:
            for reporter in self.streams.rows:
                reporter.report(view, state)
        if frame:
            self.streams.frames.report(view, state)

    def open_streams(
        self, molecule: MolecularSystem, *, resume_after_step: int | None, open_files: ExitStack
    ) -> None:
        """Open the streams; see :func:`~openmm_mlff.simulation.streams.open_streams`."""
        self.streams = open_streams(
            self.folder,
            self.job,
            molecule,
            start_positions_angstrom=self.start_angstrom,
            n_degrees_of_freedom=self.record.n_degrees_of_freedom,
            resume_after_step=resume_after_step,
            open_files=open_files,
        )


def began_alone(folder: Path) -> bool:
    """Check whether a run has a saved state of its own, not of a batch, and thus resumes alone."""
    path = folder / RUN_FILE
    return (folder / STATE_FILE).exists() and path.exists() and REPLICAS not in read_json(path)

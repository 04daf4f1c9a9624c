"""One replica of a batch: its folder, its streams, its record."""

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
    """One of the runs that go on together.

    Attributes:
        job: what is asked.
        folder: of this run.
        record: what its `run.json` says.
        start_angstrom: the structure it is compared with, (N, 3), Å.
        streams: of the run, the monitor first.
    """

    job: TrajectoryJob
    folder: Path
    record: TrajectoryRecord
    start_angstrom: FloatArray
    streams: Streams | None = None

    @property
    def n_all_steps(self) -> int:
        """Steps in all, equilibration included."""
        return self.job.n_equilibration_steps + self.job.n_steps

    @property
    def is_failed(self) -> bool:
        """Whether it went wrong."""
        return self.record.status == FAILED

    def write(self, *, together: int, shared: TrajectoryRecord | None = None) -> None:
        """Write `run.json`.

        Args:
            together: how many run in the batch.
            shared: times of the batch, of which each replica has its share.
        """
        if shared is not None:
            for name in _TIMES:
                setattr(self.record, name, [time / together for time in getattr(shared, name)])
            for name in _AS_MEASURED:
                setattr(self.record, name, getattr(shared, name))
        update_memory(self.record)
        # In one writing: a kill must not leave a run of a batch that looks like one alone.
        self.record.replicas = together
        self.record.write(self.folder)

    def fail(
        self, error: UnstableError, *, together: int, shared: TrajectoryRecord | None = None
    ) -> None:
        """Note why it ended early, as a run alone does."""
        self.record.fail(error)
        self.write(together=together, shared=shared)

    def report(self, view: CopySimulation, state: CopyFrame, *, rows: bool, frame: bool) -> None:
        """Look at one State, and write what is due.

        Args:
            view: the step.
            state: of this copy; positions alone where no rows are due.
            rows: whether rows of the CSV files are due, and a look at what may be wrong.
            frame: whether a frame is due.

        Raises:
            UnstableError: it went wrong; nothing was written.
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
        """Open the streams of its folder.

        Args:
            molecule: one copy.
            resume_after_step: None starts them anew; otherwise they are cut to this step.
            open_files: closes them.
        """
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
    """Tell whether a run has come to a state by itself; then it goes on by itself.

    Args:
        folder: of the run.

    Returns:
        False for one of a batch, and for one that has no state.
    """
    path = folder / RUN_FILE
    return (folder / STATE_FILE).exists() and path.exists() and REPLICAS not in read_json(path)

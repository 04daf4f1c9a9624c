"""One run: folder, record, streams."""

from dataclasses import dataclass
from pathlib import Path

import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.monitor import StabilityMonitor
from openmm_mlff.reporters.quantities import FloatArray, masses_amu
from openmm_mlff.simulation.checkpoint import PREVIOUS_FILE, STATE_FILE
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.langevin import OnSteps, equilibrate
from openmm_mlff.simulation.nve import (
    nve_degrees_of_freedom,
    removable_rotations,
    without_rigid_motion,
)
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import FAILED, REPLICAS, TrajectoryRecord
from openmm_mlff.simulation.streams import Streams
from openmm_mlff.simulation.topology import write_pdb
from openmm_mlff.storage.run_directory import RUN_FILE, read_json

TOPOLOGY_FILE = "topology.pdb"


@dataclass
class Replica:
    """One run, alone or in a batch.

    Attributes:
        record: content of its `run.json`.
        start_angstrom: minimum, the reference structure of the stability criteria, (N, 3).
        streams: None until opened.
    """

    folder: Path
    record: TrajectoryRecord
    start_angstrom: FloatArray
    streams: Streams | None = None

    @property
    def job(self) -> TrajectoryJob:
        """Settings; the recorded duration may be longer than the requested one."""
        return self.record.job

    @property
    def n_all_steps(self) -> int:
        """Number of steps, including equilibration."""
        return self.job.n_equilibration_steps + self.job.n_steps

    @property
    def is_failed(self) -> bool:
        """Whether it was unstable."""
        return self.record.status == FAILED

    def write(self) -> None:
        """Write `run.json`."""
        self.record.update_memory()
        self.record.write(self.folder)

    def fail(self, error: UnstableError) -> None:
        """Record why it ended early."""
        self.record.fail(error)
        self.write()

    def open_streams(self, molecule: MolecularSystem, *, resume_after_step: int | None) -> Streams:
        """Open the streams; None starts new files."""
        self.streams = Streams(
            self.folder,
            self.job,
            molecule,
            start_positions_angstrom=self.start_angstrom,
            n_degrees_of_freedom=self.record.n_degrees_of_freedom,
            resume_after_step=resume_after_step,
        )
        return self.streams

    def equilibrate(
        self,
        system: openmm.System,
        molecule: MolecularSystem,
        *,
        platform: PlatformChoice,
        together: int | None,
        on_steps: OnSteps,
    ) -> tuple[FloatArray, FloatArray]:
        """Equilibrate alone, also as one of several that are to run `together`.

        The record is reset; a saved equilibration is resumed.

        Returns:
            Positions (N, 3), Å, and velocities (N, 3), Å/ps, without translation and rotation.

        Raises:
            UnstableError: it is unstable.
        """
        # Written at once: a killed run of a batch must not look like a single run.
        self.record = TrajectoryRecord.begin(self.job, platform=platform, replicas=together)
        for name in (STATE_FILE, PREVIOUS_FILE):
            (self.folder / name).unlink(missing_ok=True)
        self.record.write(self.folder)
        self.check_start(molecule)
        write_pdb(self.folder / TOPOLOGY_FILE, molecule, positions_angstrom=self.start_angstrom)
        positions, velocities = equilibrate(
            system,
            molecule,
            self.job,
            platform=platform,
            start_positions_angstrom=self.start_angstrom,
            folder=self.folder,
            on_steps=on_steps,
        )
        rotations = removable_rotations(system, minimum_angstrom=self.start_angstrom)
        self.record.n_degrees_of_freedom = nve_degrees_of_freedom(system, rotations=rotations)
        velocities = without_rigid_motion(
            velocities,
            positions_angstrom=positions,
            masses_amu=masses_amu(system),
            rotations=rotations,
        )
        return positions, velocities

    def check_start(self, molecule: MolecularSystem) -> None:
        """Check that the minimum from which the run starts is still the intended molecule.

        Raises:
            UnstableError: it is not; its time is that of the start of equilibration, negative.
        """
        monitor = StabilityMonitor(
            molecule.atomic_numbers,
            positions_angstrom=molecule.positions_angstrom,
            bonds=molecule.bonds or (),
            cell_angstrom=molecule.cell_angstrom,
            limits=self.job.limits,
        )
        problem = monitor.check_positions(self.start_angstrom)
        if problem is not None:
            raise UnstableError(
                f"at the minimum from which it starts: {problem.message}",
                time_ps=-self.job.equilibration_ps,
                step=-self.job.n_equilibration_steps,
                atoms=problem.atoms,
            )


def began_alone(folder: Path) -> bool:
    """Check whether a run has a saved state of its own, not of a batch, and thus resumes alone."""
    path = folder / RUN_FILE
    return (folder / STATE_FILE).exists() and path.exists() and REPLICAS not in read_json(path)

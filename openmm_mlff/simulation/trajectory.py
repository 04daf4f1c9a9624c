"""One trajectory, advanced in blocks: equilibration, then NVE."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import masses_amu
from openmm_mlff.simulation.blocks import BlockMeter
from openmm_mlff.simulation.checkpoints import (
    EQUILIBRATION_FILE,
    STATE_FILE,
    Saver,
    load_state,
)
from openmm_mlff.simulation.constraints import verlet_integrator
from openmm_mlff.simulation.contexts import make_simulation, platform_properties
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.nve import (
    nve_degrees_of_freedom,
    removable_rotations,
    set_start_velocities,
    without_rigid_motion,
)
from openmm_mlff.simulation.nvt import equilibrate
from openmm_mlff.simulation.platforms import PlatformChoice, named_platform
from openmm_mlff.simulation.record import COMPLETE, RUNNING, TrajectoryRecord
from openmm_mlff.simulation.starting import check_start
from openmm_mlff.simulation.stepping import block_steps
from openmm_mlff.simulation.streams import Streams, open_streams
from openmm_mlff.simulation.topology import write_pdb

TOPOLOGY_FILE = "topology.pdb"


class Trajectory:
    """One resumable trajectory that is advanced in blocks.

    A started run keeps its own platform.  `start_positions_angstrom`, (N, 3), is the minimum.
    """

    def __init__(
        self,
        system: openmm.System,
        molecule: MolecularSystem,
        job: TrajectoryJob,
        folder: Path,
        *,
        platform: PlatformChoice,
        start_positions_angstrom: npt.ArrayLike,
    ) -> None:
        self._system = system
        self._molecule = molecule
        self._folder = folder
        self._start_angstrom = np.asarray(start_positions_angstrom, dtype=np.float64)
        self._record = TrajectoryRecord.open(folder, job, platform=platform)
        # The recorded duration may be longer.
        self._job = self._record.job
        self._platform = platform
        begun_on = self._record.platform, self._record.precision
        if not self._record.is_settled and begun_on != (platform.name, platform.precision):
            self._platform = named_platform(begun_on[0], precision=begun_on[1])

    @property
    def n_steps(self) -> int:
        """Number of steps, including equilibration."""
        return self._job.n_equilibration_steps + self._job.n_steps

    def advance(self) -> Generator[int, None, None]:
        """Run to the end, or until the run is unstable.

        Yields:
            Completed steps, including equilibration, after each block.
        """
        if self._record.is_settled:
            yield self.n_steps
            return
        self._record.status, self._record.failure = RUNNING, None
        try:
            if (self._folder / STATE_FILE).exists():
                simulation = self._nve_simulation(self._start_angstrom)
                load_state(simulation, self._folder)
                yield from self._produced(simulation, resumed=True)
            else:
                simulation = yield from self._begun()
                yield from self._produced(simulation, resumed=False)
        except UnstableError as error:
            self._record.fail(error)
            self._record.write(self._folder)

    def _begun(self) -> Generator[int, None, app.Simulation]:
        """Equilibrate and set up NVE at step 0."""
        start = self._start_angstrom
        self._record.write(self._folder)
        check_start(self._molecule, self._job, start_positions_angstrom=start)
        write_pdb(self._folder / TOPOLOGY_FILE, self._molecule, positions_angstrom=start)
        positions, velocities = yield from equilibrate(
            self._system,
            self._molecule,
            self._job,
            platform=self._platform,
            start_positions_angstrom=start,
            folder=self._folder,
        )
        simulation = self._nve_simulation(positions)
        rotations = removable_rotations(self._system, minimum_angstrom=start)
        velocities = without_rigid_motion(
            velocities,
            positions_angstrom=positions,
            masses_amu=masses_amu(self._system),
            rotations=rotations,
        )
        set_start_velocities(simulation, velocities)
        self._record.n_degrees_of_freedom = nve_degrees_of_freedom(
            self._system, rotations=rotations
        )
        return simulation

    def _nve_simulation(self, positions_angstrom: npt.ArrayLike) -> app.Simulation:
        simulation = make_simulation(
            self._system,
            self._molecule,
            verlet_integrator(self._job.timestep_fs),
            platform=self._platform,
            positions_angstrom=positions_angstrom,
        )
        self._record.platform_properties = platform_properties(simulation.context)
        return simulation

    def _produced(self, simulation: app.Simulation, *, resumed: bool) -> Generator[int, None, None]:
        """Run NVE to its end."""
        job, record = self._job, self._record
        with ExitStack() as open_files:
            streams = self._add_reporters(simulation, resumed=resumed, open_files=open_files)
            saver = Saver(simulation, record, self._folder, sync=streams.sync)
            if not resumed:
                saver.save()
            (self._folder / EQUILIBRATION_FILE).unlink(missing_ok=True)
            length = block_steps(job.n_steps, interval=job.energy_interval_steps)
            meter = BlockMeter(
                record, length=length, steps_left=job.n_steps - int(simulation.currentStep)
            )
            while (left := job.n_steps - int(simulation.currentStep)) > 0:
                meter.advance(simulation, min(length, left))
                saver.save_if_cheap()
                yield job.n_equilibration_steps + int(simulation.currentStep)
            record.status = COMPLETE
            saver.save()

    def _add_reporters(
        self, simulation: app.Simulation, *, resumed: bool, open_files: ExitStack
    ) -> Streams:
        """Open the streams, truncate them to the saved state, and write the rows of step 0."""
        streams = open_streams(
            self._folder,
            self._job,
            self._molecule,
            start_positions_angstrom=self._start_angstrom,
            n_degrees_of_freedom=self._record.n_degrees_of_freedom,
            resume_after_step=int(simulation.currentStep) if resumed else None,
            open_files=open_files,
        )
        if not resumed:
            state = simulation.context.getState(
                positions=True, velocities=True, forces=True, energy=True
            )
            for reporter in streams.rows:
                reporter.report(simulation, state)
        simulation.reporters.extend([*streams.rows, streams.frames])
        return streams
